import type { Clock } from '../../core/clock.ts';

/** Runs again and again; the interval, in milliseconds, is asked for each time. Returns the way to stop. */
export function every(clock: Clock, intervalMs: () => number, run: () => void): () => void {
  let stopped = false;
  let cancel: () => void = () => {};
  const arm = (): void => {
    cancel = clock.after(intervalMs(), () => {
      run();
      if (!stopped) arm();
    });
  };
  arm();
  return () => {
    stopped = true;
    cancel();
  };
}
