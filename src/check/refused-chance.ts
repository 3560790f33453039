import type { OrphanedBelief } from './beliefs.ts';
import { contactsOf, lapsesAt } from './contacts.ts';
import type { CheckContext } from './context.ts';
import type { Grace } from './graces.ts';
import type { Operation } from './operations.ts';

/** A reclaim that was due and refused, and the grace in which it was. */
export interface RefusedChance {
  readonly refusal: Operation;
  readonly grace: Grace;
}

/**
 * I2 from the victim's side: whoever lost its lock with a node comes in time, and is told NO_GRACE. It has had no chance, and from then on
 * anybody may take what was its own; that nobody did before the end of the history excuses nobody.
 *
 * Only what is certain counts. The client was in touch all the time, so no lease of its own ran out. No grace time had passed since grace began, so
 * no deadline had either, and nobody's claims were given up in it. And only where a ledger says what grace there was.
 * @returns null: it was not refused, or perhaps rightly
 */
export function refusedChance(context: CheckContext, belief: OrphanedBelief): RefusedChance | null {
  const { claim, death, protectedUntil } = belief;
  if (context.filesystemsMove || claim.ending !== 'told' || protectedUntil !== claim.believedUntil)
    return null;
  const told = claim.believedUntil;
  const grace = context.graces.findLast(({ start }) => start.latest <= told);
  if (grace === undefined || told - grace.start.earliest >= context.graceNs) return null;
  const contacts = contactsOf(context.contacts, claim.client, claim.node);
  if (lapsesAt(contacts, claim.grant.invokedAt, told, context.leaseNs, []) <= told) return null;
  const givenUp = context.graces.some(
    ({ lift, steps }) =>
      (lift === null || lift.latest >= death.earliest) &&
      steps.some(({ event, earliest }) => event.command === 'abandon' && earliest <= told),
  );
  if (givenUp || recordsWereUnreadable(context, claim.node, told)) return null;
  const refusal = context.operations.all.find(
    (operation) =>
      operation.reclaim &&
      operation.status === 'NO_GRACE' &&
      operation.client === claim.client &&
      operation.owner === claim.owner &&
      operation.file === claim.file &&
      operation.invokedAt > death.latest &&
      operation.repliedAt <= told,
  );
  return refusal === undefined ? null : { refusal, grace };
}

/** Row 20: a record that nobody can read entitles nobody. */
const recordsWereUnreadable = ({ milestones }: CheckContext, address: string, until: number): boolean =>
  milestones.some(
    ([, event]) =>
      event.kind === 'node' &&
      event.event === 'store-unavailable' &&
      event.peer === address &&
      event.t <= until,
  );
