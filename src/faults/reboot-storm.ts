import { z } from 'zod';
import { type BreakableNode, type Fault, type FaultSurroundings, ORDINARY } from './fault.ts';
import { all, MAX_DOWN_MS, pause, startDown } from './outage.ts';

const MOST_TIMES = 50;

const stormParameters = z.strictObject({
  /** How many lives end. */
  times: z.int().min(1).max(MOST_TIMES).default(3),
  /** A life lasts no longer than this, and may end before the node serves; each draws how long. */
  aliveMs: z.number().int().min(0).max(MAX_DOWN_MS).default(500),
  /** Between two lives. */
  downMs: z.number().int().min(0).max(MAX_DOWN_MS).default(0),
  how: z.enum(['power-cut', 'kill']).default('power-cut'),
});

type StormParameters = z.output<typeof stormParameters>;

async function storm(
  node: BreakableNode,
  { times, aliveMs, downMs, how }: StormParameters,
  { clock, random, tell }: FaultSurroundings,
): Promise<void> {
  for (let time = 1; time <= times; time++) {
    tell('begin', [node.name], `life ${time} of ${times}, by ${how}`);
    await (how === 'kill' ? node.kill() : node.powerCut());
    await pause(clock, downMs);
    if (time === times) break;
    // Most of these never serve: that a boot is cut short is the point.
    void node.start().catch(() => {});
    await pause(clock, Math.round(random() * aliveMs));
  }
  await node.start();
  tell('end', [node.name]);
}

/** A node that boots and dies, boots and dies: each boot begins a grace or joins it, and nobody may be held up by that for ever (I8). */
export const rebootStorm: Fault<StormParameters> = {
  ...ORDINARY,
  name: 'reboot-storm',
  about: 'several lives in a row end soon after they began, some before they served',
  targets: ['node'],
  endsLife: true,
  tells: 'itself',
  options: {
    times: 'how many lives end (3)',
    aliveMs: 'the longest that a life lasts in milliseconds (500)',
    how: '`power-cut` or `kill` (power-cut)',
  },
  parameters: stormParameters,
  inject: (targets, parameters, surroundings) =>
    all(targets.map((node) => storm(node, parameters, surroundings))),
  mend: startDown,
};
