import type { MutantId } from '../core/mutants.ts';

const ONE_DOMAIN = 'random schedules have one lock domain, so it is addresses that move';

/** Mutants that random schedules of the simulation do not show, each with the reason. */
export const BEYOND_SIMULATION: Readonly<Partial<Record<MutantId, string>>> = {
  M14: 'a container runs one process of its node at a time',
  M17: ONE_DOMAIN,
  M18: ONE_DOMAIN,
  M19: ONE_DOMAIN,
  M20: ONE_DOMAIN,
  M22: 'a simulated giver can always write, and what it writes takes the place of what it wrote before',
  M23: 'a simulated machine has no local programs',
};
