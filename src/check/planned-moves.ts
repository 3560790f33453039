import type { Claim } from './claims.ts';
import type { CheckContext } from './context.ts';
import { type LedgerStep, memberNamed } from './graces.ts';
import type { DeathSign } from './node-lives.ts';

/** A service address, or a filesystem, that was handed to another node as planned, with its clients. */
export interface PlannedMove {
  /** Whose address; or by whose address the clients of the filesystem came. */
  readonly owner: string;
  readonly from: string;
  readonly to: string;
  /**
   * For these clients the life of the giver is over: it has let go of all that they held, at some moment between the swap that
   * began the move and the one that ended it.
   */
  readonly over: DeathSign;
}

/** All that came about, in the ledger's order. */
export const plannedMoves = (context: CheckContext): readonly PlannedMove[] =>
  context.once('planned-moves', () => movesThatEnded(context.steps, true));

/**
 * Those that came to nothing: the taker was lost, or the giver. Past the barrier the giver of an address had let go of what its clients held;
 * before it, it had not, and nobody but itself knows which.
 */
export const movesCalledOff = (context: CheckContext): readonly PlannedMove[] =>
  context.once('moves-called-off', () =>
    context.filesystemsMove ? [] : movesThatEnded(context.steps, false),
  );

/** @param handed over, or called off */
function movesThatEnded(steps: readonly LedgerStep[], handed: boolean): PlannedMove[] {
  const moves: PlannedMove[] = [];
  const begun = new Map<string, number>();
  for (const [at, { event, earliest, latest, index }] of steps.entries()) {
    const before = steps[at - 1]?.event.ledger;
    if (before === undefined) continue;
    for (const [owner, member] of Object.entries(event.ledger.members)) {
      const was = memberNamed(before, owner);
      const [wasMoving, isMoving] = [(was?.movingTo ?? null) !== null, (member.movingTo ?? null) !== null];
      if (isMoving && !wasMoving) begun.set(owner, earliest);
      if (isMoving || !wasMoving || handed !== (event.command === 'hand-over')) continue;
      const from = was!.addressAt ?? owner;
      const to = handed ? (member.addressAt ?? owner) : from;
      const what = handed ? `handed to ${to}` : 'for a move that was called off';
      const bracket = { earliest: begun.get(owner) ?? earliest, latest, index };
      moves.push({ owner, from, to, over: { what, verb: 'let it go', ...bracket } });
    }
  }
  return moves;
}

/**
 * The lease of a client goes on at the giver of a filesystem, and proves nothing any more about what it had there of that one.
 * @param moves of filesystems
 */
export function untilTheyMoved(claims: readonly Claim[], moves: readonly PlannedMove[]): readonly Claim[] {
  if (moves.length === 0) return claims;
  return claims.map((claim) => {
    const move = moves.find(({ from, over }) => from === claim.node && over.latest > claim.grant.repliedAt);
    const earliest = Math.max(claim.heldFrom, move?.over.earliest ?? claim.provenUntil);
    return earliest < claim.provenUntil ? { ...claim, provenUntil: earliest } : claim;
  });
}
