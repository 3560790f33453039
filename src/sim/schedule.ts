/** What a simulated cluster goes through: a random schedule, on a cluster whose kind follows from the seed as well. */
import { Draw } from '../scenario/random/draw.ts';
import { faultsOffered } from '../scenario/random/fault-menu.ts';
import { generate } from '../scenario/random/generate.ts';
import { WORKLOAD_NAMES } from '../scenario/random/workload-menu.ts';
import type { Scenario, Step } from '../scenario/scenario.ts';
import { SIMULATION_OFFER } from './lab.ts';
import { withOperator } from './operator-steps.ts';

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
/** Of the clusters, so many have an operator who admits and retires. */
const OPERATOR_SHARE = 0.3;
/** With which a random schedule ends: up, lift, recovered, and a while of work. */
const CALM_STEPS = 4;
const FAILOVERS_MS = [null, null, 100, 400] as const;
/** They end with the next life of the client's own node; where an heir serves it, that changes nothing for the client. */
const ENDED_BY_THE_NODE: readonly string[] = ['half-recovered'];
/** So that the kind of a cluster is not drawn by the same numbers as what happens to it. */
const KIND = 0x5eed;

/** @param seed 0 to 2^32 - 1 */
export function scheduleOf(seed: number, size: ScheduleSize): Scenario {
  const kind = new Draw((seed ^ KIND) >>> 0);
  const failoverMs = kind.one(FAILOVERS_MS);
  const scenario = generate(seed, {
    ...size,
    faults: faultsOffered(SIMULATION_OFFER).filter(
      (fault) => failoverMs === null || !ENDED_BY_THE_NODE.includes(fault),
    ),
    workloads: WORKLOAD_NAMES,
    store: kind.one(['sqlite', 'etcd']),
    failoverMs,
    leaseMs: LEASE_MS,
    graceMs: GRACE_MS,
  });
  const slowed = { ...scenario, steps: scenario.steps.map(slower) };
  return kind.chance(OPERATOR_SHARE) ? withOperator(slowed, CALM_STEPS, kind) : slowed;
}

/** Clients that have more to do find little more, and take most of the time that a history costs. */
const slower = (step: Step): Step =>
  step.do === 'loop' ? { ...step, everyMs: step.everyMs * SLOWER } : step;
