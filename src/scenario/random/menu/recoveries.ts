/**
 * Several faults with one purpose: what a recovery must come through that chance alone rarely puts together. Each is told by what it is, and drawn
 * anew in its times and victims. Random schedules of the simulation have them; those of real containers do not, so that their seeds stay what they are.
 */
import { MOVE_OUTCOMES } from '../../format/operator-steps.ts';
import type { WrittenStep } from '../../format/write-steps.ts';
import { BOOT_MS, type FaultChoice, phrase, type Scene, shortMs, withEtcd } from './choice.ts';

const OUTCOMES = [...MOVE_OUTCOMES];
const WITHIN = '20s';
/** Each of its steps takes some milliseconds. */
const MOVE_MS = 120;

const RECOVERY = { hits: 'nodes', endsLife: true, needs: [], alone: true } as const;

const death = (draw: Scene['draw'], node: string, ms = shortMs(draw)) => ({
  fault: phrase(draw.one(['power-cut', 'kill']), [node], ms),
});

/** Who takes over from a dead node, where everybody lives (core/succession.ts). */
const heirOf = (nodes: readonly string[], node: string): string =>
  nodes.find((other) => other > node) ?? nodes[0]!;

/** One of those that come by this node's address; of somebody else's where it has none. */
const clientOf = (node: string, { draw, clients, nodeOf }: Scene): string => {
  const own = clients.filter((client) => nodeOf(client) === node);
  return draw.one(own.length > 0 ? own : clients);
};

/** Whoever has just taken a dead node's clients over dies in the same grace, which somebody who does not come back makes long. */
const heirLost: FaultChoice = {
  ...RECOVERY,
  name: 'heir-lost',
  weight: 6,
  possible: ({ nodes, failoverMs }) => nodes > 2 && failoverMs !== null,
  breakage([victim = ''], scene) {
    const { draw, nodes, shape } = scene;
    const heir = heirOf(nodes, victim);
    const other = draw.one(nodes.filter((node) => node !== victim && node !== heir));
    const away = clientOf(other, scene);
    const inheritedMs = shape.failoverMs! + draw.between(20, 500);
    const steps = [
      {
        parallel: [
          [{ fault: phrase('client-crash', [away], shape.graceMs) }],
          [death(draw, victim, draw.between(0, shape.graceMs))],
          [death(draw, other)],
          [{ wait: `${inheritedMs}ms` }, death(draw, heir)],
        ],
      },
    ];
    return { steps, lastsMs: shape.graceMs + BOOT_MS };
  },
};

/** A node comes back when another has its clients, and dies again when whatever it left there has run out (M3). */
const ownerReturns: FaultChoice = {
  ...RECOVERY,
  name: 'owner-returns',
  weight: 4,
  possible: ({ nodes, failoverMs }) => nodes > 1 && failoverMs !== null,
  breakage([owner = ''], { draw, shape }) {
    const awayMs = shape.failoverMs! + draw.between(100, 600);
    const stayMs = shape.leaseMs + draw.between(100, 1000);
    return {
      steps: [
        death(draw, owner, awayMs),
        { wait: `up ${owner}`, within: WITHIN },
        { wait: 'lift', within: WITHIN },
        { wait: `${stayMs}ms` },
        death(draw, owner),
      ],
      lastsMs: awayMs + stayMs + 2 * BOOT_MS,
    };
  },
};

/** The node that is to have an address dies when its clients have been let go, or just before (model.md, M9). */
const takerLost: FaultChoice = {
  ...RECOVERY,
  name: 'taker-lost',
  weight: 8,
  possible: ({ nodes }) => nodes > 1,
  breakage([owner = ''], { draw, nodes }) {
    const taker = draw.one(nodes.filter((node) => node !== owner));
    return {
      steps: [
        { wait: `up ${nodes.join(' ')}`, within: WITHIN },
        {
          parallel: [
            [{ migrate: `${owner} to ${taker}`, expect: OUTCOMES, within: WITHIN }],
            // With what it has let go and not handed over yet, the giver stands still for a while.
            [
              { wait: `${draw.between(4, 20)}ms` },
              { fault: phrase('pause', [owner], draw.between(50, 300)) },
            ],
            [
              { wait: `${draw.between(1, 60)}ms` },
              death(draw, taker),
              { wait: `up ${taker}`, within: WITHIN },
              // What came to nothing is tried again.
              { migrate: `${owner} to ${taker}`, expect: OUTCOMES, within: WITHIN },
            ],
          ],
        },
        { failback: owner, expect: OUTCOMES, within: WITHIN },
      ],
      lastsMs: 2 * BOOT_MS,
    };
  },
};

