import type { Clock } from '../core/clock.ts';

/** Does it come true before that time (on the clock, in milliseconds)? What fails does not. */
export function trueBefore(clock: Clock, promise: Promise<boolean>, atMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.after(Math.max(0, atMs - clock.nowMs()), () => resolve(false));
    const settle = (outcome: boolean): void => {
      cancel();
      resolve(outcome);
    };
    promise.then(settle, () => settle(false));
  });
}
