import type { GracePlan } from '../../bench/grace/observed.ts';

/** What the command line hands to the lab process of a benchmark (agents/bench-lab.ts). */
export interface BenchRequest {
  readonly bench: 'grace';
  readonly plan: GracePlan;
  /** Absolute path of a new folder for the history and the logs; null: nothing is kept. */
  readonly folder: string | null;
}
