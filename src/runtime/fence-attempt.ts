/** What all fencers have in common: their outcomes, and a limit to the time that one attempt may take. */
import type { Clock } from '../core/clock.ts';
import type { FenceOutcome } from '../core/fencer.ts';

export const GONE: FenceOutcome = { outcome: 'gone' };

export const failed = (reason: string): FenceOutcome => ({ outcome: 'failed', reason });

/** One attempt at a time limit. An attempt that does not know is a failed one: it may throw its reason. */
export class FenceAttempt {
  /** What it waits for at the moment, as the end of a sentence; told when the time is up. */
  waitingFor: string;
  /** Aborted when the time is up: nobody listens to the attempt any more, and it lets go of what it holds. */
  readonly timeUp: AbortSignal;
  readonly #clock: Clock;

  private constructor(clock: Clock, timeUp: AbortSignal, waitingFor: string) {
    this.#clock = clock;
    this.timeUp = timeUp;
    this.waitingFor = waitingFor;
  }

  static async run(
    options: { readonly clock: Clock; readonly limitMs: number; readonly waitingFor: string },
    steps: (attempt: FenceAttempt) => Promise<FenceOutcome>,
  ): Promise<FenceOutcome> {
    const { clock, limitMs, waitingFor } = options;
    const timeUp = new AbortController();
    const attempt = new FenceAttempt(clock, timeUp.signal, waitingFor);
    const { promise, resolve } = Promise.withResolvers<FenceOutcome>();
    const cancel = clock.after(limitMs, () => {
      // The reason first: the attempt that is broken off has another one, and it is worth less.
      resolve(failed(`nothing was certain after ${limitMs} ms of waiting for ${attempt.waitingFor}`));
      timeUp.abort();
    });
    steps(attempt).then(resolve, (error: Error) => resolve(failed(error.message)));
    try {
      return await promise;
    } finally {
      cancel();
    }
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  /** Waits between two looks. @throws when the time is up meanwhile. */
  async pause(ms: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const broken = () => {
        cancel();
        reject(new Error('broken off'));
      };
      const cancel = this.#clock.after(ms, () => {
        this.timeUp.removeEventListener('abort', broken);
        resolve();
      });
      if (this.timeUp.aborted) broken();
      else this.timeUp.addEventListener('abort', broken, { once: true });
    });
  }
}
