import type { Claim } from './claims.ts';
import type { CheckContext } from './context.ts';
import { memberNamed } from './graces.ts';
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

/** All that the ledger shows, in its order. */
export function plannedMoves(context: CheckContext): readonly PlannedMove[] {
  return context.once('planned-moves', () => {
    const moves: PlannedMove[] = [];
    const begun = new Map<string, number>();
    for (const [at, { event, earliest, latest, index }] of context.steps.entries()) {
      const before = context.steps[at - 1]?.event.ledger;
      if (before === undefined) continue;
      for (const [owner, member] of Object.entries(event.ledger.members)) {
        const was = memberNamed(before, owner);
        const movingTo = member.movingTo ?? null;
        if (movingTo !== null && (was?.movingTo ?? null) === null) begun.set(owner, earliest);
        if (event.command !== 'hand-over' || movingTo !== null || (was?.movingTo ?? null) === null) continue;
        const [from, to] = [was!.addressAt ?? owner, member.addressAt ?? owner];
        const bracket = { earliest: begun.get(owner) ?? earliest, latest, index };
        moves.push({ owner, from, to, over: { what: `handed to ${to}`, verb: 'let it go', ...bracket } });
      }
    }
    return moves;
  });
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
