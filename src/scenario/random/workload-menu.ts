/** What clients do all through a random schedule: each entry is one kind of loop, as a person would write it in a scenario file. */
import type { WrittenStep } from '../format/write-steps.ts';
import { CELL_BYTES, type LoopBody } from '../scenario.ts';
import type { Draw } from './draw.ts';

export interface WorkloadChoice {
  readonly name: string;
  readonly body: LoopBody;
  /** Clients of all nodes meet on this file. */
  readonly file: string;
  /** The bytes that rounds draw their ranges from: few, so that they are in each other's way. */
  readonly bytes: number;
  /** The least and the most that a schedule gives the loop as the longest time to keep a lock. */
  readonly holdMs: readonly [number, number];
  /** Between two rounds. */
  readonly everyMs: readonly [number, number];
  /** A check that has something to judge where this goes on. */
  readonly check: 'exclusion' | 'guarded-data';
}

export const WORKLOAD_MENU: readonly WorkloadChoice[] = [
  {
    name: 'mixed',
    body: 'mixed-locks',
    file: 'mixed',
    bytes: 128,
    holdMs: [50, 800],
    everyMs: [2, 25],
    check: 'exclusion',
  },
  {
    name: 'upgrade',
    body: 'upgrade-downgrade',
    file: 'upgraded',
    bytes: 32,
    holdMs: [20, 400],
    everyMs: [2, 25],
    check: 'exclusion',
  },
  {
    name: 'guarded',
    body: 'guarded-cells',
    file: 'cells',
    bytes: 4 * CELL_BYTES,
    holdMs: [50, 1000],
    everyMs: [2, 25],
    check: 'guarded-data',
  },
  {
    name: 'waiters',
    body: 'wait-for-lock',
    file: 'queue',
    bytes: 4,
    holdMs: [20, 500],
    everyMs: [5, 40],
    check: 'exclusion',
  },
  {
    name: 'delegations',
    body: 'delegation',
    file: 'delegated',
    bytes: CELL_BYTES,
    holdMs: [20, 800],
    // A file that was recalled just now is given to nobody, so whoever comes too often gets nothing.
    everyMs: [50, 400],
    check: 'guarded-data',
  },
];

/** Nothing that a schedule has unless it is asked for: it is about what servers refuse, and holds graces up for as long as they let it. */
export const OVERSTEP: WorkloadChoice = {
  name: 'overstep',
  body: 'overstep',
  file: 'overstepped',
  bytes: 16,
  holdMs: [20, 400],
  everyMs: [100, 400],
  check: 'exclusion',
};

export const WORKLOAD_NAMES: readonly string[] = WORKLOAD_MENU.map(({ name }) => name);
/** Those, and what has to be asked for. */
export const OFFERED_WORKLOADS: readonly WorkloadChoice[] = [...WORKLOAD_MENU, OVERSTEP];

/** The loop step of one client, as it stands in a file. */
export function writtenLoop(client: string, choice: WorkloadChoice, draw: Draw): WrittenStep {
  const { name, file, bytes, body, holdMs, everyMs } = choice;
  return {
    loop: `${client}/${name} ${file} 0..${bytes}`,
    as: `${client}-${name}`,
    body,
    every: `${draw.between(...everyMs)}ms`,
    hold: `${draw.between(...holdMs)}ms`,
    seed: draw.seed(),
  };
}
