/** Planned moves of service addresses in a living lab: `gracelab fault migrate n1 n2`, `gracelab fault failback n1`. */
import type { Clock } from '../../core/clock.ts';
import type { Cluster } from '../../scenario/cluster.ts';
import { openOperator } from '../operator/desk.ts';
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
  const [owner = '', to = owner] = targets;
  for (const name of new Set([owner, to])) cluster.node(name);
  const domains = cluster.domainsOf(owner);
  const [domain] = domains;
  if (domain === undefined || domains.length > 1 || cluster.labelOf(domain.domain).domain !== undefined)
    throw new Error('a node has one address for all of its lock domains, so with several of them none moves');
  const operator = await openOperator(domain.at, { clock, fencer: cluster.fencerOf('') });
  try {
    const outcome = await operator.move(owner, to);
    if (!outcome.done) throw new Error(outcome.sentence);
  } finally {
    await operator[Symbol.asyncDispose]();
  }
  const arrived = await cluster.until(() => cluster.observations.carrierOf(owner) === to, MOVE_MS);
  if (arrived !== 'holds')
    throw new Error(`the address of ${owner} has not moved yet; what it waits for says \`gracelab why\``);
  return { fault: kind, targets: [...targets], note: `the address of ${owner} leads to ${to}` };
}
