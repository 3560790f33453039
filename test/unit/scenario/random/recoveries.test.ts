/** Faults with a purpose come to it, whatever is drawn for their times and victims. */
import t from 'tap';
import { FAULTS } from '../../../../src/faults/registry.ts';
import { RECOVERIES } from '../../../../src/scenario/random/menu/recoveries.ts';
import type { FaultStep, Step } from '../../../../src/scenario/scenario.ts';
import { drawn, NODES, nodeOf, SCENE_SHAPE } from './fixtures/drawn.ts';

const { leaseMs, graceMs } = SCENE_SHAPE;
const failoverMs = SCENE_SHAPE.failoverMs!;

/** A step, and from when to when it lasts where all that is waited for comes at once. */
interface Moment {
  readonly step: Step;
  readonly fromMs: number;
  readonly toMs: number;
}

function lasts(step: Step): number {
  if (step.do === 'wait' && step.condition.what === 'time') return step.condition.leastMs;
  return step.do === 'fault' && typeof step.down === 'object' ? (step.down?.leastMs ?? 0) : 0;
}

function momentsOf(steps: readonly Step[], beginMs = 0): Moment[] {
  const moments: Moment[] = [];
  let nowMs = beginMs;
  for (const step of steps) {
    const branches = step.do === 'parallel' ? step.branches.map((branch) => momentsOf(branch, nowMs)) : [];
    const alone = { step, fromMs: nowMs, toMs: nowMs + lasts(step) };
    moments.push(alone, ...branches.flat());
    nowMs = Math.max(alone.toMs, ...branches.flat().map(({ toMs }) => toMs));
  }
  return moments;
}

interface Fault extends FaultStep {
  readonly fromMs: number;
  readonly toMs: number;
}

/** By seed: whom it hits, its faults, the deaths of a node among them, and what kinds of steps there are. */
function cases(name: string) {
  return drawn(RECOVERIES.find((choice) => choice.name === name)!).map(({ hit, steps }) => {
    const moments = momentsOf(steps);
    const faults = moments.flatMap(({ step, ...when }): Fault[] =>
      step.do === 'fault' ? [{ ...step, ...when }] : [],
    );
    const deaths = (node: string) =>
      faults.filter(({ fault, targets }) => FAULTS.get(fault)!.endsLife && targets.includes(node));
    const find = (fault: string) => faults.find((each) => each.fault === fault)!;
    return { hit, moments, faults, deaths, find };
  });
}

const within = (inner: Fault, outer: Fault): boolean =>
  outer.fromMs <= inner.fromMs && inner.fromMs < outer.toMs;

t.test(
  'heir-lost: whoever takes over first dies after that, in a grace that somebody makes long',
  async (t) => {
    for (const { hit, deaths, find } of cases('heir-lost')) {
      const heir = NODES[(NODES.indexOf(hit) + 1) % NODES.length]!;
      t.ok(deaths(heir)[0]!.fromMs > deaths(hit)[0]!.fromMs + failoverMs);
      const away = find('client-crash');
      t.equal(away.toMs - away.fromMs, graceMs);
      const others = NODES.filter((node) => node !== hit && node !== heir && deaths(node).length > 0);
      t.equal(others.length, 1);
      if (others[0] !== 'n4') t.equal(nodeOf(away.targets[0]!), others[0]);
    }
  },
);

t.test(
  'owner-returns: a node is away for longer than it is waited for, and dies again a lease later',
  async (t) => {
    for (const { hit, deaths } of cases('owner-returns')) {
      const [first, second] = deaths(hit);
      t.ok(first!.toMs - first!.fromMs > failoverMs);
      t.ok(second!.fromMs - first!.toMs > leaseMs);
    }
  },
);

t.test('taker-lost: whoever is to have an address dies, is back, and is to have it again', async (t) => {
  for (const { hit, moments, deaths, find } of cases('taker-lost')) {
    const branches = moments.flatMap(({ step }) => (step.do === 'parallel' ? [step.branches] : []))[0]!;
    const takers = branches.flat().flatMap((step) => (step.do === 'migrate' ? [step.to] : []));
    t.equal(takers.length, 2);
    t.equal(new Set(takers).size, 1);
    t.equal(deaths(takers[0]!).length, 1);
    t.same(find('pause').targets, [hit], 'the giver stands still with what it has let go');
    const last = branches.find((branch) => branch.length > 2)!;
    t.match(last.at(-2), { condition: { what: 'up', nodes: [takers[0]] } });
  }
});

