/** The time of a simulated world: a queue of moments, each of which runs to its end before the next one begins. */

interface Moment {
  readonly atMs: number;
  readonly order: number;
  /** Null once it is cancelled. */
  run: (() => void) | null;
}

const NS_PER_MS = 1e6;
/** So often nobody looks at the clock in one moment, unless it goes round in circles and never waits. */
const MOST_LOOKS = 100_000;
/** Below so many it does not matter what is in the queue. */
const FEW_MOMENTS = 256;

/**
 * Virtual time. What is due at the same moment happens in the order in which it was asked for, and every chain of resolved promises
 * runs to its end before time goes on, so that a history follows from its seed alone.
 */
export class Timeline {
  #nowMs = 0;
  #order = 0;
  #lastNs = 0n;
  /** At the clock, in this moment. */
  #looks = 0;
  /** Why no further moment can come. */
  #defect: Error | null = null;
  /** A binary heap by time, then order. */
  #heap: Moment[] = [];
  /** Of those in the heap: nearly every request has a timer for the answer that does not come, and cancels it. */
  #cancelled = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** The same clock in nanoseconds; no two looks at it are equal, so that the order of events is the order of their times. */
  readonly monotonicNs = (): bigint => {
    this.#looks += 1;
    if (this.#looks > MOST_LOOKS) this.#circle();
    const ns = BigInt(Math.round(this.#nowMs * NS_PER_MS));
    this.#lastNs = ns > this.#lastNs ? ns : this.#lastNs + 1n;
    return this.#lastNs;
  };

  /** @returns the way to cancel */
  readonly after = (ms: number, run: () => void): (() => void) => {
    const moment: Moment = { atMs: this.#nowMs + Math.max(0, ms), order: this.#order++, run };
    this.#push(moment);
    return () => this.#cancel(moment);
  };

  /**
   * Lets time pass until the promise is settled.
   * @throws Error when nothing is left that could ever settle it, or somebody goes round in circles; and what the promise rejects with
   */
  through<T>(promise: Promise<T>): Promise<T> {
    let over = false;
    const settled = () => {
      over = true;
    };
    promise.then(settled, settled);
    return new Promise((resolve, reject) => {
      const step = () => {
        do {
          if (this.#defect !== null) return reject(this.#defect);
          if (over) return resolve(promise);
          const run = this.#pop();
          if (run === null) return reject(new Error('the simulated world stands still for ever'));
          this.#looks = 0;
          try {
            run();
          } catch (error) {
            return reject(error);
          }
        } while (ranMicrotasks());
        afterMicrotasks(step);
      };
      afterMicrotasks(step);
    });
  }

  /** Nothing else ever runs again unless whoever does it is stopped here. */
  #circle(): never {
    this.#defect = new Error(
      `time stands still at ${this.#nowMs} ms: somebody looks at the clock over and over and never waits`,
    );
    throw this.#defect;
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

  /** Goes on to the next one that was not cancelled; it is over before it begins, so that cancelling it has no effect. */
  #pop(): (() => void) | null {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined) return null;
      const last = this.#heap.pop()!;
      if (this.#heap.length > 0) this.#sink(last, 0);
      const { run } = first;
      if (run === null) {
        this.#cancelled -= 1;
        continue;
      }
      first.run = null;
      this.#nowMs = first.atMs;
      return run;
    }
  }

  #cancel(moment: Moment): void {
    if (moment.run === null) return;
    moment.run = null;
    this.#cancelled += 1;
    if (this.#heap.length > FEW_MOMENTS && 2 * this.#cancelled > this.#heap.length) this.#sweep();
  }

  /** Takes the cancelled ones out. */
  #sweep(): void {
    this.#heap = this.#heap.filter(({ run }) => run !== null);
    this.#cancelled = 0;
    for (let at = (this.#heap.length >> 1) - 1; at >= 0; at -= 1) this.#sink(this.#heap[at]!, at);
  }

  /** Puts the moment where it belongs at or below this place. */
  #sink(moment: Moment, place: number): void {
    const heap = this.#heap;
    let at = place;
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

const SETTLED = Promise.resolve();
/** What Node does behind each of its own callbacks. It has no other name in JavaScript, and need not have this one. */
const RUN_MICROTASKS = (process as { readonly _tickCallback?: () => void })._tickCallback;

/**
 * Every microtask runs to its end now, and whatever those make of further ones.
 * @returns false: this Node offers no way to do so
 */
function ranMicrotasks(): boolean {
  RUN_MICROTASKS?.();
  return RUN_MICROTASKS !== undefined;
}

/**
 * Node runs what was given to `nextTick` from a microtask only once no microtask is left, whatever those make of further ones. A
 * turn of the real event loop would say the same and cost ten times as much.
 */
function afterMicrotasks(run: () => void): void {
  // A promise's microtask; Node's queueMicrotask makes an AsyncResource for each.
  void SETTLED.then(() => process.nextTick(run));
}
