import type { Clock, Random } from '../core/clock.ts';
import type { HistoryEvent } from '../history/events.ts';
import type { Cluster } from './cluster.ts';
import type { OpenOperator } from './operator.ts';
import type { Pause, ScenarioClient } from './scenario.ts';

/** A step did not come to what the scenario expects, or not in time. One sentence for a person. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure';
}

/** What the steps of one run share. */
export class StepContext {
  readonly cluster: Cluster;
  readonly clock: Clock;
  /** Steered by the run's seed. */
  readonly random: Random;
  /** Nanoseconds of the history. */
  readonly stamp: () => number;
  readonly record: (event: HistoryEvent) => void;
  readonly progress: (text: string) => void;
  /** Set when the run is over, whatever the steps are doing: none begins after that. */
  over = false;
  /** By loop, the client that runs it. */
  readonly loops = new Map<string, string>();
  /** By node, which fault took it down until a start step. */
  readonly down = new Map<string, string>();
  /** Clients that were told not to reclaim. */
  readonly confirmOnly = new Set<string>();
  /** Clients that begin when their node is admitted, by node. */
  readonly latecomers: ReadonlyMap<string, readonly ScenarioClient[]>;
  /** A desk at a lock domain, from which its ledger can be repaired. */
  readonly openOperator: OpenOperator;

  constructor(
    options: Pick<
      StepContext,
      'cluster' | 'clock' | 'random' | 'stamp' | 'record' | 'progress' | 'latecomers' | 'openOperator'
    >,
  ) {
    this.cluster = options.cluster;
    this.clock = options.clock;
    this.random = options.random;
    this.stamp = options.stamp;
    this.record = options.record;
    this.progress = options.progress;
    this.latecomers = options.latecomers;
    this.openOperator = options.openOperator;
  }

  /** When the newest fault of all began that ended a life; 0 before the first. */
  get lastFaultAt(): number {
    return this.cluster.observations.lastDeathAt;
  }

  /** A length of time between the two bounds, in whole milliseconds, as the seed has it. */
  draw({ leastMs, mostMs }: Pause): number {
    return Math.round(leastMs + this.random() * (mostMs - leastMs));
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.after(ms, resolve));
  }

  /** @throws StepFailure when the predicate does not hold in time, or an agent is lost meanwhile */
  async until(predicate: () => boolean, timeoutMs: number, what: string): Promise<void> {
    const outcome = await this.cluster.until(predicate, timeoutMs);
    if (outcome === 'timeout') throw new StepFailure(`${what} did not come within ${timeoutMs} ms`);
    if (outcome === 'lost') throw new StepFailure(this.cluster.lost ?? 'an agent is lost');
  }
}
