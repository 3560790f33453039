/** What a worker of `gracelab simulate` is told, and what it says. Plain data, which threads can hand each other. */
import type { VerdictDocument } from '../../check/verdict.ts';
import type { MutantId } from '../../core/mutants.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { type HistoryReport, reportOf } from '../../sim/campaign.ts';
import { type ScheduleSize, scheduleOf } from '../../sim/schedule.ts';
import { SIMULATION_SETTING, type Simulated, simulate } from '../../sim/simulate.ts';
import { SIMULATED_AGENTS } from './agents.ts';

/** Which histories there are to be: those of random schedules, or those of given scenarios. */
export interface Plan {
  readonly size: ScheduleSize;
  /** None: each seed has a random schedule of its own. */
  readonly scenarios: readonly Scenario[];
  readonly mutants: readonly MutantId[];
  /** Whether the histories are handed over, too, or only what came of them. */
  readonly keeps: boolean;
}

/** One of them: a seed, and which of the plan's scenarios. */
export interface Order {
  readonly index: number;
  readonly seed: number;
  readonly scenario: number;
}

export interface Done {
  readonly order: Order;
  readonly report: HistoryReport;
  readonly verdict: VerdictDocument;
  /** Null unless the plan keeps it. */
  readonly simulated: Simulated | null;
}

export const scenarioOf = ({ size, scenarios }: Plan, { seed, scenario }: Order): Scenario =>
  scenarios[scenario] ?? scheduleOf(seed, size);

/** @throws Error which of them it was, and what went wrong: a mistake of ours */
export async function carryOut(plan: Plan, order: Order): Promise<Done> {
  const scenario = scenarioOf(plan, order);
  const { seed } = order;
  const simulated = await simulate({ scenario, seed, mutants: plan.mutants }, SIMULATED_AGENTS).catch(
    (cause: Error) => {
      throw new Error(`seed ${seed} of ${scenario.name}: ${cause.message}`, { cause });
    },
  );
  return {
    order,
    report: reportOf(simulated, scenario, seed),
    verdict: simulated.verdict,
    simulated: plan.keeps ? simulated : null,
  };
}

/** What comes of a history that was broken off: nobody can judge it. */
export function brokenOff(plan: Plan, order: Order, error: Error): Done {
  const { name } = scenarioOf(plan, order);
  const { seed } = order;
  const sentence = `broken off by a mistake of the simulation itself: ${error.message}`;
  const nothing = { checks: [], coverage: {}, timings: {} };
  return {
    order,
    report: {
      scenario: name,
      seed,
      verdict: 'unknown',
      violations: [],
      sentence,
      simulatedMs: 0,
      events: 0,
    },
    verdict: {
      ...SIMULATION_SETTING,
      ...nothing,
      scenario: name,
      seed,
      verdict: 'unknown',
      reasons: [sentence],
    },
    simulated: null,
  };
}
