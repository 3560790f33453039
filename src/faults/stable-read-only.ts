import { z } from 'zod';
import { type Fault, ORDINARY, stableOf } from './fault.ts';
import { all, cutPower, MAX_DOWN_MS, pause, startDown } from './outage.ts';

const readOnlyParameters = z.strictObject({
  /** How long nothing can be written to it. */
  downMs: z.number().int().min(0).max(MAX_DOWN_MS).default(1000),
});

type ReadOnlyParameters = z.output<typeof readOnlyParameters>;

/** A node that cannot show itself to be the only life of its name (C14) must not begin; it waits, and begins when it can. */
export const stableReadOnly: Fault<ReadOnlyParameters> = {
  ...ORDINARY,
  name: 'stable-read-only',
  about: "a power cut, and a boot with the node's own storage read-only for a while",
  targets: ['node'],
  needs: ['stable-storage'],
  endsLife: true,
  parameters: readOnlyParameters,
  async inject(targets, { downMs }, { clock }) {
    await cutPower(targets);
    await all(targets.map((node) => stableOf(node).setReadOnly(true)));
    const booted = all(targets.map((node) => node.start()));
    booted.catch(() => {});
    await pause(clock, downMs);
    await all(targets.map((node) => stableOf(node).setReadOnly(false)));
    await booted;
  },
  mend: startDown,
};
