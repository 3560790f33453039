import type { MutantId } from '../core/mutants.ts';

/** Mutants that no simulated history can show, each with the reason. */
export const BEYOND_SIMULATION: Readonly<Partial<Record<MutantId, string>>> = {
  D4: 'a node computes each acknowledgement from the very ledger that its swap compares with, so the view is named twice',
};
