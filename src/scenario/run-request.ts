/**
 * What the command line asks of the lab process (pid 1 of the sandbox), and what it gets: a {@link RunRequest} as the one line
 * on its stdin, and a {@link ScenarioResult} on its stdout (cli/sandboxed.ts). One sandbox runs one scenario: what the lab mounts
 * and plugs together goes when the sandbox goes.
 */
import type { VerdictDocument } from '../check/verdict.ts';
import type { MutantId } from '../core/mutants.ts';
import type { Scenario } from './scenario.ts';

export interface RunRequest {
  readonly scenario: Scenario;
  /** Absolute path; the run folder becomes `<out>/<scenario>/<time>/`. */
  readonly out: string;
  /** 0 to 2^32 - 1. */
  readonly seed: number;
  readonly mutants: readonly MutantId[];
}

/** One scenario, run and judged. */
export interface ScenarioResult {
  readonly scenario: string;
  readonly title: string;
  readonly verdict: VerdictDocument;
  /** Absolute path of the run folder. */
  readonly folder: string;
  /** Why the run ended before its last step; null when it did not. */
  readonly failure: string | null;
}
