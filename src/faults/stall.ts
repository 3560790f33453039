import { z } from 'zod';
import { type Fault, ORDINARY } from './fault.ts';
import { NAMED_STEP, NAMED_STEP_OPTIONS, standsAt } from './named-step.ts';
import { all, pause } from './outage.ts';

const MAX_STALL_MS = 600_000;

const stallParameters = z.strictObject({
  ...NAMED_STEP,
  /** For how long it stands still. */
  downMs: z.number().int().min(0).max(MAX_STALL_MS),
});

type StallParameters = z.output<typeof stallParameters>;

/** As `pause`, from the very moment on at which the node is between two effects: what it does next it does on knowledge from before (C8). */
export const stall: Fault<StallParameters> = {
  ...ORDINARY,
  name: 'stall',
  about: 'the node stands still for a while exactly at a named step of the protocol, and goes on',
  targets: ['node'],
  needs: ['named-steps'],
  armsNextLife: true,
  tells: 'itself',
  options: NAMED_STEP_OPTIONS,
  parameters: stallParameters,
  async inject(targets, parameters, { clock, tell }) {
    const { at, downMs } = parameters;
    await all(
      targets.map(async (node) => {
        if (!(await standsAt(node, parameters, downMs, clock))) return;
        tell('begin', [node.name], `at ${at}`);
        await pause(clock, downMs);
        tell('end', [node.name]);
      }),
    );
  },
  // It goes on by itself.
  mend: async () => {},
};
