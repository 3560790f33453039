import { z } from 'zod';
import type { Cut } from './cuts.ts';
import { type Fault, ORDINARY } from './fault.ts';
import { hasOneEnd, LASTING } from './lasting.ts';
import { pause } from './outage.ts';

const partitionParameters = z
  .strictObject({
    ...LASTING,
    /** Names of the containers that the targets are cut off from. */
    from: z.array(z.string()).min(1),
    /** `one-way`: only what the targets send is lost; what is sent to them arrives. */
    direction: z.enum(['both', 'one-way']).default('both'),
  })
  .refine(hasOneEnd, { message: 'a partition has either a length or no end of its own' });

type PartitionParameters = z.output<typeof partitionParameters>;

/**
 * Two groups of containers that do not hear each other. Everybody is alive and thinks so: what is lost is
 * only what one side could have learned from the other (C9).
 */
export const partition: Fault<PartitionParameters> = {
  ...ORDINARY,
  name: 'partition',
  about: 'frames between the targets and others are dropped; everybody stays alive',
  targets: ['node', 'store', 'client'],
  needs: ['partitions'],
  hits: 'network',
  from: 'required',
  options: { direction: '`both` or `one-way`, where only what the targets send is lost (both)' },
  parameters: partitionParameters,
  async inject(targets, { from, direction, downMs }, { clock, cuts }) {
    const cut: Cut = { targets: targets.map(({ name }) => name), from, direction };
    await cuts.cut(cut);
    if (downMs === undefined) return;
    await pause(clock, downMs);
    await cuts.heal(cut);
  },
  async mend(targets, { cuts }) {
    await cuts.healAllOf(targets.map(({ name }) => name));
  },
};
