import type { LockMode, NodeEvent } from '../history/events.ts';
import type { CheckContext } from './context.ts';
import type { Operation } from './operations.ts';

/** What the taker of an address held for a client that had not come yet, since `from` and until it let go of it. */
export interface Adoption {
  readonly node: string;
  readonly incarnation: number;
  readonly client: string;
  readonly owner: string;
  readonly op: 'open' | 'lock';
  readonly file: string;
  /** By whose address the client comes. */
  readonly address: string | undefined;
  readonly mode: LockMode;
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly until: number;
  readonly index: number;
}

/** All that nodes said they took over, in the order of the history. */
export const adoptionsOf = (context: CheckContext): readonly Adoption[] =>
  context.once('adoptions', () => findAdoptions(context));

function findAdoptions({ history, milestones }: CheckContext): Adoption[] {
  const adopted: Adoption[] = [];
  for (const [index, event] of milestones) {
    if (event.kind !== 'node' || event.event !== 'adopted') continue;
    const { node, incarnation, client, owner, op, file, peer, mode, t } = event;
    if (client === undefined || owner === undefined || op === undefined || file === undefined) continue;
    const start = event.span?.start ?? 0;
    const end = event.span?.end ?? Number.POSITIVE_INFINITY;
    const what = {
      node,
      incarnation,
      client,
      owner,
      op,
      file,
      address: peer,
      mode: mode ?? 'read',
      start,
      end,
    };
    adopted.push({ ...what, from: t, until: Number.POSITIVE_INFINITY, index });
  }
  return adopted.length === 0 ? adopted : untilReleased(adopted, history);
}

function untilReleased(adopted: readonly Adoption[], history: CheckContext['history']): Adoption[] {
  const releases = Map.groupBy(
    history.filter((event) => event.kind === 'node' && event.event === 'release') as readonly NodeEvent[],
    keyOf,
  );
  return adopted.map((adoption) => {
    const release = releases
      .get(keyOf(adoption))
      ?.find((each) => each.t >= adoption.from && touches(each, adoption));
    return release === undefined ? adoption : { ...adoption, until: release.t };
  });
}

const keyOf = ({
  node,
  incarnation,
  client,
  owner,
  op,
  file,
}: Omit<Partial<Adoption>, 'mode'> | NodeEvent): string =>
  JSON.stringify([node, incarnation, client, owner, op, file]);

const touches = ({ span }: NodeEvent, { start, end }: Adoption): boolean =>
  (span?.start ?? 0) < end && start < (span?.end ?? Number.POSITIVE_INFINITY);

/**
 * Was all of what this request reclaims held for its client, by the very node that granted it, from before it was asked for until it was granted? Then
 * it needs no grace. Several that stand side by side may cover it together.
 */
export function coveredByAdoption(context: CheckContext, reclaim: Operation): boolean {
  const servers = context.servers(reclaim);
  const held = adoptionsOf(context).filter(
    (each) =>
      each.op === reclaim.op &&
      each.client === reclaim.client &&
      each.file === reclaim.file &&
      (each.op === 'open' || each.owner === reclaim.owner) &&
      servers.includes(each.node) &&
      each.from <= reclaim.repliedAt &&
      each.until >= reclaim.invokedAt &&
      (reclaim.mode !== 'write' || each.mode === 'write'),
  );
  if (reclaim.op === 'open') return held.length > 0;
  let reached = reclaim.start;
  for (const { start, end } of held.sort((a, b) => a.start - b.start))
    if (start <= reached) reached = Math.max(reached, end);
  return reached >= reclaim.end;
}

/** Had that life of `node` taken over anything of this client, which comes by that address, at `t`? */
export const hadAdopted = (
  context: CheckContext,
  { node, client, address }: { readonly node: string; readonly client: string; readonly address: string },
  from: number,
  until: number,
): boolean =>
  adoptionsOf(context).some(
    (each) =>
      each.node === node &&
      each.client === client &&
      each.address === address &&
      each.from >= from &&
      each.from <= until,
  );
