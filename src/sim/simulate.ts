/** One cluster history on virtual time, from the first boot to the verdict. It follows from the scenario, the seed and the mutants alone. */
import type { VerdictDocument } from '../check/verdict.ts';
import type { Clock } from '../core/clock.ts';
import type { Fencer } from '../core/fencer.ts';
import type { MutantId } from '../core/mutants.ts';
import type { History, HistoryEvent } from '../history/events.ts';
import { judgeRun, type RunSetting } from '../scenario/judge-run.ts';
import { LabRun } from '../scenario/lab-run.ts';
import type { Operator, OperatorsDomain } from '../scenario/operator.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { Body } from './container.ts';
import { SimLab } from './lab.ts';
import { World } from './world.ts';

export const SIMULATION_SETTING: RunSetting = {
  runtime: 'simulation',
  server: 'gracelab',
  filesystem: 'simulated',
};

/** What the composition root brings: the very agents of real containers. */
export interface Agents {
  readonly node: Body;
  readonly client: Body;
  readonly openOperator: (
    domain: OperatorsDomain,
    surroundings: { readonly world: World; readonly clock: Clock; readonly fencer: Fencer },
  ) => Promise<Operator>;
}

export interface SimulationOptions {
  readonly scenario: Scenario;
  /** 0 to 2^32 - 1. */
  readonly seed: number;
  readonly mutants: readonly MutantId[];
}

export interface Simulated {
  readonly history: History;
  readonly verdict: VerdictDocument;
  /** Why it ended before its last step; null when it did not. */
  readonly failure: string | null;
  /** What the processes wrote to their logs. */
  readonly log: readonly string[];
  /** Virtual milliseconds that passed. */
  readonly simulatedMs: number;
}

export async function simulate(options: SimulationOptions, agents: Agents): Promise<Simulated> {
  const { scenario, seed, mutants } = options;
  const world = new World(seed, mutants);
  const { timeline } = world;
  const clock: Clock = { nowMs: () => timeline.nowMs, after: timeline.after };
  const kernels = scenario.cluster.beaconProvesDeath === false ? 'several' : 'one';
  const lab = new SimLab(world, { node: agents.node, client: agents.client }, kernels);
  const history: HistoryEvent[] = [];
  const run = new LabRun(
    { scenario, seed, mutants, progress: () => {} },
    {
      programs: { node: { argv: ['node'] }, client: { argv: ['client'] } },
      openLedgerHold: lab.openLedgerHold,
      ledgerAccess: lab.ledgerAccess,
      clock,
      monotonicNs: timeline.monotonicNs,
      view: lab.view,
      openOperator: (domain, fencer) => agents.openOperator(domain, { world, clock, fencer }),
    },
    (event) => history.push(event),
  );
  await timeline.through(run.toTheEnd(lab));
  run.labIsDown();
  const { failure, timings } = run;
  const inOrder = history.toSorted((a, b) => a.t - b.t);
  const verdict = judgeRun({
    history: inOrder,
    scenario,
    seed,
    failure,
    timings,
    setting: SIMULATION_SETTING,
  });
  return {
    history: inOrder,
    verdict,
    failure,
    log: world.log,
    simulatedMs: timeline.nowMs,
  };
}
