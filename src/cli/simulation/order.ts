/** What a worker of `gracelab simulate` is told, and what it says. Plain data, which threads can hand each other. */
import type { MutantId } from '../../core/mutants.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import type { HistoryReport } from '../../sim/campaign.ts';
import { reportOf } from '../../sim/campaign.ts';
import { type ScheduleSize, scheduleOf } from '../../sim/schedule.ts';
import { simulate } from '../../sim/simulate.ts';
import { SIMULATED_AGENTS } from './agents.ts';

/** Which histories there are to be: those of random schedules, or those of given scenarios. */
export interface Plan {
  readonly size: ScheduleSize;
  /** None: each seed has a random schedule of its own. */
  readonly scenarios: readonly Scenario[];
  readonly mutants: readonly MutantId[];
}

/** One of them: a seed, and which of the plan's scenarios. */
export interface Order {
  readonly index: number;
  readonly seed: number;
  readonly scenario: number;
}

export interface Done {
  readonly index: number;
  readonly report: HistoryReport;
}

export const scenarioOf = ({ size, scenarios }: Plan, { seed, scenario }: Order): Scenario =>
  scenarios[scenario] ?? scheduleOf(seed, size);

export async function carryOut(plan: Plan, order: Order): Promise<Done> {
  const scenario = scenarioOf(plan, order);
  const { seed, index } = order;
  const simulated = await simulate({ scenario, seed, mutants: plan.mutants }, SIMULATED_AGENTS);
  return { index, report: reportOf(simulated, scenario, seed) };
}
