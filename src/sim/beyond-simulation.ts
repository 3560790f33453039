import type { MutantId } from '../core/mutants.ts';

const ONE_DOMAIN = 'random schedules have one lock domain';
const FILESYSTEMS_MOVE = `${ONE_DOMAIN}, so it is addresses that move`;

/** Mutants that random schedules of the simulation do not show, each with the reason. */
export const BEYOND_SIMULATION: Readonly<Partial<Record<MutantId, string>>> = {
  M14: 'a container runs one process of its node at a time',
  M17: FILESYSTEMS_MOVE,
  M18: FILESYSTEMS_MOVE,
  M19: FILESYSTEMS_MOVE,
  M20: FILESYSTEMS_MOVE,
  M22: 'a simulated giver can always write, and what it writes takes the place of what it wrote before',
  M23: 'a simulated machine has no local programs',
  M24: ONE_DOMAIN,
};
