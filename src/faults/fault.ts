/** What a fault is: something that is broken on purpose, and mended again or not. */
import type { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import type { Cuts } from './cuts.ts';

/** A node, or a member of the ledger's store, as a fault sees it. All of it is about the process and its container; nothing here knows NFS. */
export interface BreakableNode {
  readonly name: string;
  readonly running: boolean;
  /** Silence first, then every process dies. Resolves when all is gone. */
  powerCut(): Promise<void>;
  /** Every process dies while the network carries their connections' ends. Resolves when all is gone. */
  kill(): Promise<void>;
  /** Planned: the node leaves the cluster by the book and ends. Resolves when all is gone; rejects when it could not leave. */
  stop(): Promise<void>;
  /** Its process stops where it is: alive, with its locks, and silent. */
  pause(): Promise<void>;
  /** A paused process goes on as if nothing had been. */
  resume(): Promise<void>;
  /** The next life. Resolves when the node serves. */
  start(): Promise<void>;
}

/** What faults need beside their targets. */
export interface FaultSurroundings {
  readonly clock: Clock;
  /** Of the lab that the targets are in. */
  readonly cuts: Cuts;
}

/** One kind of fault. Each is a file of its own and a line in the registry. */
export interface Fault<Parameters = unknown> {
  /** In scenarios and on the command line. */
  readonly name: string;
  /** One sentence for people. */
  readonly about: string;
  /** `network`: it comes between its targets and others, named by the parameter `from`, and is healed. Else targets are started again. */
  readonly hits: 'node' | 'network';
  /** Checks and completes the parameters; unknown ones are refused. */
  readonly parameters: z.ZodType<Parameters>;
  /**
   * Breaks all targets at once, and mends them if the parameters say so. Resolves when that is done.
   * @param parameters as `parameters` returned them
   */
  inject(
    targets: readonly BreakableNode[],
    parameters: Parameters,
    surroundings: FaultSurroundings,
  ): Promise<void>;
  /** Mends what `stayDown` left broken. */
  mend(targets: readonly BreakableNode[], surroundings: FaultSurroundings): Promise<void>;
}
