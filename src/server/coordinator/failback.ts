import type { Clock } from '../../core/clock.ts';
import type { NodeId } from '../../core/ids.ts';
import { carrierOf, inGrace, type Ledger } from '../../core/ledger.ts';
import { Alarm } from './alarm.ts';

export interface FailbackOptions {
  readonly node: NodeId;
  readonly clock: Clock;
  readonly failbackMs?: number | null;
  readonly onDue: () => void;
}

/** When a node that has returned takes its own address back from its heir. No safety hangs on when that is (I9). */
export class Failback {
  readonly #options: FailbackOptions;
  readonly #alarm: Alarm;
  /** Since when its address has been elsewhere with no grace running; null: that is not so. */
  #sinceMs: number | null = null;

  constructor(options: FailbackOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock, options.onDue);
  }

  learn(ledger: Ledger): void {
    const { node, clock } = this.#options;
    if (carrierOf(ledger, node) === node || inGrace(ledger)) this.#sinceMs = null;
    else this.#sinceMs ??= clock.nowMs();
    this.#alarm.set(this.#dueMs() === null ? [] : [this.#dueMs()!]);
  }

  due(): boolean {
    const dueMs = this.#dueMs();
    return dueMs !== null && this.#options.clock.nowMs() >= dueMs;
  }

  close(): void {
    this.#alarm.cancel();
  }

  #dueMs(): number | null {
    const { failbackMs } = this.#options;
    return this.#sinceMs === null || failbackMs === null || failbackMs === undefined
      ? null
      : this.#sinceMs + failbackMs;
  }
}