/** An address goes to another node and comes back to the very life that gave it, and one of its clients hears nothing of it; then that life ends (M11). */
const unseenMove: FaultChoice = {
  ...RECOVERY,
  name: 'unseen-move',
  weight: 3,
  needs: ['partitions'],
  possible: ({ nodes }) => nodes > 1,
  breakage([owner = ''], scene) {
    const { draw, nodes, shape } = scene;
    const to = draw.one(nodes.filter((node) => node !== owner));
    const client = clientOf(owner, scene);
    const cutMs = shape.graceMs + 4 * MOVE_MS + draw.between(0, shape.graceMs / 2);
    const cut = `partition ${client} from ${nodes.join(' ')} for ${Math.round(cutMs)}ms`;
    return {
      steps: [
        { wait: `up ${nodes.join(' ')}`, within: WITHIN },
        { wait: 'lift', within: WITHIN },
        {
          parallel: [
            [{ fault: cut }],
            [
              { wait: `${draw.between(10, 100)}ms` },
              { migrate: `${owner} to ${to}`, expect: OUTCOMES, within: WITHIN },
              { failback: owner, expect: OUTCOMES, within: WITHIN },
              { wait: 'lift', within: WITHIN },
              death(draw, owner),
            ],
          ],
        },
      ],
      lastsMs: cutMs + BOOT_MS,
    };
  },
};

/** Edge condition 1: a client's lease runs out, others take what it had, and its node dies before anybody could tell it. */
const expiredUntold: FaultChoice = {
  ...RECOVERY,
  name: 'expired-untold',
  weight: 2,
  needs: ['partitions'],
  breakage([node = ''], scene) {
    const { draw, shape } = scene;
    const client = clientOf(node, scene);
    const silentMs = shape.leaseMs + draw.between(100, 2500);
    return {
      steps: [
        {
          parallel: [
            [{ fault: `partition ${client} from ${scene.nodes.join(' ')} for ${silentMs + 100}ms` }],
            [{ wait: `${silentMs}ms` }, death(draw, node)],
          ],
        },
      ],
      lastsMs: silentMs + BOOT_MS,
    };
  },
};

/** One hears neither the other nodes nor the ledger, and its clients hear it. */
const cutOff: FaultChoice = {
  ...RECOVERY,
  name: 'cut-off',
  endsLife: false,
  weight: 4,
  needs: ['partitions'],
  possible: (shape) => withEtcd(shape) && shape.nodes > 1,
  breakage([node = ''], { draw, nodes, shape }) {
    const ms = draw.between(200, 2 * shape.graceMs);
    const from = nodes.filter((other) => other !== node);
    return {
      steps: [{ fault: `partition ${node} from ${from.join(' ')} ledger for ${ms}ms` }],
      lastsMs: ms,
    };
  },
};

/** One stands still until it is fenced, and whoever has it fenced stands still, too, when the word of it comes; its next life hears of the ledger late (M6). */
const lateWord: FaultChoice = {
  ...RECOVERY,
  name: 'late-word',
  weight: 6,
  needs: ['partitions'],
  possible: (shape) => withEtcd(shape) && shape.nodes > 2,
  breakage([late = ''], { draw, nodes, shape }) {
    const others = nodes.filter((node) => node !== late);
    const victim = draw.one(others);
    const pauseMs = draw.between(shape.graceMs, 2 * shape.graceMs);
    return {
      steps: [
        {
          parallel: [
            [{ fault: phrase('pause', [late], pauseMs) }],
            [death(draw, victim)],
            [
              { wait: `${draw.between(450, 700)}ms` },
              { wait: `up ${late}`, within: WITHIN },
              { fault: `partition ${late} from ledger for ${draw.between(100, 800)}ms` },
            ],
          ],
        },
      ],
      lastsMs: pauseMs + BOOT_MS,
    };
  },
};

