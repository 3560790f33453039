import type { CheckContext } from './context.ts';
import type { Operation } from './operations.ts';

/** A stretch in which one client had certainly not completed its recovery with the server at one address. */
export interface Incomplete {
  readonly client: string;
  readonly node: string;
  /** It had a session that the server made without knowing it. */
  readonly from: number;
  readonly fromIndex: number;
  /** RECLAIM_COMPLETE was sent. Whatever was answered before that was decided before it came. */
  readonly until: number;
  readonly completedIndex: number;
}

/**
 * Row 6: when a client had a session and had not said RECLAIM_COMPLETE, to nobody's doubt: from the session (or from being told that all is
 * lost) to the first sending of the RECLAIM_COMPLETE that was answered in the end. A client that never says so, or does not tell when it sent it,
 * has no such stretch: it may have lost no more than a session, or speak a version that has no RECLAIM_COMPLETE.
 */
export function incompleteStretches(context: CheckContext): ReadonlyMap<string, readonly Incomplete[]> {
  return context.once('incomplete-stretches', () => findStretches(context));
}

/** The one that a request fell into as a whole. */
export const incompleteAt = (
  stretches: ReadonlyMap<string, readonly Incomplete[]>,
  { client, node, invokedAt, repliedAt }: Operation,
): Incomplete | undefined =>
  stretches
    .get(client)
    ?.find((each) => each.node === node && each.from <= invokedAt && repliedAt <= each.until);

interface Beginning {
  readonly t: number;
  readonly index: number;
}

function findStretches({ milestones }: CheckContext): Map<string, Incomplete[]> {
  const beginnings = new Map<string, Beginning[]>();
  const stretches = new Map<string, Incomplete[]>();
  for (const [index, event] of milestones) {
    if (event.kind !== 'client' || event.file !== undefined) continue;
    const { client, node, t, sentAt } = event;
    const key = `${client}\0${node}`;
    if (event.event === 'session' || event.event === 'recovery-begin') {
      beginnings.set(key, [...(beginnings.get(key) ?? []), { t, index }]);
    } else if (event.event === 'reclaim-complete' && sentAt !== undefined) {
      const begun = beginnings.get(key)?.findLast((each) => each.t <= sentAt);
      beginnings.delete(key);
      if (begun === undefined) continue;
      const stretch = {
        client,
        node,
        from: begun.t,
        fromIndex: begun.index,
        until: sentAt,
        completedIndex: index,
      };
      stretches.set(client, [...(stretches.get(client) ?? []), stretch]);
    }
  }
  return stretches;
}
