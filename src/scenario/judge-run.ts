import { judge } from '../check/judge.ts';
import type { VerdictDocument } from '../check/verdict.ts';
import type { History } from '../history/events.ts';
import { clusterFacts } from './cluster-shape.ts';
import type { Scenario } from './scenario.ts';

/** What was under test, and on what; names as in `verdict.json`. */
export interface RunSetting {
  readonly runtime: string;
  readonly server: string;
  readonly filesystem: string;
}

export interface FinishedRun {
  readonly history: History;
  readonly scenario: Scenario;
  readonly seed: number;
  /** Why it ended early; null when it did not. */
  readonly failure: string | null;
  readonly setting: RunSetting;
  /** Milliseconds, measured by the lab; the checkers add what the history shows. */
  readonly timings: Readonly<Record<string, number>>;
}

/** The verdict on a run: what the checkers say, what the scenario expects of them, and whether it ran to its end. */
export function judgeRun({
  history,
  scenario,
  seed,
  failure,
  setting,
  timings,
}: FinishedRun): VerdictDocument {
  const verdict = judge(history, {
    scenario: scenario.name,
    seed,
    ...setting,
    require: scenario.expect.checks,
    expectCoverage: scenario.expect.coverage,
    shortcomings: failure === null ? [] : [failure],
    cluster: clusterFacts(scenario.cluster),
  });
  return { ...verdict, timings: { ...timings, ...verdict.timings } };
}
