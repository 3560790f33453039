/**
 * What the command line and the lab process (pid 1 of the sandbox) say to each other, as JSON lines
 * over the lab process's stdin and stdout. One sandbox runs one scenario: what the lab mounts and plugs
 * together goes when the sandbox goes. The first line in is a {@link RunRequest}; every line out is a
 * {@link RunMessage}, the last one `result` or `impossible`; then the process ends by itself.
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

export type RunMessage =
  /** What the run is busy with: when it changes, and once a second while it lasts. */
  | { readonly progress: { readonly text: string; readonly elapsedMs: number } }
  | { readonly result: ScenarioResult }
  /** This machine cannot: one sentence that says why and what to do. Nothing was left behind. */
  | { readonly impossible: string };
