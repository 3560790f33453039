import type { Clock } from '../core/clock.ts';
import type { DeadlineMs } from './waiting.ts';

/**
 * How long one caller waits. What was sent is followed to its end even when the caller has gone, because
 * its effect must be known: a lock that nobody waited for any more has to be given back.
 */
export class Patience {
  readonly deadlineMs: DeadlineMs;
  /** The caller has been told that the time is up. */
  expired = false;

  constructor(deadlineMs: DeadlineMs) {
    this.deadlineMs = deadlineMs;
  }
}

/** The result of `work`, or `late` once `timeoutMs` have passed. The work goes on and finds `expired` set. */
export function patiently<T>(
  clock: Clock,
  timeoutMs: number,
  late: T,
  work: (patience: Patience) => Promise<T>,
): Promise<T> {
  const patience = new Patience(clock.nowMs() + timeoutMs);
  return new Promise((resolve, reject) => {
    const cancel = clock.after(timeoutMs, () => {
      patience.expired = true;
      resolve(late);
    });
    work(patience).then(
      (result) => {
        cancel();
        resolve(result);
      },
      (error) => {
        cancel();
        reject(error);
      },
    );
  });
}
