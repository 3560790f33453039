/** What faults have in common that stay in force for a while, and are ended then or by a heal. */
import { z } from 'zod';
import type { Disturbance, Disturbances } from './disturbances.ts';
import { type BreakableNode, FaultRefusedError, type FaultSurroundings } from './fault.ts';
import { pause } from './outage.ts';

const MAX_MS = 3_600_000;

/** Parameters that each of them takes. */
export const LASTING = {
  /** How long it lasts. */
  downMs: z.number().int().min(0).max(MAX_MS).optional(),
  /** It stays; something else ends it. */
  stayDown: z.boolean().default(false),
};

export const hasOneEnd = ({
  downMs,
  stayDown,
}: {
  downMs?: number | undefined;
  stayDown: boolean;
}): boolean => stayDown === (downMs === undefined);

export const ONE_END = { message: 'it has either a length or no end of its own' };

/**
 * @param undo ends it, and says in half a sentence what it has done; null: nothing, so that the history need not know of it
 */
export async function inForce(
  disturbance: Disturbance,
  downMs: number | undefined,
  undo: () => Promise<string | null>,
  { clock, disturbances, tell }: FaultSurroundings,
): Promise<void> {
  disturbances.add(disturbance, undo);
  if (downMs === undefined) return;
  await pause(clock, downMs);
  const healed = await disturbances.heal(disturbance);
  if (healed !== null && healed.detail !== null) tell('end', healed.targets, healed.detail);
}

/**
 * Of faults that put something in a place of its own (a table, a file's name, a size), which a second one would take for what was there before.
 * @throws FaultRefusedError where this one is in force already
 */
export function refuseTwice({ fault, targets }: Disturbance, { all }: Pick<Disturbances, 'all'>): void {
  const twice = targets.find((name) => all.some((one) => one.fault === fault && one.targets.includes(name)));
  if (twice !== undefined)
    throw new FaultRefusedError(`the fault ${fault} is in force on ${twice} already; heal it first`);
}

/** Ends whatever of that kind is in force on one of these. */
export async function healTargets(
  targets: readonly BreakableNode[],
  { disturbances }: Pick<FaultSurroundings, 'disturbances'>,
): Promise<void> {
  await disturbances.healAllOf(targets.map(({ name }) => name));
}
