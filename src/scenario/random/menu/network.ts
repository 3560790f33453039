/** What comes between nodes and others, all of whom live. */
import { type FaultChoice, phrase, type Scene, withEtcd } from './choice.ts';

const LONGEST_CUT_MS = 3000;
const ONE_WAY_SHARE = 0.3;
/** Operations that change what somebody holds, or whose place in a recovery matters. */
const OPERATIONS = [
  'OPEN',
  'CLOSE',
  'LOCK',
  'LOCKU',
  'WRITE',
  'SEQUENCE',
  'EXCHANGE_ID',
  'CREATE_SESSION',
  'RECLAIM_COMPLETE',
  'DELEGRETURN',
];
const MOST_MESSAGES = 3;
const LONGEST_DELAY_MS = 1500;

function partition(
  name: string,
  weight: number,
  from: (targets: readonly string[], scene: Scene) => readonly string[],
): FaultChoice {
  return {
    name,
    hits: 'network',
    weight,
    endsLife: false,
    needs: ['partitions'],
    breakage(targets, scene) {
      const { draw } = scene;
      const ms = draw.between(100, LONGEST_CUT_MS);
      const fault = `partition ${targets.join(' ')} from ${from(targets, scene).join(' ')} for ${ms}ms`;
      const oneWay = draw.chance(ONE_WAY_SHARE);
      return { steps: [oneWay ? { fault, with: { direction: 'one-way' } } : { fault }], lastsMs: ms };
    },
  };
}

const loss: FaultChoice = {
  name: 'loss',
  hits: 'network',
  weight: 1,
  endsLife: false,
  needs: ['packet-loss'],
  breakage(targets, { draw }) {
    const ms = draw.between(100, LONGEST_CUT_MS);
    const share = draw.between(5, 50) / 100;
    return { steps: [{ fault: phrase('loss', targets, ms), with: { share } }], lastsMs: ms };
  },
};

const reset: FaultChoice = {
  name: 'reset',
  hits: 'network',
  weight: 1,
  endsLife: false,
  needs: ['connection-reset'],
  breakage(targets, { draw }) {
    const ms = draw.between(20, 600);
    return { steps: [{ fault: phrase('reset', targets, ms) }], lastsMs: ms };
  },
};

/** One kind of message that does not arrive as it should, a few times. */
const messages: FaultChoice = {
  name: 'messages',
  // The relay runs beside the node, and dies with it.
  hits: 'nodes',
  weight: 3,
  endsLife: false,
  needs: ['relay'],
  breakage(targets, { draw }) {
    const ms = draw.between(300, LONGEST_CUT_MS);
    const [what, options] = draw.one([
      ['drop-message', {}],
      ['delay-message', { byMs: draw.between(20, LONGEST_DELAY_MS) }],
      ['duplicate-message', {}],
      ['reorder-message', {}],
      ['reset-message', {}],
    ] as const);
    const message = `${draw.one(OPERATIONS)} ${draw.one(['call', 'reply'])}`;
    const times = draw.between(1, MOST_MESSAGES);
    return {
      steps: [{ fault: phrase(what, targets, ms), with: { message, times, ...options } }],
      lastsMs: ms,
    };
  },
};

export const NETWORK: readonly FaultChoice[] = [
  partition('cut-clients', 2, (_targets, { clients, draw }) =>
    draw.chance(0.5) ? ['clients'] : draw.some(draw.between(1, clients.length), clients),
  ),
  {
    ...partition('cut-nodes', 1, (targets, { nodes, draw }) => {
      const others = nodes.filter((node) => !targets.includes(node));
      return draw.some(draw.between(1, others.length), others);
    }),
    possible: ({ nodes }) => nodes > 1,
  },
  { ...partition('cut-ledger', 2, () => ['ledger']), possible: withEtcd },
  loss,
  reset,
  messages,
];
