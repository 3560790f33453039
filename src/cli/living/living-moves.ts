/** Planned moves of service addresses in a living lab: `gracelab fault migrate n1 n2`, `gracelab fault failback n1`. */
import type { Clock } from '../../core/clock.ts';
import type { Cluster } from '../../scenario/cluster.ts';
import { openOperator } from '../operator/desk.ts';
import { UnfinishedError } from './control.ts';
import type { FaultAnswer } from './living-faults.ts';

/** From the first word to everybody's having stopped, and the giver's having let go; a node that hangs is fenced by then. */
const MOVE_MS = 20_000;

export const isMove = (kind: string): boolean => kind === 'migrate' || kind === 'failback';

/**
 * Ends when the address leads to where it should; its clients reclaim there then.
 * @throws Error one sentence, when that cannot be done
 */
export async function moveInLab(
  cluster: Cluster,
  clock: Clock,
  kind: string,
  targets: readonly string[],
): Promise<FaultAnswer> {
  const { place, label, owner, to } = placeOf(cluster, targets);
  const what = label === '' ? `the address of ${owner}` : `${label} of ${owner}`;
  await using operator = await openOperator(place, { clock, fencer: cluster.fencerOf(label) });
  const outcome = await operator.move(label === '' ? 'address' : 'filesystem', owner, to);
  if (!outcome.done) throw new Error(outcome.sentence);
  const arrived = await cluster.until(() => cluster.observations.serverOf(label, owner) === to, MOVE_MS);
  if (arrived !== 'holds')
    throw new UnfinishedError(`${what} has not moved yet; what it waits for says \`gracelab why\``);
  return {
    fault: kind,
    targets: [...targets],
    note: `${what} ${label === '' ? 'leads to' : 'is served by'} ${to}`,
  };
}

/** @throws Error one sentence */
function placeOf(cluster: Cluster, targets: readonly string[]) {
  const [first = ''] = targets;
  const several = cluster.nodes.flatMap(({ name }) =>
    cluster.domainsOf(name).flatMap(({ domain }) => cluster.labelOf(domain).domain ?? []),
  );
  const label = several.length === 0 ? '' : first;
  if (label !== '' && !several.includes(label))
    throw new Error(
      `a node has one address for all of its lock domains, so that it stays; say first which filesystem moves: ${[...new Set(several)].join(', ')}`,
    );
  const [owner = '', to = owner, ...further] = label === '' ? targets : targets.slice(1);
  if (further.length > 0)
    throw new Error(`one address moves at a time; \`${further.join(' ')}\` says nothing here, leave it out`);
  for (const name of new Set([owner, to])) cluster.node(name);
  const [place, ...others] = [owner, to].map((node) =>
    cluster.domainsOf(node).find(({ domain }) => label === '' || domain.name === label),
  );
  if (place === undefined || others.includes(undefined))
    throw new Error(`${owner} and ${to} do not both serve ${label}`);
  return { place: place.at, label, owner, to };
}
