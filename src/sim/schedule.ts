/** What a simulated cluster goes through: a random schedule, on a cluster whose kind follows from the seed as well. */
import { Draw } from '../scenario/random/draw.ts';
import { faultsOffered } from '../scenario/random/fault-menu.ts';
import { generate } from '../scenario/random/generate.ts';
import { WORKLOAD_NAMES } from '../scenario/random/workload-menu.ts';
import type { Scenario, Step } from '../scenario/scenario.ts';
import { SIMULATION_OFFER } from './lab.ts';

export interface ScheduleSize {
  readonly nodes: number;
  readonly clients: number;
  /** How long things go on breaking, about. */
  readonly durationMs: number;
}

const LEASE_MS = 1000;
const GRACE_MS = 2000;
/** Between the rounds of a client's work, compared with what a random schedule of real containers has. */
const SLOWER = 5;
const FAILOVERS_MS = [null, null, 100, 400] as const;
/** So that the kind of a cluster is not drawn by the same numbers as what happens to it. */
const KIND = 0x5eed;

/** @param seed 0 to 2^32 - 1 */
export function scheduleOf(seed: number, size: ScheduleSize): Scenario {
  const kind = new Draw((seed ^ KIND) >>> 0);
  const scenario = generate(seed, {
    ...size,
    faults: faultsOffered(SIMULATION_OFFER),
    workloads: WORKLOAD_NAMES,
    store: kind.one(['sqlite', 'etcd']),
    failoverMs: kind.one(FAILOVERS_MS),
    leaseMs: LEASE_MS,
    graceMs: GRACE_MS,
  });
  return { ...scenario, steps: scenario.steps.map(slower) };
}

/** Clients that have more to do find little more, and take most of the time that a history costs. */
const slower = (step: Step): Step =>
  step.do === 'loop' ? { ...step, everyMs: step.everyMs * SLOWER } : step;
