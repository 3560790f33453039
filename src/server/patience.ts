import type { Clock } from '../core/clock.ts';

/** What a promise comes to, if that is before a time (on the clock, in milliseconds); else `otherwise`. Rejects as the promise does. */
export function before<T>(clock: Clock, promise: Promise<T>, atMs: number, otherwise: T): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(Math.max(0, atMs - clock.nowMs()), () => resolve(otherwise));
    promise.then(resolve, reject).finally(cancel);
  });
}
