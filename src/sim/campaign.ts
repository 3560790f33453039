/** Many histories, one after another, until one of them fails; then a smaller one that fails as well. */
import type { CheckName, Verdict } from '../check/verdict.ts';
import type { MutantId } from '../core/mutants.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { type ShrinkOptions, shrink } from './shrink.ts';
import { type Agents, type Simulated, simulate } from './simulate.ts';

/** One history, as far as it is told of. */
export interface HistoryReport {
  readonly scenario: string;
  readonly seed: number;
  readonly verdict: Verdict;
  /** Which checks found something. */
  readonly violations: readonly CheckName[];
  /** Why it is unknown, or what was found first: one sentence. Null: nothing. */
  readonly sentence: string | null;
  readonly simulatedMs: number;
  readonly events: number;
}

export const violatedIn = ({ verdict }: Simulated): readonly CheckName[] =>
  verdict.checks.filter((check) => check.verdict === 'violation').map(({ name }) => name);

export function reportOf(simulated: Simulated, scenario: Scenario, seed: number): HistoryReport {
  const { verdict, failure, history, simulatedMs } = simulated;
  const worst = verdict.checks.find((check) => check.verdict === verdict.verdict);
  return {
    scenario: scenario.name,
    seed,
    verdict: verdict.verdict,
    violations: violatedIn(simulated),
    sentence:
      verdict.verdict === 'valid'
        ? null
        : (failure ?? worst?.evidence[0]?.sentence ?? verdict.reasons[0] ?? null),
    simulatedMs: Math.round(simulatedMs),
    events: history.length,
  };
}

export interface SmallerOptions extends Omit<ShrinkOptions, 'failing' | 'violations'> {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly mutants: readonly MutantId[];
  readonly agents: Agents;
  /** Awaited before each history. */
  readonly breathe: () => Promise<void>;
}

/** The smallest scenario that was found to fail in the same check, made ready to be written to a file, and its history. */
export async function smallestFailing(options: SmallerOptions): Promise<{
  readonly scenario: Scenario;
  readonly seed: number;
  readonly simulated: Simulated;
}> {
  const { check, mutants, agents, breathe } = options;
  const run = async (scenario: Scenario, seed: number) => {
    await breathe();
    return simulate({ scenario, seed, mutants }, agents);
  };
  const found = await shrink({
    ...options,
    failing: { scenario: onlyExpecting(options.scenario, check), seed: options.seed },
    violations: async (scenario, seed) => violatedIn(await run(scenario, seed)),
  });
  const scenario = named(found.scenario, options.seed, check);
  return { scenario, seed: found.seed, simulated: await run(scenario, found.seed) };
}

/** What is left of a schedule need not show what the whole one was to show. */
const onlyExpecting = (scenario: Scenario, check: CheckName): Scenario => ({
  ...scenario,
  expect: { checks: [check], coverage: {} },
});

const named = (scenario: Scenario, seed: number, check: CheckName): Scenario => ({
  ...scenario,
  name: `failing-${seed}`,
  title: `A simulated history that fails in ${check}`,
  about: `What is left of ${scenario.name} (seed ${seed}): ${scenario.title}`,
});
