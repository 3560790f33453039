import type { Member } from '../core/ledger.ts';
import { heldInVain } from './adoptions.ts';
import type { Claim } from './claims.ts';
import { contactsOf, lapsesAt } from './contacts.ts';
import type { CheckContext } from './context.ts';
import { type Grace, memberNamed } from './graces.ts';
import { type DeathSign, deathAfter } from './node-lives.ts';
import { movesCalledOff, plannedMoves } from './planned-moves.ts';

/** A claim whose node died under it, and for how long nobody else may have the lock. */
export interface OrphanedBelief {
  readonly claim: Claim;
  /** Who granted it, and died. */
  readonly node: string;
  readonly death: DeathSign;
  /** A conflicting grant that was certainly made before this is a theft. */
  readonly protectedUntil: number;
  /** Why the protection ended, as the end of a sentence. */
  readonly endedBy: string;
}

/**
 * The beliefs that survived their node: what I2 protects. Left out is whoever had no right to reclaim
 * when the node died: a client that had been silent for longer than a lease (row 17), or one that never
 * completed the recovery before (row 18).
 */
export function orphanedBeliefs(context: CheckContext): readonly OrphanedBelief[] {
  return context.once('orphaned-beliefs', () => findOrphanedBeliefs(context));
}

function findOrphanedBeliefs(context: CheckContext): OrphanedBelief[] {
  const beliefs: OrphanedBelief[] = [];
  for (const claim of context.claims) {
    // A local program dies with its node, or is told: there is nobody who could reclaim.
    if (claim.grant.local) continue;
    const node = context.server(claim.grant);
    if (node === null) continue;
    const death = endOfGrantor(context, claim, node);
    if (death === undefined || death.earliest >= claim.believedUntil) continue;
    const contacts = contactsOf(context.contacts, claim.client, claim.node);
    const lapse = lapsesAt(contacts, claim.grant.invokedAt, death.latest, context.leaseNs, []);
    if (lapse <= death.latest || !mayReclaim(context, claim, death)) continue;
    beliefs.push({ claim, node, death, ...protection(context, claim, death) });
  }
  return beliefs;
}

/**
 * When whoever granted the lock let go of it, by its death or in a planned move. Counted from the grant: what is left of a lock by a
 * downgrade may have begun when that life was over already.
 */
export function endOfGrantor(context: CheckContext, claim: Claim, node: string): DeathSign | undefined {
  return earlier(deathAfter(context.lives(node), claim.grant.repliedAt), movedAway(context, claim, node));
}

/** For these clients it is as if the giver of their address had died, though it lives; and it may be so where the move came to nothing in the end. */
function movedAway(context: CheckContext, claim: Claim, node: string): DeathSign | undefined {
  const [done, calledOff] = [plannedMoves(context), movesCalledOff(context)].map((moves) =>
    moves.find(
      ({ owner, from, over }) => owner === claim.node && from === node && over.latest > claim.grant.repliedAt,
    ),
  );
  return earlier(done?.over, calledOff?.over);
}

const earlier = (a: DeathSign | undefined, b: DeathSign | undefined): DeathSign | undefined =>
  a === undefined || (b !== undefined && b.latest < a.latest) ? b : a;

/**
 * A reclaimed lock is only as good as its client's RECLAIM_COMPLETE: without it the client is not in
 * the records of the next epoch. It still is in those of the grace that runs.
 */
function mayReclaim(context: CheckContext, claim: Claim, death: DeathSign): boolean {
  if (!claim.grant.reclaim) return true;
  const liftBefore = context.graces.some(
    ({ lift }) => lift !== null && lift.earliest < death.latest && lift.latest > claim.grant.invokedAt,
  );
  if (!liftBefore) return true;
  return context
    .newsOf(claim.client)
    .some(
      ({ event, node, t }) =>
        event === 'reclaim-complete' && node === claim.node && t > claim.grant.invokedAt && t < death.latest,
    );
}

