/** What the transitions are made of: pure changes of a ledger, none of which is a command by itself. */
import { asEpoch, asIncarnation, asView, type NodeId } from './ids.ts';
import {
  addressesCarriedBy,
  barrierReached,
  carrierOf,
  inGrace,
  type Ledger,
  type Member,
  nodesOf,
} from './ledger.ts';
import type { Mutants } from './mutants.ts';

export const withMember = (ledger: Ledger, node: NodeId, member: Member): Ledger => ({
  ...ledger,
  members: { ...ledger.members, [node]: member },
});

/**
 * In grace the acknowledgements of the present view are good for the next one, too: whoever gave one refuses new
 * state until it has learned of the lift, and has its clients in the epoch that is still the current one. So a
 * grace in which many nodes boot costs each of them one acknowledgement, not one for every other's boot.
 */
export function nextView(ledger: Ledger): Ledger {
  const view = asView(ledger.view + 1);
  if (!inGrace(ledger)) return { ...ledger, view };
  let next: Ledger = { ...ledger, view };
  for (const node of nodesOf(ledger)) {
    const member = ledger.members[node]!;
    if (member.acknowledgedView === ledger.view)
      next = withMember(next, node, { ...member, acknowledgedView: view });
  }
  return next;
}

/**
 * Quiet: the records written so far become the ones that may be reclaimed, and nobody has acknowledged that
 * yet. In grace already: both epochs stay.
 */
export function enterGrace(ledger: Ledger, mutants: Mutants): Ledger {
  if (inGrace(ledger)) return nextView(ledger);
  const view = asView(ledger.view + 1);
  const entered = { ...ledger, view, recoveryEpoch: ledger.epoch, epoch: asEpoch(ledger.epoch + 1) };
  return mutants.has('M1') ? acknowledgedByAll(entered) : entered;
}

/** Mutant M1: whoever is up has acknowledged the last grace. */
function acknowledgedByAll(ledger: Ledger): Ledger {
  let result = ledger;
  for (const node of nodesOf(ledger))
    result = withMember(result, node, { ...ledger.members[node]!, acknowledgedView: ledger.view });
  return result;
}

/** The address of `owner` leads to `to` from now on, and its clients reclaim there. */
export function carry(ledger: Ledger, owner: NodeId, to: NodeId): Ledger {
  const elsewhere = to === owner ? null : to;
  return withMember(ledger, owner, { ...ledger.members[owner]!, addressAt: elsewhere, heir: elsewhere });
}

/** Those that `carrier` carried for others lead to their owners again. */
export function returnAddresses(ledger: Ledger, carrier: NodeId): Ledger {
  let result = ledger;
  for (const owner of addressesCarriedBy(ledger, carrier))
    if (owner !== carrier) result = withMember(result, owner, { ...result.members[owner]!, addressAt: null });
  return result;
}

/**
 * A boot, a loss or a planned stop opens the claims of all who come to that node: by its own address, unless that leads elsewhere, and by those
 * that it carries for others. Finished ones too, what those clients had reclaimed goes down with this carrier, and their records are still in the
 * recovery epoch. Nothing of it moves: its next life serves them all, or its heir does. A planned move away from it is over.
 */
export function openCarried(ledger: Ledger, carrier: NodeId, mutants: Mutants): Ledger {
  let result = ledger;
  for (const owner of addressesCarriedBy(ledger, carrier)) {
    const member = ledger.members[owner]!;
    const kept = mutants.has('M2') && member.claims === 'closed' && member.heir === carrier;
    result = withMember(result, owner, {
      ...member,
      claims: kept ? 'closed' : 'open',
      movingTo: null,
    });
  }
  return result;
}

/** Nothing moves to `taker` any more. What was on its way stays with its giver, whose clients have their claims open. */
export function callOff(ledger: Ledger, taker: NodeId, mutants: Mutants): Ledger {
  let result = ledger;
  for (const owner of nodesOf(ledger)) {
    const member = ledger.members[owner]!;
    if (member.movingTo !== taker) continue;
    result = withMember(result, owner, { ...member, movingTo: null });
  }
  return mutants.has('M9') ? settle(result, mutants) : result;
}

/**
 * Lifts in the same swap that closed the last claim (I3: one end for all). Never before the barrier: a
 * node that has not acknowledged may not have its clients in the epoch that is about to be the only one.
 */
export function settle(ledger: Ledger, mutants: Mutants): Ledger {
  if (!inGrace(ledger) || !barrierReached(ledger)) return ledger;
  const waitedFor = nodesOf(ledger).filter(
    (node) => !mutants.has('M13') || ledger.members[carrierOf(ledger, node)]!.state !== 'down',
  );
  const members = waitedFor.map((node) => ledger.members[node]!);
  // A leaver still holds its locks, and must have let them go before anybody may have them.
  const open = members.some(({ claims, movingTo }) => claims === 'open' || movingTo !== null);
  if (open || members.some(({ leaving, state }) => leaving && state !== 'down')) return ledger;
  let lifted: Ledger = { ...ledger, recoveryEpoch: null };
  for (const node of nodesOf(ledger)) {
    const member = ledger.members[node]!;
    // Only a life that is up now goes on to look after the clients that it recorded. One that died in this grace
    // and was given up on had recorded them too, and its next life must not honour that; so had one that handed them on.
    const carrier = ledger.members[carrierOf(ledger, node)]!;
    const counts = carrier.state === 'up' || mutants.has('D18');
    const recordedIncarnation = counts ? carrier.incarnation : asIncarnation(0);
    lifted = withMember(lifted, node, {
      ...member,
      heir: null,
      recordedIncarnation,
      recordedAt: member.addressAt,
    });
  }
  return nextView(lifted);
}
