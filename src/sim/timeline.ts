/** The time of a simulated world: a queue of moments, each of which runs to its end before the next one begins. */

interface Moment {
  readonly atMs: number;
  readonly order: number;
  /** Null once it is cancelled. */
  run: (() => void) | null;
}

const NS_PER_MS = 1e6;

/**
 * Virtual time. What is due at the same moment happens in the order in which it was asked for, and every chain of resolved promises
 * runs to its end before time goes on, so that a history follows from its seed alone.
 */
export class Timeline {
  #nowMs = 0;
  #order = 0;
  #lastNs = 0n;
  /** A binary heap by time, then order. */
  readonly #heap: Moment[] = [];

  get nowMs(): number {
    return this.#nowMs;
  }

  /** The same clock in nanoseconds; no two looks at it are equal, so that the order of events is the order of their times. */
  readonly monotonicNs = (): bigint => {
    const ns = BigInt(Math.round(this.#nowMs * NS_PER_MS));
    this.#lastNs = ns > this.#lastNs ? ns : this.#lastNs + 1n;
    return this.#lastNs;
  };

  /** @returns the way to cancel */
  readonly after = (ms: number, run: () => void): (() => void) => {
    const moment: Moment = { atMs: this.#nowMs + Math.max(0, ms), order: this.#order++, run };
    this.#push(moment);
    return () => {
      moment.run = null;
    };
  };

  /**
   * Lets time pass until the promise is settled.
   * @throws Error when nothing is left that could ever settle it; and what the promise rejects with
   */
  through<T>(promise: Promise<T>): Promise<T> {
    let over = false;
    const settled = () => {
      over = true;
    };
    promise.then(settled, settled);
    return new Promise((resolve, reject) => {
      const step = () => {
        if (over) return resolve(promise);
        const moment = this.#pop();
        if (moment === null) return reject(new Error('the simulated world stands still for ever'));
        this.#nowMs = moment.atMs;
        try {
          moment.run?.();
        } catch (error) {
          return reject(error);
        }
        afterMicrotasks(step);
      };
      afterMicrotasks(step);
    });
  }

  #push(moment: Moment): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(moment);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!earlier(moment, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = moment;
  }

  /** The next one that was not cancelled. */
  #pop(): Moment | null {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined) return null;
      const last = this.#heap.pop()!;
      if (this.#heap.length > 0) this.#sink(last);
      if (first.run !== null) return first;
    }
  }

  #sink(moment: Moment): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && earlier(heap[below + 1]!, heap[below]!)) below += 1;
      if (!earlier(heap[below]!, moment)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = moment;
  }
}

const earlier = (a: Moment, b: Moment): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/**
 * Node runs what was given to `nextTick` from a microtask only once no microtask is left, whatever those make of further ones. A
 * turn of the real event loop would say the same and cost ten times as much.
 */
function afterMicrotasks(run: () => void): void {
  queueMicrotask(() => process.nextTick(run));
}