function protection(
  context: CheckContext,
  claim: Claim,
  death: DeathSign,
): Pick<OrphanedBelief, 'protectedUntil' | 'endedBy'> {
  let protectedUntil = claim.believedUntil;
  let endedBy = ENDINGS[claim.ending];
  const limit = (at: number, why: string) => {
    if (at >= protectedUntil) return;
    protectedUntil = at;
    endedBy = why;
  };
  if (context.steps.length === 0) {
    limit(backWithoutLedger(context, claim.node, death) + context.graceNs, 'its time to reclaim ran out');
    return { protectedUntil, endedBy };
  }
  if (context.filesystemsMove)
    limit(
      heldInVain(context, claim, death),
      'it did not come after its filesystem for as long as a grace may last',
    );
  for (const grace of context.graces) {
    if (grace.lift === null || grace.lift.latest <= death.latest) continue;
    if (!concerns(grace, claim.node, death)) continue;
    if (hadItsChance(context, grace, claim.node)) {
      limit(grace.lift.earliest, 'it did not use its chance to reclaim');
      break;
    }
    // Lifted early, with this client still out: only its own silence can cost it the lock.
    const contacts = contactsOf(context.contacts, claim.client, claim.node);
    const until = Math.min(protectedUntil, context.endsAt);
    const from = leaseBegunInGrace(context, claim, death, grace.lift.earliest);
    limit(lapsesAt(contacts, from, until, context.leaseNs, []), 'it fell silent for a lease');
  }
  return { protectedUntil, endedBy };
}

/**
 * Since when the client had a lease again: since its session with whoever serves it until the lift; since the lift, if it had none there. What it
 * did not use of that lease it has no claim to: the server expires whoever came back and fell silent, in grace as ever.
 */
function leaseBegunInGrace(context: CheckContext, claim: Claim, death: DeathSign, lift: number): number {
  const session = context
    .newsOf(claim.client)
    .findLast(
      ({ event, node, t }) => event === 'session' && node === claim.node && t > death.latest && t < lift,
    );
  if (session === undefined) return lift;
  const { t } = session;
  const servers = context.carriers.during(claim.node, t, t);
  const served = servers.every((server) => {
    const end = deathAfter(context.lives(server), t);
    return end === undefined || end.earliest > lift;
  });
  return served && context.carriers.during(claim.node, t, lift).length === servers.length ? t : lift;
}

const ENDINGS: Readonly<Record<Claim['ending'], string>> = {
  unlocked: 'it unlocked',
  replaced: 'it locked anew',
  reclaimed: 'it reclaimed',
  told: 'it was told of the loss',
  'client-gone': 'it ended',
  'run-end': 'the run ended',
};

/** Were the claims of the clients of this address open in this grace because of this death? Not so where it died unnoticed. */
function concerns(grace: Grace, node: string, death: DeathSign): boolean {
  return grace.steps.some(
    ({ event, latest }) => latest >= death.earliest && memberNamed(event.ledger, node)?.claims !== 'closed',
  );
}

/**
 * Did the clients of this address have the whole of grace to reclaim in? Counted from the last swap that
 * opened their claims, or gave them to somebody who serves them; a grace that was begun over and over may end at twice its length (row 31).
 */
function hadItsChance(context: CheckContext, grace: Grace, node: string): boolean {
  const lift = grace.lift?.earliest ?? Number.POSITIVE_INFINITY;
  if (lift - grace.start.earliest >= 2 * context.graceNs) return true;
  let opened = grace.start.earliest;
  let before: [Member, Member] | undefined;
  for (const { event, earliest } of grace.steps) {
    const own = memberNamed(event.ledger, node);
    const carrier = memberNamed(event.ledger, own?.addressAt ?? node);
    const now: [Member, Member] | undefined = own && carrier && [own, carrier];
    if (before !== undefined && now !== undefined && opensClaims(before, now)) opened = earliest;
    before = now;
  }
  return lift - opened >= context.graceNs;
}

function opensClaims([before, carriedBefore]: [Member, Member], [now, carried]: [Member, Member]): boolean {
  // Done, or given up, with which an address goes back to its owner: nobody may come, whoever carries it.
  if (now.claims === 'closed') return false;
  const [heirBefore, heir] = [before.heir ?? null, now.heir ?? null];
  if (heir !== null && heir === heirBefore) return before.claims === 'closed';
  return (
    heir !== heirBefore ||
    (now.addressAt ?? null) !== (before.addressAt ?? null) ||
    carried.incarnation !== carriedBefore.incarnation ||
    before.claims === 'closed' ||
    (carried.state !== 'up' && carried.state !== carriedBefore.state)
  );
}

/** When the dead node was back, as far as faults tell; the moment of death where it never came back. */
function backWithoutLedger(context: CheckContext, node: string, death: DeathSign): number {
  for (const [, event] of context.milestones) {
    if (
      event.kind === 'fault' &&
      event.phase === 'end' &&
      event.t >= death.latest &&
      event.targets.includes(node)
    ) {
      return event.t;
    }
  }
  return death.latest;
}