t.test('unseen-move: a client hears nothing of a move there and back, and then the giver dies', async (t) => {
  for (const { hit, moments, deaths, find } of cases('unseen-move')) {
    const cut = find('partition');
    t.same(cut.from, NODES);
    const there = moments.find(({ step }) => step.do === 'migrate')!;
    t.ok(there.fromMs > cut.fromMs && cut.toMs - there.fromMs > graceMs, 'it goes on when grace is over');
    if (hit !== 'n4') t.equal(nodeOf(cut.targets[0]!), hit);
    const moves = moments.flatMap(({ step }) => (step.do === 'migrate' ? [step] : []));
    t.match(moves, [{ owner: hit }, { owner: hit, to: hit }]);
    t.equal(deaths(hit).length, 1);
  }
});

t.test("expired-untold: a client's lease runs out, and its node dies before it hears of that", async (t) => {
  for (const { hit, deaths, find } of cases('expired-untold')) {
    const cut = find('partition');
    t.same(cut.from, NODES);
    if (hit !== 'n4') t.equal(nodeOf(cut.targets[0]!), hit);
    const [death] = deaths(hit);
    t.ok(within(death!, cut) && death!.fromMs - cut.fromMs > leaseMs);
  }
});

t.test('cut-off: a node hears neither the others nor the ledger', async (t) => {
  for (const { hit, faults } of cases('cut-off')) {
    const from = [...NODES.filter((node) => node !== hit), 'ledger'];
    t.match(faults, [{ fault: 'partition', targets: [hit], from }]);
  }
});

t.test(
  'late-word: one stands still for a grace, another dies, and the first hears of the ledger late',
  async (t) => {
    for (const { hit, faults, find, deaths } of cases('late-word')) {
      const [paused, cut] = [find('pause'), find('partition')];
      t.same([paused.targets, cut.targets, cut.from], [[hit], [hit], ['ledger']]);
      t.ok(paused.toMs - paused.fromMs >= graceMs);
      t.equal(NODES.filter((node) => node !== hit && deaths(node).length > 0).length, 1);
      t.equal(faults.length, 3);
    }
  },
);

t.test(
  'unheard-answer: two graces begin by the deaths of others while it hears nothing; then it dies',
  async (t) => {
    for (const { hit, moments, deaths, find } of cases('unheard-answer')) {
      const deaf = find('stall');
      t.match(deaf, { targets: [hit], parameters: { at: 'before-acknowledgement', maybe: true } });
      t.ok(deaf.toMs - deaf.fromMs > leaseMs);
      const others = NODES.filter((node) => node !== hit).flatMap(deaths);
      t.equal(others.length, 2);
      t.ok(others.every((death) => within(death, deaf) && death.fromMs > deaf.fromMs));
      t.equal(deaths(hit).length, 1);
      t.match(moments.at(-1)!.step, { do: 'fault', targets: [hit] });
    }
  },
);

t.test(
  'late-write: a life ends while a member of the store stands still, and the next one after the lift',
  async (t) => {
    for (const { hit, moments, deaths, find } of cases('late-write')) {
      const held = find('pause');
      t.match(held.targets[0], /^e[123]$/);
      const [first, second, third] = deaths(hit) as [Fault, Fault, Fault];
      t.notOk(within(first, held));
      t.ok(within(second, held) && second.fromMs > held.fromMs);
      t.ok(third.fromMs > held.toMs);
      t.match(moments.at(-3)!.step, { condition: { what: 'lift' } });
    }
  },
);

t.test('full-recovery: nothing can be written between two deaths of one node', async (t) => {
  for (const { hit, moments, deaths, find } of cases('full-recovery')) {
    const full = find('ledger-full');
    const [first, second] = deaths(hit) as [Fault, Fault];
    t.ok(first.toMs <= full.fromMs && full.toMs < second.fromMs);
    t.match(moments.at(-3)!.step, { condition: { what: 'lift' } });
  }
});
