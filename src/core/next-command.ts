/**
 * What a node should do next about the ledger: the whole policy of a member, as one pure function.
 * The coordinator gathers the facts and swaps the answer in; the model explores the same function.
 */
import type { Incarnation, NodeId } from './ids.ts';
import {
  barrierReached,
  claimsServedBy,
  inGrace,
  type Ledger,
  memberOf,
  standing,
  unserved,
} from './ledger.ts';
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

/** @returns the next command, or null when there is nothing to do until something changes. */
export function nextCommand(ledger: Ledger, self: Self, facts: Facts): Command | null {
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
  if (!inGrace(ledger) || !barrierReached(ledger)) return null;
  return afterBarrier(ledger, self, facts);
}

function afterBarrier(ledger: Ledger, self: Self, facts: Facts): Command | null {
  const leaving = memberOf(ledger, self.node)!.leaving;
  for (const claimant of claimsServedBy(ledger, self.node)) {
    // What a leaver serves stays open for its next life, or for its heir.
    if (facts.finished.has(claimant) && !leaving) return { type: 'finish', ...self, claimant };
  }
  for (const dead of unserved(ledger)) {
    if (facts.takeOver.has(dead) && !leaving) return { type: 'inherit', ...self, dead };
    if (facts.abandonDue) return { type: 'abandon', ...self, dead };
  }
  // Only with nothing left to hold: nobody looks for the beacon of a node that is down, so nobody would notice it gone
  // while its clients still believed in their locks.
  return leaving && facts.released ? { type: 'depart', ...self } : null;
}
