import type { CheckContext } from './context.ts';
import { memberNamed } from './graces.ts';
import type { PlannedMove } from './planned-moves.ts';

/**
 * Planned moves that came to nothing, in the ledger's order: the taker was lost, or the giver. Past the barrier the giver had let go of what its
 * clients held; before it, it had not, and nobody but itself knows which.
 */
export function movesCalledOff(context: CheckContext): readonly PlannedMove[] {
  return context.once('moves-called-off', () => {
    const moves: PlannedMove[] = [];
    if (context.filesystemsMove) return moves;
    const begun = new Map<string, number>();
    for (const [at, { event, earliest, latest, index }] of context.steps.entries()) {
      const before = context.steps[at - 1]?.event.ledger;
      if (before === undefined) continue;
      for (const [owner, member] of Object.entries(event.ledger.members)) {
        const was = memberNamed(before, owner);
        const [wasMoving, isMoving] = [(was?.movingTo ?? null) !== null, (member.movingTo ?? null) !== null];
        if (isMoving && !wasMoving) begun.set(owner, earliest);
        if (isMoving || !wasMoving || event.command === 'hand-over') continue;
        const from = was!.addressAt ?? owner;
        const bracket = { earliest: begun.get(owner) ?? earliest, latest, index };
        const over = { what: 'for a move that was called off', verb: 'let it go', ...bracket } as const;
        moves.push({ owner, from, to: from, over });
      }
    }
    return moves;
  });
}
