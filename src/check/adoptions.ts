import type { LockMode, NodeEvent } from '../history/events.ts';
import type { Claim } from './claims.ts';
import type { CheckContext } from './context.ts';
import type { DeathSign } from './node-lives.ts';
import type { Operation } from './operations.ts';

/** What the taker of an address, or of a filesystem, held for a client that had not come yet, since `from` and until it let go of it. */
export interface Adoption {
  readonly node: string;
  readonly incarnation: number;
  readonly client: string;
  readonly owner: string;
  readonly op: 'open' | 'lock';
  readonly file: string;
  /** By whose address the client comes; where filesystems move, whose clients it was among before. */
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
export const coveredByAdoption = (context: CheckContext, reclaim: Operation): boolean =>
  heldSince(context, reclaim) !== null;

/** The same: since when at the latest all of it was held; null: it was not. */
export function heldSince(context: CheckContext, reclaim: Operation): number | null {
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
  const since = held.length === 0 ? null : Math.max(...held.map(({ from }) => from));
  if (reclaim.op === 'open') return since;
  let reached = reclaim.start;
  for (const { start, end } of held.sort((a, b) => a.start - b.start))
    if (start <= reached) reached = Math.max(reached, end);
  return reached >= reclaim.end ? since : null;
}

/** When a taker let go of what it had held of this claim since `death` for as long as a grace may last; infinity: it did not. */
export function heldInVain(context: CheckContext, claim: Claim, death: DeathSign): number {
  const held = adoptionsOf(context).find(
    (each) =>
      each.op === 'lock' &&
      each.client === claim.client &&
      each.owner === claim.owner &&
      each.file === claim.file &&
      each.from >= death.earliest &&
      each.until - each.from >= context.graceNs,
  );
  return held?.until ?? Number.POSITIVE_INFINITY;
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
      // After a filesystem it comes by the address of the node that serves it.
      (context.filesystemsMove ? each.node : each.address) === address &&
      each.from >= from &&
      each.from <= until,
  );
