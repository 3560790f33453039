import { z } from 'zod';
import { type Fault, ORDINARY } from './fault.ts';
import { all, cutPower, MAX_DOWN_MS, pause, startDown } from './outage.ts';

/** Thirty years. */
const MOST_AHEAD_MS = 1e12;
const HOUR_MS = 3_600_000;

const skewParameters = z.strictObject({
  /** By how much its monotonic clock is ahead of everybody else's from the next life on; 0 ends that. */
  aheadMs: z.number().int().multipleOf(1000).min(0).max(MOST_AHEAD_MS).default(HOUR_MS),
  downMs: z.number().int().min(0).max(MAX_DOWN_MS).default(0),
});

type SkewParameters = z.output<typeof skewParameters>;

/**
 * A time namespace takes its offset when it is made, so a clock cannot jump under a running process: the target loses power and boots with the
 * other clock, which it keeps until another skew says otherwise. No safety may rest on clocks that agree (I9).
 */
export const clockSkew: Fault<SkewParameters> = {
  ...ORDINARY,
  name: 'clock-skew',
  about: 'a power cut, and a boot with a monotonic clock that is ahead of all the others',
  targets: ['node', 'client'],
  needs: ['clock-offset'],
  endsLife: true,
  options: { aheadMs: 'by how many milliseconds, whole seconds, 0 for none (3600000)' },
  parameters: skewParameters,
  async inject(targets, { aheadMs, downMs }, { clock }) {
    await cutPower(targets);
    await pause(clock, downMs);
    await all(targets.map((target) => target.start({ clockAheadMs: aheadMs })));
  },
  mend: startDown,
};