/**
 * What a node has acknowledged is done, and it does not hear so before a grace has come and gone and the next one runs: what it had promised was about
 * the first (D4). Then it dies, with what it recorded in the second.
 */
const unheardAnswer: FaultChoice = {
  ...RECOVERY,
  name: 'unheard-answer',
  weight: 6,
  needs: ['named-steps'],
  possible: (shape) => withEtcd(shape) && shape.nodes > 2,
  breakage([deaf = ''], { draw, nodes }) {
    const [first, second] = [0, 1].map(() => draw.one(nodes.filter((node) => node !== deaf)));
    const deafMs = draw.between(1100, 2000);
    const stall = { at: 'before-acknowledgement', patienceMs: 1000, maybe: true };
    return {
      steps: [
        { wait: `up ${nodes.join(' ')}`, within: WITHIN },
        { wait: 'lift', within: WITHIN },
        {
          parallel: [
            [{ fault: phrase('stall', [deaf], deafMs), with: stall }],
            [
              { wait: '10ms' },
              death(draw, first!, draw.between(0, 100)),
              { wait: 'lift', within: WITHIN },
              death(draw, second!, draw.between(0, 100)),
            ],
          ],
        },
        { wait: 'lift', within: WITHIN },
        { wait: `${draw.between(100, 800)}ms` },
        death(draw, deaf),
      ],
      lastsMs: deafMs + 2 * BOOT_MS,
    };
  },
};

/** A node dies and is back, something happens while its clients reclaim, and after the lift it dies again: what was recorded meanwhile shows then. */
const betweenDeaths = (
  draw: Scene['draw'],
  node: string,
  nodes: readonly string[],
  meanwhile: () => WrittenStep,
): WrittenStep[] => [
  { wait: `up ${nodes.join(' ')}`, within: WITHIN },
  death(draw, node, draw.between(0, 100)),
  { wait: `up ${node}`, within: WITHIN },
  { wait: `${draw.between(0, 60)}ms` },
  meanwhile(),
  { wait: 'lift', within: WITHIN },
  { wait: `${draw.between(100, 800)}ms` },
  death(draw, node),
];

/**
 * A member of the store stands still with what a life had sent it, and does that when the next life has recorded the same clients (D8). Then that
 * life ends, too.
 */
const lateWrite: FaultChoice = {
  ...RECOVERY,
  name: 'late-write',
  weight: 6,
  possible: withEtcd,
  breakage([node = ''], { draw, nodes }) {
    const member = draw.one(['e1', 'e2', 'e3']);
    const heldMs = draw.between(600, 1500);
    const steps = betweenDeaths(draw, node, nodes, () => ({
      parallel: [
        [{ fault: phrase('pause', [member], heldMs) }],
        [{ wait: `${draw.between(20, 200)}ms` }, death(draw, node, 0)],
      ],
    }));
    return { steps, lastsMs: heldMs + 3 * BOOT_MS };
  },
};

/** Nothing can be written when the clients of a node that is back are through with their reclaims (D7); then it is full no more, and that node dies again. */
const fullRecovery: FaultChoice = {
  ...RECOVERY,
  name: 'full-recovery',
  weight: 3,
  needs: ['ledger-access', 'space-limit'],
  breakage([node = ''], { draw, nodes }) {
    const fullMs = draw.between(100, 1000);
    const steps = betweenDeaths(draw, node, nodes, () => ({
      fault: phrase('ledger-full', ['ledger'], fullMs),
    }));
    return { steps, lastsMs: fullMs + 2 * BOOT_MS };
  },
};

export const RECOVERIES: readonly FaultChoice[] = [
  heirLost,
  ownerReturns,
  takerLost,
  unseenMove,
  expiredUntold,
  cutOff,
  lateWord,
  unheardAnswer,
  lateWrite,
  fullRecovery,
];
