/** The transitions by which a service address comes to another node, with the claims of its clients: a dead node's, or a planned move. */
import { done, type FromNode, refuse, type TransitionResult } from './commands.ts';
import type { NodeId } from './ids.ts';
import {
  addressesCarriedBy,
  barrierReached,
  carrierOf,
  claimsServedBy,
  inGrace,
  type Ledger,
  type Member,
  memberOf,
} from './ledger.ts';
import { carry, enterGrace, withMember } from './ledger-changes.ts';
import type { Mutants } from './mutants.ts';

/**
 * All that was to be reclaimed at `dead` goes to the sender as one: every address that led there, and with it the claims of its
 * clients. So whoever serves claims is who their clients talk to.
 */
export function inherit(
  ledger: Ledger,
  sender: Member,
  command: FromNode & { dead: NodeId },
): TransitionResult {
  const dead = memberOf(ledger, command.dead);
  if (dead === undefined) return refuse('not-a-member');
  if (!inGrace(ledger)) return refuse('no-grace');
  if (dead.state !== 'down') return refuse('still-serving');
  const claimants = claimsServedBy(ledger, command.dead);
  if (claimants.length === 0) return refuse(dead.claims === 'closed' ? 'claims-closed' : 'has-heir');
  if (sender.leaving) return refuse('already-leaving');
  if (!barrierReached(ledger)) return refuse('before-barrier');
  let inherited = ledger;
  for (const owner of addressesCarriedBy(ledger, command.dead))
    inherited = carry(inherited, owner, command.node);
  return done(inherited);
}

/**
 * A planned move begins as a planned stop does: with grace, while the giver still holds its clients' locks. Their claims are open from here
 * on, so that grace cannot end before they have come to the taker; or to the giver, where the taker is lost on the way and the giver may have
 * let go already.
 *
 * A filesystem moves in a grace of its own. In one that runs already the taker may have acknowledged before it could know of the move, and would
 * tell clients who come early that they have lost their locks. Nor may anything be handed on whose clients are still to come: those who were
 * told to follow it would ask at a node that does not serve their claims any more.
 */
export function migrate(
  ledger: Ledger,
  { owner, to, filesystem }: { readonly owner: NodeId; readonly to: NodeId; readonly filesystem?: boolean },
  mutants: Mutants,
): TransitionResult {
  const moved = memberOf(ledger, owner);
  const taker = memberOf(ledger, to);
  if (moved === undefined || taker === undefined) return refuse('not-a-member');
  const giver = ledger.members[carrierOf(ledger, owner)]!;
  if (carrierOf(ledger, owner) === to) return refuse('already-there');
  if (moved.movingTo !== null) return refuse('moving');
  if (giver.leaving || taker.leaving) return refuse('already-leaving');
  if (giver.state !== 'up' || taker.state !== 'up') return refuse('not-serving');
  if (filesystem) {
    // Its clients would be sent on from there, and in the end in a circle.
    if (owner !== to && carrierOf(ledger, to) !== to) return refuse('not-serving');
    if (inGrace(ledger) && !mutants.has('M19')) return refuse('in-grace');
  }
  const claims = mutants.has('M9') ? moved.claims : 'open';
  return done(enterGrace(withMember(ledger, owner, { ...moved, movingTo: to, claims }), mutants));
}

/** Address and claims go in one swap, as to an heir, so that there is no moment in which both serve these clients, or neither. */
export function handOver(
  ledger: Ledger,
  { node, owner }: FromNode & { readonly owner: NodeId },
  mutants: Mutants,
): TransitionResult {
  const moved = memberOf(ledger, owner);
  if (moved === undefined) return refuse('not-a-member');
  if (carrierOf(ledger, owner) !== node) return refuse('not-served-here');
  if (moved.movingTo === null) return refuse('not-moving');
  if (!inGrace(ledger)) return refuse('no-grace');
  if (!barrierReached(ledger) && !mutants.has('M8')) return refuse('before-barrier');
  const handed = carry(ledger, owner, moved.movingTo);
  return done(withMember(handed, owner, { ...handed.members[owner]!, claims: 'open', movingTo: null }));
}
