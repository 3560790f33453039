import type { MutantId } from '../core/mutants.ts';
import type { ModelBounds } from './bounds.ts';

type Faults = Omit<ModelBounds, 'mutants'>;

export const NO_FAULTS: Faults = {
  nodes: 2,
  clients: 2,
  crashes: 0,
  losses: 0,
  hangs: 0,
  heirs: 0,
  fences: 0,
  drops: 0,
  unknowns: 0,
  stops: 0,
  moves: 0,
  filesystems: false,
  memberships: 0,
  repairs: 0,
  expiries: 0,
  beaconProvesDeath: true,
  trustsOperators: false,
};

/**
 * The smallest clusters and the fewest faults in which each mutant is found out. A mutant that is not here breaks
 * something that the model does not have.
 */
export const MUTANT_BOUNDS: Partial<Record<MutantId, Faults>> = {
  D1: { ...NO_FAULTS, crashes: 1, stops: 1, memberships: 1 },
  D2: { ...NO_FAULTS, losses: 1, memberships: 1 },
  D3: { ...NO_FAULTS, memberships: 1, crashes: 1 },
  D4: { ...NO_FAULTS, crashes: 2, unknowns: 1 },
  D5: { ...NO_FAULTS, stops: 1, losses: 1 },
  D6: { ...NO_FAULTS, crashes: 2 },
  D8: { ...NO_FAULTS, crashes: 1, stops: 1, unknowns: 1 },
  D9: { ...NO_FAULTS, crashes: 2 },
  D11: { ...NO_FAULTS, crashes: 1 },
  D12: { ...NO_FAULTS, crashes: 1 },
  D14: { ...NO_FAULTS, crashes: 1 },
  D16: { ...NO_FAULTS, crashes: 1 },
  D18: { ...NO_FAULTS, clients: 1, crashes: 2 },
  D19: { ...NO_FAULTS, drops: 1, beaconProvesDeath: false },
  M1: { ...NO_FAULTS, crashes: 2 },
  M2: { ...NO_FAULTS, clients: 1, crashes: 2, losses: 1, heirs: 1 },
  M3: { ...NO_FAULTS, crashes: 1, heirs: 1 },
  M5: { ...NO_FAULTS, clients: 1, crashes: 2, losses: 1, heirs: 1, memberships: 1 },
  M6: { ...NO_FAULTS, crashes: 1, fences: 1 },
  M8: { ...NO_FAULTS, moves: 1 },
  M9: { ...NO_FAULTS, clients: 2, nodes: 2, moves: 1, crashes: 1 },
  M10: { ...NO_FAULTS, moves: 1, crashes: 1 },
  M11: { ...NO_FAULTS, clients: 1, moves: 3 },
  M13: { ...NO_FAULTS, crashes: 1 },
  M17: { ...NO_FAULTS, filesystems: true, moves: 1, crashes: 1 },
  M18: { ...NO_FAULTS, filesystems: true, moves: 1 },
  M19: { ...NO_FAULTS, filesystems: true, moves: 1, crashes: 1 },
  M20: { ...NO_FAULTS, filesystems: true, moves: 1, crashes: 1 },
};

/** The same where what moves is the filesystem, of those that both kinds of move have. */
export const FILESYSTEM_MUTANT_BOUNDS: Partial<Record<MutantId, Faults>> = {
  M8: { ...NO_FAULTS, filesystems: true, moves: 1 },
  M9: { ...NO_FAULTS, filesystems: true, moves: 1, crashes: 1 },
  M10: { ...NO_FAULTS, filesystems: true, moves: 1 },
  M11: { ...NO_FAULTS, filesystems: true, clients: 1, moves: 1, crashes: 1, losses: 1 },
};
