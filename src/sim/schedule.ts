/** What a simulated cluster goes through: a random schedule, on a cluster whose kind follows from the seed as well. */
import { step as anyStep } from '../scenario/format/steps.ts';
import { Draw } from '../scenario/random/draw.ts';
import { faultsOffered, RECOVERY_NAMES } from '../scenario/random/fault-menu.ts';
import { generate } from '../scenario/random/generate.ts';
import type { ChaosShape } from '../scenario/random/shape.ts';
import { OVERSTEP, WORKLOAD_NAMES, writtenLoop } from '../scenario/random/workload-menu.ts';
import type { ClusterShape, Scenario, Step } from '../scenario/scenario.ts';
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
/** So many have a client that does not keep to the book. */
const OVERSTEP_SHARE = 1 / 3;
/** With which a random schedule ends: up, lift, recovered, and a while of work. */
const CALM_STEPS = 4;
const FAILOVERS_MS = [null, null, 100, 400] as const;
/** They end with the next life of the client's own node; where an heir serves it, that changes nothing for the client. */
const ENDED_BY_THE_NODE: readonly string[] = ['half-recovered'];
/** So that the kind of a cluster is not drawn by the same numbers as what happens to it. */
const KIND = 0x5eed;
const OVERSTEPS = 0x0dd5eed;

/** What is particular about a cluster, or about what befalls it. What is left out is as anywhere. */
interface Character {
  readonly weight: number;
  readonly shape?: Partial<ChaosShape>;
  readonly cluster?: Partial<ClusterShape>;
  /** Names of faults that are all that happens. */
  readonly faults?: readonly string[];
  /** Its clients work as those of real containers do. */
  readonly busy?: boolean;
  /** By how much longer they keep what they have. */
  readonly longer?: number;
  /** Nobody admits or retires there. */
  readonly unattended?: true;
}

const DEATHS = ['power-cut', 'kill', 'crash', 'restart', 'reboot-storm'];

const CHARACTERS: readonly Character[] = [
  { weight: 8 },
  // Addresses travel, and come back by themselves.
  {
    weight: 2,
    shape: { failoverMs: 100 },
    cluster: { failbackMs: 300 },
    faults: [...DEATHS, 'pause', 'migrate', 'taker-lost', 'unseen-move', 'cut-clients', 'client-crash'],
  },
  { weight: 2, shape: { failoverMs: null }, faults: [...DEATHS, 'migrate', 'taker-lost', 'unseen-move'] },
  // Heirs die, too.
  {
    weight: 2,
    shape: { failoverMs: 100 },
    faults: [...DEATHS, 'heir-lost', 'owner-returns', 'client-crash', 'client-restart', 'cut-clients'],
    longer: 2,
  },
  // Clients are late, or come with what they have lost.
  {
    weight: 2,
    shape: { failoverMs: null },
    longer: 2,
    faults: [...DEATHS, 'half-recovered', 'expired-untold', 'cut-clients', 'client-crash', 'client-restart'],
  },
  // What clients have they keep for longer than they can be silent, and others wait for it.
  {
    weight: 2,
    shape: { failoverMs: null, leaseMs: 500, workloads: ['mixed', 'upgrade', 'guarded'] },
    longer: 6,
    faults: ['expired-untold'],
  },
  // A filesystem whose lock manager drops what live nodes hold.
  {
    weight: 2,
    shape: { store: 'etcd', leaseMs: 500, graceMs: 500, failoverMs: null },
    cluster: { beaconProvesDeath: false, fenceAfterMs: 1000 },
    unattended: true,
    longer: 4,
    faults: [...DEATHS, 'pause', 'cut-off', 'cut-ledger', 'cut-clients'],
  },
  // Nobody waits for long, and what stands still is fenced.
  {
    weight: 2,
    shape: { store: 'etcd', leaseMs: 500, graceMs: 500, failoverMs: null },
    cluster: { fenceAfterMs: 400 },
    // Who is away for a moment is given up at once, and might be retired.
    unattended: true,
    faults: [...DEATHS, 'pause', 'laggard', 'late-word', 'cut-ledger', 'store-member'],
  },
  // One node dies again and again, and its ledger is slow.
  {
    weight: 1,
    shape: { store: 'etcd', failoverMs: null },
    faults: ['reboot-storm', 'store-member'],
    longer: 2,
  },
  // What is sent to the ledger is done late, or heard of late, or not at all.
  {
    weight: 3,
    shape: { store: 'etcd', failoverMs: null },
    unattended: true,
    longer: 2,
    faults: ['unheard-answer', 'late-write', 'full-recovery', 'store-member', 'ledger-slow'],
  },
  // Most of what clients do goes by opens and delegations.
  { weight: 1, shape: { workloads: ['delegations', 'guarded'] }, busy: true },
];

/** @param seed 0 to 2^32 - 1 */
export function scheduleOf(seed: number, size: ScheduleSize): Scenario {
  const kind = new Draw((seed ^ KIND) >>> 0);
  const character = kind.weighted(CHARACTERS);
  const { failoverMs = kind.one(FAILOVERS_MS) } = character.shape ?? {};
  const common: ChaosShape = {
    ...size,
    faults: [...faultsOffered(SIMULATION_OFFER), ...RECOVERY_NAMES].filter(
      (fault) => failoverMs === null || !ENDED_BY_THE_NODE.includes(fault),
    ),
    workloads: WORKLOAD_NAMES,
    store: kind.one(['sqlite', 'etcd']),
    failoverMs,
    leaseMs: LEASE_MS,
    graceMs: GRACE_MS,
  };
  const { faults = common.faults, cluster } = character;
  const scenario = generate(seed, {
    ...common,
    ...character.shape,
    faults: common.faults.filter((fault) => faults.includes(fault)),
  });
  const slowed = {
    ...scenario,
    cluster: { ...scenario.cluster, ...cluster },
    steps: [...overstepper(scenario, seed), ...scenario.steps].map((step) => changedWork(step, character)),
  };
  return kind.chance(OPERATOR_SHARE) && character.unattended !== true
    ? withOperator(slowed, CALM_STEPS, kind)
    : slowed;
}

/** Beside what it does otherwise. Drawn apart, so that everything else is as in a cluster without one. */
function overstepper({ clients }: Scenario, seed: number): Step[] {
  const draw = new Draw((seed ^ OVERSTEPS) >>> 0);
  if (!draw.chance(OVERSTEP_SHARE)) return [];
  return [anyStep.parse(writtenLoop(draw.one(clients).name, OVERSTEP, draw))];
}

/** Clients that have more to do find little more, and take most of the time that a history costs. */
const changedWork = (step: Step, { busy = false, longer = 1 }: Character): Step =>
  step.do === 'loop'
    ? { ...step, everyMs: step.everyMs * (busy ? 1 : SLOWER), holdMs: step.holdMs * longer }
    : step;
