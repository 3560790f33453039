/** What a random schedule is asked for; everything that is not said here follows from its seed. */
import type { StoreKind } from '../scenario.ts';

export interface ChaosShape {
  /** 1 to 16. */
  readonly nodes: number;
  /** 1 to 16. */
  readonly clients: number;
  /** How long things go on breaking, about; what a boot takes is guessed. */
  readonly durationMs: number;
  /** Names of the fault menu. */
  readonly faults: readonly string[];
  /** Names of the workload menu; at least one. */
  readonly workloads: readonly string[];
  readonly store: StoreKind;
  readonly failoverMs: number | null;
  readonly leaseMs: number;
  readonly graceMs: number;
}
