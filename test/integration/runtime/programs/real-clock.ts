import type { Clock } from '../../../../src/core/clock.ts';

/** The machine's time: these tests deal with real processes. */
export const realClock: Clock = {
  nowMs: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
