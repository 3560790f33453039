/** Ways for a node's life to end, or to stand still. */
import { PROTOCOL_STEP_NAMES } from '../../../core/protocol-steps.ts';
import { BOOT_MS, downMs, type FaultChoice, phrase, shortMs } from './choice.ts';

/** A node that stands still for less than this is neither fenced nor given up (the defaults are five seconds and more). */
const LONGEST_PAUSE_MS = 3500;
/** A node that never comes by its step is not waited for any longer. */
const PATIENCE_MS = 1500;
const LONGEST_STALL_MS = 1500;
const MOST_LIVES = 4;
const LONGEST_LIFE_MS = 800;
/** By how much a clock is ahead: a little, more than every timer, and a month. */
const AHEAD_MS = [0, 1000, 20_000, 2_600_000_000];

function outage(name: string, weight: number): FaultChoice {
  return {
    name,
    hits: 'nodes',
    weight,
    endsLife: true,
    needs: [],
    breakage(targets, { draw }) {
      const ms = downMs(draw);
      return { steps: [{ fault: phrase(name, targets, ms) }], lastsMs: ms + BOOT_MS };
    },
  };
}

/** A planned stop: it asks its peers, so it must be up itself. */
const restart: FaultChoice = {
  ...outage('restart', 2),
  needsCalm: true,
  breakage(targets, { draw }) {
    const ms = shortMs(draw);
    const up = { wait: `up ${targets.join(' ')}`, within: '20s' };
    return { steps: [up, { fault: phrase('restart', targets, ms) }], lastsMs: ms + BOOT_MS };
  },
};

const pause: FaultChoice = {
  name: 'pause',
  hits: 'nodes',
  weight: 3,
  endsLife: false,
  needs: [],
  breakage(targets, { draw }) {
    const ms = draw.between(50, LONGEST_PAUSE_MS);
    return { steps: [{ fault: phrase('pause', targets, ms) }], lastsMs: ms };
  },
};

/** It dies exactly there, if it comes by there soon; most steps are those of a recovery, so what goes on beside it matters. */
const crash: FaultChoice = {
  name: 'crash',
  hits: 'nodes',
  weight: 3,
  endsLife: false,
  needs: ['named-steps'],
  breakage(targets, { draw }) {
    const ms = shortMs(draw);
    const at = draw.one(PROTOCOL_STEP_NAMES);
    const how = draw.one(['power-cut', 'kill']);
    const fault = phrase('crash', targets, ms);
    const options = { at, how, nth: draw.between(1, 3), patienceMs: PATIENCE_MS, maybe: true };
    return { steps: [{ fault, with: options }], lastsMs: ms + PATIENCE_MS + BOOT_MS };
  },
};

const slowBoot: FaultChoice = {
  name: 'slow-boot',
  hits: 'nodes',
  weight: 1,
  endsLife: true,
  needs: ['named-steps'],
  breakage(targets, { draw }) {
    const ms = draw.between(100, LONGEST_STALL_MS);
    const at = draw.one(['between-beacon-and-boot-swap', 'between-boot-swap-and-serving']);
    return { steps: [{ fault: phrase('slow-boot', targets, ms), with: { at } }], lastsMs: ms + BOOT_MS };
  },
};

const rebootStorm: FaultChoice = {
  name: 'reboot-storm',
  hits: 'nodes',
  weight: 1,
  endsLife: true,
  needs: [],
  breakage(targets, { draw }) {
    const times = draw.between(2, MOST_LIVES);
    const aliveMs = draw.between(50, LONGEST_LIFE_MS);
    const options = { times, aliveMs, how: draw.one(['power-cut', 'kill']) };
    return {
      steps: [{ fault: `reboot-storm ${targets.join(' ')}`, with: options }],
      lastsMs: times * aliveMs + BOOT_MS,
    };
  },
};

const clockSkew: FaultChoice = {
  name: 'clock-skew',
  hits: 'nodes',
  weight: 1,
  endsLife: true,
  needs: ['clock-offset'],
  breakage(targets, { draw }) {
    const ms = shortMs(draw);
    const options = { aheadMs: draw.one(AHEAD_MS) };
    return { steps: [{ fault: phrase('clock-skew', targets, ms), with: options }], lastsMs: ms + BOOT_MS };
  },
};

const stableReadOnly: FaultChoice = {
  name: 'stable-read-only',
  hits: 'nodes',
  weight: 1,
  endsLife: true,
  needs: ['stable-storage'],
  breakage(targets, { draw }) {
    const ms = draw.between(100, LONGEST_STALL_MS);
    return { steps: [{ fault: phrase('stable-read-only', targets, ms) }], lastsMs: ms + BOOT_MS };
  },
};

/** Almost as long as a silent node is waited for: a boot and a recovery fit into it. */
const LONGEST_LAG_MS = 4500;

/** One stands still, and does not hear that another one dies, comes back, and has its clients back (D11, C8). */
const laggard: FaultChoice = {
  name: 'laggard',
  hits: 'nodes',
  weight: 2,
  endsLife: true,
  needs: [],
  alone: true,
  possible: ({ nodes }) => nodes > 1,
  breakage([late = ''], { draw, nodes }) {
    const lagMs = draw.between(2000, LONGEST_LAG_MS);
    const victim = draw.one(nodes.filter((node) => node !== late));
    const death = phrase(draw.one(['power-cut', 'kill']), [victim], draw.between(0, 100));
    const first = { wait: `${draw.between(20, 300)}ms` };
    return {
      steps: [{ parallel: [[{ fault: phrase('pause', [late], lagMs) }], [first, { fault: death }]] }],
      lastsMs: lagMs + BOOT_MS,
    };
  },
};

export const LIVES: readonly FaultChoice[] = [
  outage('power-cut', 5),
  outage('kill', 4),
  restart,
  pause,
  laggard,
  crash,
  slowBoot,
  rebootStorm,
  clockSkew,
  { ...outage('stable-lost', 1), needs: ['stable-storage'] },
  stableReadOnly,
];
