import { z } from 'zod';
import { type BreakableNode, type Fault, type FaultSurroundings, ORDINARY } from './fault.ts';
import { NAMED_STEP, NAMED_STEP_OPTIONS, standsAt } from './named-step.ts';
import { all, MAX_DOWN_MS, pause } from './outage.ts';

const crashParameters = z
  .strictObject({
    ...NAMED_STEP,
    /** Whether the network carries the end of its connections. */
    how: z.enum(['power-cut', 'kill']).default('power-cut'),
    downMs: z.number().int().min(0).max(MAX_DOWN_MS).optional(),
    stayDown: z.boolean().default(false),
  })
  .refine(({ downMs, stayDown }) => !(stayDown && downMs !== undefined), {
    message: 'a node that stays down has no downMs',
  });

type CrashParameters = z.output<typeof crashParameters>;

/** Of nodes that are to stay down: when they have died. */
const DEATHS = new WeakMap<BreakableNode, Promise<boolean>>();

/** @returns did it die? Its death is in the history by then. */
async function die(
  node: BreakableNode,
  parameters: CrashParameters,
  { clock, tell }: FaultSurroundings,
): Promise<boolean> {
  if (!(await standsAt(node, parameters, null, clock))) return false;
  const { at, how } = parameters;
  tell('begin', [node.name], `at ${at}, by ${how}`);
  await (how === 'kill' ? node.kill() : node.powerCut());
  return true;
}

/**
 * The node dies exactly at a named step. It stands still there first, with all that it holds, and is then killed from outside, so that
 * nothing of what would have come next is done, however little. With `stayDown` it is armed and nobody waits; `mend` does.
 */
export const crash: Fault<CrashParameters> = {
  ...ORDINARY,
  name: 'crash',
  about: 'the node dies exactly at a named step of the protocol, without another word to anybody',
  targets: ['node'],
  needs: ['named-steps'],
  endsLife: true,
  armsNextLife: true,
  tells: 'itself',
  options: {
    ...NAMED_STEP_OPTIONS,
    how: '`power-cut` or `kill` (power-cut)',
  },
  parameters: crashParameters,
  async inject(targets, parameters, surroundings) {
    const { downMs = 0, stayDown } = parameters;
    if (stayDown) {
      for (const node of targets) {
        const death = die(node, parameters, surroundings);
        death.catch(() => {});
        DEATHS.set(node, death);
      }
      return;
    }
    await all(
      targets.map(async (node) => {
        if (!(await die(node, parameters, surroundings))) return;
        await pause(surroundings.clock, downMs);
        // Whoever was ending that life, too, may have brought it back by now.
        if (!node.running) await node.start();
        surroundings.tell('end', [node.name]);
      }),
    );
  },
  async mend(targets, { tell }) {
    await all(
      targets.map(async (node) => {
        const died = await DEATHS.get(node);
        DEATHS.delete(node);
        if (died === false || node.running) return;
        await node.start();
        tell('end', [node.name]);
      }),
    );
  },
};
