/** Waiting on a clock that is an argument: the real one in the lab, a virtual one in tests. */
import type { Clock } from '../core/clock.ts';

/** A point of the clock (milliseconds, as `Clock.nowMs`) after which nobody waits any more. */
export type DeadlineMs = number;

export const NEVER_MS: DeadlineMs = Number.POSITIVE_INFINITY;

export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

/**
 * A condition that many may wait for. Whoever changes what the condition depends on calls `wake`; every
 * waiter then looks again.
 */
export class Changes {
  readonly #clock: Clock;
  readonly #waiters = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wake(): void {
    for (const look of [...this.#waiters]) {
      look();
    }
  }

  /** Resolves true as soon as `holds()` is true, false when the deadline passes first. */
  until(holds: () => boolean, deadlineMs: DeadlineMs = NEVER_MS): Promise<boolean> {
    if (holds()) {
      return Promise.resolve(true);
    }
    const leftMs = deadlineMs - this.#clock.nowMs();
    if (leftMs <= 0) {
      return Promise.resolve(false);
    }
    return new Promise((resolve) => {
      let cancelTimer = () => {};
      const settle = (held: boolean) => {
        this.#waiters.delete(look);
        cancelTimer();
        resolve(held);
      };
      const look = () => {
        if (holds()) {
          settle(true);
        }
      };
      this.#waiters.add(look);
      if (deadlineMs !== NEVER_MS) {
        cancelTimer = this.#clock.after(leftMs, () => settle(holds()));
      }
    });
  }
}

/**
 * One at a time, in the order of arrival. Operations that change the state of one open file take
 * turns, because each one's stateid comes from the reply of the one before it (RFC 8881 section 8.2.2).
 */
export class Turns {
  readonly #changes: Changes;
  readonly #queue: symbol[] = [];

  constructor(clock: Clock) {
    this.#changes = new Changes(clock);
  }

  /** The way to end the turn, or null when the deadline passed while others were before us. */
  async take(deadlineMs: DeadlineMs): Promise<(() => void) | null> {
    const ticket = Symbol('turn');
    this.#queue.push(ticket);
    const mine = await this.#changes.until(() => this.#queue[0] === ticket, deadlineMs);
    const leave = () => {
      const at = this.#queue.indexOf(ticket);
      if (at >= 0) {
        this.#queue.splice(at, 1);
        this.#changes.wake();
      }
    };
    if (!mine) {
      leave();
      return null;
    }
    return leave;
  }
}
