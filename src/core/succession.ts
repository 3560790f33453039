/**
 * Who acts for a node that does not: takes its clients over, or has it fenced. All nodes come to the same order from the
 * same ledger, so that usually one of them acts; that two do is harmless, since the ledger takes one `inherit` and
 * a life can be fenced twice. A turn that is not taken passes to the next after a time, which is the caller's to judge.
 */
import type { Incarnation, NodeId } from './ids.ts';
import { barrierReached, claimsServedBy, inGrace, type Ledger, nodesOf } from './ledger.ts';

/**
 * The live members in the order of their turns: those that follow `node` in the ring of names come first, and leavers after all others.
 * They inherit from nobody, but where nobody else is left, a leaver whose barrier waits for a node that hangs could only wait for ever.
 */
export function successorsOf(ledger: Ledger, node: NodeId): NodeId[] {
  const others = nodesOf(ledger).filter((other) => other !== node && ledger.members[other]!.state === 'up');
  const ring = [...others.filter((other) => other > node), ...others.filter((other) => other < node)];
  const leaves = (other: NodeId): boolean => ledger.members[other]!.leaving;
  return [...ring.filter((other) => !leaves(other)), ...ring.filter(leaves)];
}

/** Whose turn it is to act for `node`: 0 for the first. Null: never, it is no live member. */
export function turnOf(ledger: Ledger, node: NodeId, successor: NodeId): number | null {
  const turn = successorsOf(ledger, node).indexOf(successor);
  return turn < 0 ? null : turn;
}

/** Whose turn it is to inherit from the dead `node`: any live member that stays may, whatever addresses it carries. Null: it may not. */
export function heirTurnOf(ledger: Ledger, node: NodeId, heir: NodeId): number | null {
  return ledger.members[heir]?.leaving ? null : turnOf(ledger, node, heir);
}

export interface Life {
  readonly node: NodeId;
  readonly incarnation: Incarnation;
}

/**
 * The lives that grace waits for and that may have stopped for ever (I8). Before the barrier: whoever has not
 * acknowledged. Past it, when the deadline has gone by as well: leavers that do not let go, and whoever should have
 * finished claims. Fencing one of them never lets a lock go early: it turns a node that is silent into one that is dead.
 */
export function holdingUp(ledger: Ledger, deadlinePassed: boolean): Life[] {
  if (!inGrace(ledger)) return [];
  const pastBarrier = barrierReached(ledger);
  return nodesOf(ledger)
    .filter((node) => {
      const { state, acknowledgedView, leaving } = ledger.members[node]!;
      if (state === 'down') return false;
      if (!pastBarrier) return acknowledgedView !== ledger.view;
      return deadlinePassed && (leaving || claimsServedBy(ledger, node).length > 0);
    })
    .map((node) => ({ node, incarnation: ledger.members[node]!.incarnation }));
}
