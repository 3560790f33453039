import { z } from 'zod';
import { armStep, type Fault, ORDINARY } from './fault.ts';
import { all, cutPower, startDown } from './outage.ts';

/** Shorter than what a boot is given before it counts as failed. */
const MAX_SLOW_MS = 10_000;
const DEFAULT_SLOW_MS = 1000;

const slowBootParameters = z.strictObject({
  /** For how long the boot stands still. */
  downMs: z.number().int().min(0).max(MAX_SLOW_MS).default(DEFAULT_SLOW_MS),
  /** Where in the boot. */
  at: z
    .enum(['between-beacon-and-boot-swap', 'between-boot-swap-and-serving'])
    .default('between-boot-swap-and-serving'),
});

type SlowBootParameters = z.output<typeof slowBootParameters>;

/**
 * A reboot that takes its time where that matters: with the beacon lit and the ledger not knowing, or with the ledger waiting for a
 * member that does not serve and acknowledges nothing. (A machine that is slow before its node starts is a longer power cut.)
 */
export const slowBoot: Fault<SlowBootParameters> = {
  ...ORDINARY,
  name: 'slow-boot',
  about:
    'a power cut, and a boot that stands still for a while half-way, known to the cluster and of no use to it',
  targets: ['node'],
  needs: ['named-steps'],
  endsLife: true,
  options: { at: 'between-beacon-and-boot-swap or between-boot-swap-and-serving (the latter)' },
  parameters: slowBootParameters,
  async inject(targets, { downMs, at }) {
    await cutPower(targets);
    await all(
      targets.map(async (node) => {
        void armStep(node, { step: at, nth: 1, stallMs: downMs });
        await node.start();
      }),
    );
  },
  mend: startDown,
};
