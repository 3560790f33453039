/**
 * What a node should do next about the ledger: the whole policy of a member, as one pure function.
 * The coordinator gathers the facts and swaps the answer in; the model explores the same function.
 */
import type { Incarnation, NodeId } from './ids.ts';
import {
  addressesMovingFrom,
  barrierReached,
  carrierOf,
  claimsServedBy,
  inGrace,
  type Ledger,
  memberOf,
  standing,
  unserved,
} from './ledger.ts';
import { type Mutants, NO_MUTANTS } from './mutants.ts';
import type { Command } from './transitions.ts';

export interface Self {
  readonly node: NodeId;
  readonly incarnation: Incarnation;
}

export interface Facts {
  /** Peers of the known view whose beacon was found missing. */
  readonly missing: readonly { readonly peer: NodeId; readonly peerIncarnation: Incarnation }[];
  /**
   * The node refuses new state, no grant is in flight, and all its confirmed clients are durable in the
   * current epoch. Only then may it acknowledge.
   */
  readonly drainedAndRecorded: boolean;
  /** Nodes whose claims it serves and whose recorded clients all completed, or whose deadline passed. */
  readonly finished: ReadonlySet<NodeId>;
  /** Dead members that are to be taken over by this node now (succession.ts says whose turn it is). */
  readonly takeOver: ReadonlySet<NodeId>;
  /** Whose addresses, moving away as planned, it serves no more, with all let go that came by them and all written that was to be written about it. */
  readonly handedOver: ReadonlySet<NodeId>;
  /** Its own address is with another and should come back now. */
  readonly failbackDue: boolean;
  /** The deadline for claims that nobody serves has passed. */
  readonly abandonDue: boolean;
  /** It was asked to stop as planned. */
  readonly stopWanted: boolean;
  /** It serves no more and has let all its clients' locks go, which a leaver does past the barrier. */
  readonly released: boolean;
}

/**
 * May the node let its locks go? While it is a leaver and past the barrier, everybody else refuses new state
 * until its claims are closed, so nobody gets them.
 */
export function mayRelease(ledger: Ledger, self: Self): boolean {
  const member = memberOf(ledger, self.node);
  return (
    standing(ledger, self.node, self.incarnation) === 'current' &&
    member!.leaving &&
    inGrace(ledger) &&
    barrierReached(ledger)
  );
}

/**
 * The addresses that a planned move takes from this node: it may let go of what came by them, since everybody refuses new state until the
 * claims of these clients are closed.
 */
export function mayHandOver(ledger: Ledger, self: Self, mutants: Mutants = NO_MUTANTS): NodeId[] {
  const current = standing(ledger, self.node, self.incarnation) === 'current';
  const inTime = barrierReached(ledger) || mutants.has('M8');
  return current && inGrace(ledger) && inTime ? addressesMovingFrom(ledger, self.node) : [];
}

/** @returns the next command, or null when there is nothing to do until something changes. */
export function nextCommand(
  ledger: Ledger,
  self: Self,
  facts: Facts,
  mutants: Mutants = NO_MUTANTS,
): Command | null {
  // A suspect only says that it has stopped; a fenced life says nothing any more.
  const place = standing(ledger, self.node, self.incarnation);
  if (place === 'fenced') return null;
  const member = memberOf(ledger, self.node)!;
  const needsAcknowledgement =
    inGrace(ledger) && member.acknowledgedView !== ledger.view && facts.drainedAndRecorded;
  const acknowledge: Command = { type: 'acknowledge', ...self, view: ledger.view };
  if (place === 'suspect') return needsAcknowledgement ? acknowledge : null;

  // Deaths first: an acknowledgement of a view that names a dead node as up would be void at once.
  for (const { peer, peerIncarnation } of facts.missing) {
    const named = memberOf(ledger, peer);
    if (named?.state === 'up' && named.incarnation === peerIncarnation) {
      return { type: 'report-death', ...self, peer, peerIncarnation };
    }
  }
  if (facts.stopWanted && !member.leaving) return { type: 'leave', ...self };
  if (needsAcknowledgement) return acknowledge;
  for (const owner of mayHandOver(ledger, self, mutants))
    if (facts.handedOver.has(owner) && !member.leaving) return { type: 'hand-over', ...self, owner };
  // A grace of its own for that, so that it prolongs nobody else's.
  if (!inGrace(ledger))
    return facts.failbackDue && mayFailBack(ledger, self.node)
      ? { type: 'migrate', owner: self.node, to: self.node }
      : null;
  if (!barrierReached(ledger)) return null;
  return afterBarrier(ledger, self, facts);
}

/** Its own address is with another who lives and stays: only then is there anybody to give it back as planned. */
function mayFailBack(ledger: Ledger, node: NodeId): boolean {
  const carrier = ledger.members[carrierOf(ledger, node)];
  const { leaving } = memberOf(ledger, node)!;
  return carrierOf(ledger, node) !== node && carrier?.state === 'up' && !carrier.leaving && !leaving;
}

function afterBarrier(ledger: Ledger, self: Self, facts: Facts): Command | null {
  const leaving = memberOf(ledger, self.node)!.leaving;
  for (const claimant of claimsServedBy(ledger, self.node)) {
    // What a leaver serves stays open for its next life, or for its heir.
    const moving = ledger.members[claimant]!.movingTo !== null;
    if (facts.finished.has(claimant) && !leaving && !moving) return { type: 'finish', ...self, claimant };
  }
  for (const dead of unserved(ledger)) {
    if (facts.takeOver.has(dead) && !leaving) return { type: 'inherit', ...self, dead };
    if (facts.abandonDue) return { type: 'abandon', ...self, dead };
  }
  // Only with nothing left to hold: nobody looks for the beacon of a node that is down, so nobody would notice it gone
  // while its clients still believed in their locks.
  return leaving && facts.released ? { type: 'depart', ...self } : null;
}
