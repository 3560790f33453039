import { z } from 'zod';
import type { Cut } from './cuts.ts';
import { type Fault, ORDINARY } from './fault.ts';

const MAX_CUT_MS = 3_600_000;

const partitionParameters = z
  .strictObject({
    /** Names of the containers that the targets are cut off from. */
    from: z.array(z.string()).min(1),
    /** `one-way`: only what the targets send is lost; what is sent to them arrives. */
    direction: z.enum(['both', 'one-way']).default('both'),
    /** How long no frame passes. */
    downMs: z.number().int().min(0).max(MAX_CUT_MS).optional(),
    /** Leave them cut off; something else heals it. */
    stayDown: z.boolean().default(false),
  })
  .refine(({ downMs, stayDown }) => stayDown === (downMs === undefined), {
    message: 'a partition has either a length or no end of its own',
  });

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
    await new Promise<void>((resolve) => clock.after(downMs, resolve));
    await cuts.heal(cut);
  },
  async mend(targets, { cuts }) {
    await cuts.healAllOf(targets.map(({ name }) => name));
  },
};
