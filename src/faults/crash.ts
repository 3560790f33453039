import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import { PROTOCOL_STEP_NAMES } from '../core/protocol-steps.ts';
import { armStep, type BreakableNode, type Fault, type FaultSurroundings, ORDINARY } from './fault.ts';
import { all, MAX_DOWN_MS, pause } from './outage.ts';

const MAX_PATIENCE_MS = 600_000;
const DEFAULT_PATIENCE_MS = 10_000;

const crashParameters = z
  .strictObject({
    /** Where it dies. */
    at: z.enum(PROTOCOL_STEP_NAMES, {
      error: () => `"at" names a step of the protocol, one of ${PROTOCOL_STEP_NAMES.join(', ')}`,
    }),
    /** Which time it comes by in one life. */
    nth: z.int().min(1).max(1000).default(1),
    /** Whether the network carries the end of its connections. */
    how: z.enum(['power-cut', 'kill']).default('power-cut'),
    downMs: z.number().int().min(0).max(MAX_DOWN_MS).optional(),
    stayDown: z.boolean().default(false),
    /** How long it is waited for. */
    patienceMs: z.number().int().min(1).max(MAX_PATIENCE_MS).default(DEFAULT_PATIENCE_MS),
    /** It need not come by there. */
    maybe: z.boolean().default(false),
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
  { at, nth, how, patienceMs, maybe }: CrashParameters,
  { clock, tell }: FaultSurroundings,
): Promise<boolean> {
  const reached = armStep(node, { step: at, nth, stallMs: null });
  if (!(await within(reached, patienceMs, clock))) {
    node.disarm?.();
    if (maybe) return false;
    throw new Error(`${node.name} did not come to ${at} within ${patienceMs} ms`);
  }
  tell('begin', [node.name], `at ${at}, by ${how}`);
  await (how === 'kill' ? node.kill() : node.powerCut());
  return true;
}

async function within(event: Promise<void>, ms: number, clock: Clock): Promise<boolean> {
  let cancel = () => {};
  const late = new Promise<false>((resolve) => {
    cancel = clock.after(ms, () => resolve(false));
  });
  const happened = await Promise.race([event.then(() => true), late]);
  cancel();
  return happened;
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
    at: 'the step; `gracelab fault --list` has them',
    nth: 'which time the node comes by there in one life (1)',
    how: '`power-cut` or `kill` (power-cut)',
    patienceMs: 'how long it is waited for in milliseconds (10000)',
    maybe: 'true: no failure when the node does not come by there',
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
