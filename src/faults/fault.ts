/** What a fault is: something that is broken on purpose, and mended again or not. */
import type { z } from 'zod';
import type { Clock, Random } from '../core/clock.ts';
import type { ProtocolStep } from '../core/protocol-steps.ts';
import type { Ability } from '../runtime/abilities.ts';
import type { StableStorage } from '../runtime/runtime.ts';
import type { Cuts } from './cuts.ts';
import type { Disturbances } from './disturbances.ts';
import type { LedgerOfLab } from './ledger-access.ts';
import type { NetworkOfLab } from './network-access.ts';

/** A fault that cannot be in this lab, or not now: nothing was begun. */
export class FaultRefusedError extends Error {
  override readonly name = 'FaultRefusedError';
}

/** Where a node is to stand still. */
export interface ArmedStep {
  readonly step: ProtocolStep;
  /** Which time it comes by, from 1, in one life. */
  readonly nth: number;
  /** For how long it stands there; null: until it is killed. */
  readonly stallMs: number | null;
}

/** How a container is booted, where that is not as always. */
export interface BootConditions {
  /** By how much its monotonic clock is ahead, for this life and all later ones, until it is said otherwise. */
  readonly clockAheadMs?: number;
}

/** A node, a client, or a member of the ledger's store, as a fault sees it. All of it is about the process and its container; nothing here knows NFS. */
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
  start(conditions?: BootConditions): Promise<void>;
  /**
   * In this life and every later one, until it has happened once: it stands still where it reaches that step. Resolves when it stands there;
   * never, when it is disarmed before. Where there is no such method, there are no named steps.
   */
  arm?(order: ArmedStep): Promise<void>;
  disarm?(): void;
  readonly stable?: StableStorage | undefined;
}

/** See {@link BreakableNode.arm}. @throws Error for one that has no named steps */
export function armStep(node: BreakableNode, order: ArmedStep): Promise<void> {
  if (node.arm === undefined)
    throw new FaultRefusedError(`${node.name} does not announce the steps of its protocol`);
  return node.arm(order);
}

/** @throws Error for one that has none */
export function stableOf({ name, stable }: BreakableNode): StableStorage {
  if (stable === undefined) throw new FaultRefusedError(`${name} has no storage of its own`);
  return stable;
}

/** What faults need beside their targets. */
export interface FaultSurroundings {
  readonly clock: Clock;
  /** The only source of chance, so that a run's seed repeats it. */
  readonly random: Random;
  /** Of the lab that the targets are in. */
  readonly cuts: Cuts;
  /** What is in force besides, until it is healed. */
  readonly disturbances: Disturbances;
  readonly network: NetworkOfLab;
  readonly ledger: LedgerOfLab;
  /** Puts the beginning or the end of the fault into the history, where the fault does that itself ({@link Fault.tells}). */
  readonly tell: (phase: 'begin' | 'end', targets: readonly string[], detail?: string) => void;
}

/** Whom a fault can hit; `ledger`: the ledgers themselves, wherever they are kept. */
export type TargetKind = 'node' | 'client' | 'store' | 'ledger';

/** One kind of fault. Each is a file of its own and a line in the registry. */
export interface Fault<Parameters = unknown> {
  /** In scenarios and on the command line. */
  readonly name: string;
  /** One sentence for people. */
  readonly about: string;
  readonly targets: readonly TargetKind[];
  /** What of the runtime, or of the server, it cannot do without. */
  readonly needs: readonly Ability[];
  /** `network`: it comes between its targets and others and is healed. Else targets are started again. */
  readonly hits: 'node' | 'network';
  /** Does it take others than its targets, named by the parameter `from`? */
  readonly from: 'none' | 'optional' | 'required';
  /** Does it end the life of its targets? */
  readonly endsLife: boolean;
  /** Does it do something to a target that is down: to its next life? */
  readonly armsNextLife: boolean;
  /** It begins, or acts, later than it is asked for, or several times, and puts that into the history itself. */
  readonly tells: 'lab' | 'itself';
  /** Beside `from`, `downMs` and `stayDown`: what can be said of it, for people. */
  readonly options: Readonly<Record<string, string>>;
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

/** What most faults are. */
export const ORDINARY = {
  targets: ['node', 'store'],
  needs: [],
  hits: 'node',
  from: 'none',
  endsLife: false,
  armsNextLife: false,
  tells: 'lab',
  options: {},
} as const satisfies Partial<Fault>;
