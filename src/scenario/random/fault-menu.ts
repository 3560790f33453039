/**
 * What a random schedule may break. One entry is one way to break something, as a person would write it in a scenario file; a new
 * fault is a new entry in one of the files of `menu/`.
 *
 * Bounds are such that a correct cluster comes through with everything proven: each fault ends by itself, whoever is hit is
 * back at the end, and nothing lasts so long that a run's own patience is what ends it.
 */
import type { Offer } from '../../runtime/abilities.ts';
import type { FaultChoice } from './menu/choice.ts';
import { CLIENTS } from './menu/clients.ts';
import { LEDGER } from './menu/ledger.ts';
import { LIVES } from './menu/lives.ts';
import { MOVES } from './menu/moves.ts';
import { NETWORK } from './menu/network.ts';
import { RECOVERIES } from './menu/recoveries.ts';
import type { ChaosShape } from './shape.ts';

export const FAULT_MENU: readonly FaultChoice[] = [...LIVES, ...MOVES, ...NETWORK, ...LEDGER, ...CLIENTS];

export const FAULT_NAMES: readonly string[] = FAULT_MENU.map(({ name }) => name);

/** What only the schedules of the simulation have. */
export const RECOVERY_NAMES: readonly string[] = RECOVERIES.map(({ name }) => name);

/** Those that a runtime can do. */
export const faultsOffered = ({ missing }: Offer): readonly string[] =>
  FAULT_MENU.filter(({ needs }) => !missing.some(({ ability }) => needs.includes(ability))).map(
    ({ name }) => name,
  );

/** The entries that this shape allows. */
export const menuFor = (shape: ChaosShape): readonly FaultChoice[] =>
  [...FAULT_MENU, ...RECOVERIES].filter(
    ({ name, possible }) => shape.faults.includes(name) && (possible?.(shape) ?? true),
  );
