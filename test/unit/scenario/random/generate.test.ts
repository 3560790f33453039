import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { FAULTS } from '../../../../src/faults/registry.ts';
import { everyStep } from '../../../../src/scenario/every-step.ts';
import { writeScenario } from '../../../../src/scenario/format/write.ts';
import { parseScenario } from '../../../../src/scenario/load.ts';
import { FAULT_MENU, FAULT_NAMES } from '../../../../src/scenario/random/fault-menu.ts';
import { generate } from '../../../../src/scenario/random/generate.ts';
import type { ChaosShape } from '../../../../src/scenario/random/shape.ts';
import { WORKLOAD_MENU, WORKLOAD_NAMES } from '../../../../src/scenario/random/workload-menu.ts';
import type { FaultStep, LoopStep, Scenario } from '../../../../src/scenario/scenario.ts';

const SHAPE: ChaosShape = {
  nodes: 5,
  clients: 5,
  durationMs: 20_000,
  faults: FAULT_NAMES,
  workloads: WORKLOAD_NAMES,
  store: 'sqlite',
  failoverMs: null,
  leaseMs: 1000,
  graceMs: 2000,
};

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const shapes: fc.Arbitrary<ChaosShape> = fc.record({
  nodes: fc.integer({ min: 1, max: 16 }),
  clients: fc.integer({ min: 1, max: 16 }),
  durationMs: fc.integer({ min: 1000, max: 120_000 }),
  // What ends a life is possible in every cluster, so there is always something on the menu.
  faults: fc.subarray([...FAULT_NAMES]).map((names) => [...names, 'kill']),
  workloads: fc.subarray([...WORKLOAD_NAMES], { minLength: 1 }),
  store: fc.constantFrom('sqlite', 'etcd'),
  failoverMs: fc.option(fc.integer({ min: 100, max: 2000 })),
  leaseMs: fc.constant(1000),
  graceMs: fc.constant(2000),
});

/** Or depends on nobody else taking it down meanwhile. */
const takesDown = ({ fault, targets }: FaultStep) =>
  (FAULTS.get(fault)?.hits === 'node' || fault.endsWith('-message')) &&
  !targets.some((target) => target.startsWith('c'));
const faultsOf = ({ steps }: Scenario) =>
  everyStep(steps).filter((step): step is FaultStep => step.do === 'fault');
const loopsOf = ({ steps }: Scenario) => steps.filter((step): step is LoopStep => step.do === 'loop');

t.test(
  'the same seed and shape give the same schedule, byte for byte; another seed another one',
  async (t) => {
    fc.assert(
      fc.property(seeds, shapes, (seed, shape) => {
        const text = writeScenario(generate(seed, shape));
        return (
          text === writeScenario(generate(seed, shape)) && text !== writeScenario(generate(seed ^ 1, shape))
        );
      }),
      { numRuns: 50 },
    );
    t.pass();
  },
);

t.test('the title says how large it is, in the number that one has', async (t) => {
  const title = (nodes: number, clients: number) => generate(1, { ...SHAPE, nodes, clients }).title;
  t.equal(title(1, 1), 'Random schedule 1: 1 node, 1 client, 20000 ms');
  t.equal(title(3, 2), 'Random schedule 1: 3 nodes, 2 clients, 20000 ms');
});

t.test('a schedule is a file that run takes, and loads as the very same', async (t) => {
  fc.assert(
    fc.property(seeds, shapes, (seed, shape) => {
      const scenario = generate(seed, shape);
      const loaded = parseScenario(writeScenario(scenario), 'schedule.yaml');
      if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
      assert.deepStrictEqual(loaded.scenario, scenario);
    }),
    { numRuns: 100 },
  );
  t.pass();
});

t.test('every fault ends by itself, and something ends a life where it may', async (t) => {
  fc.assert(
    fc.property(seeds, shapes, (seed, shape) => {
      const faults = faultsOf(generate(seed, shape));
      return (
        // A storm is over when it has had its lives.
        faults.every(({ fault, down }) =>
          down === null ? fault === 'reboot-storm' : typeof down !== 'string',
        ) && faults.some(({ fault }) => FAULTS.get(fault)?.endsLife)
      );
    }),
    { numRuns: 200 },
  );
  t.pass();
});

t.test(
  'no two branches of a wave take down the same node, and nobody leaves by the book while others cannot answer',
  async (t) => {
    fc.assert(
      fc.property(seeds, fc.constantFrom('sqlite' as const, 'etcd' as const), (seed, store) => {
        for (const step of generate(seed, { ...SHAPE, store }).steps) {
          if (step.do !== 'parallel') continue;
          const branches = step.branches.map((branch) =>
            branch.filter((each): each is FaultStep => each.do === 'fault'),
          );
          const hit = branches.flatMap((branch) => [
            ...new Set(branch.filter(takesDown).flatMap(({ targets }) => targets)),
          ]);
          t.equal(new Set(hit).size, hit.length, step.text);
          const all = branches.flat();
          if (all.some(({ fault }) => fault === 'restart')) {
            t.ok(all.every(takesDown));
            t.notOk(hit.some((name) => name.startsWith('e')));
          }
        }
      }),
      { numRuns: 200 },
    );
  },
);

t.test('only what was asked for breaks, and is done', async (t) => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const scenario = generate(seed, { ...SHAPE, faults: ['kill'], workloads: ['guarded'] });
      t.ok(faultsOf(scenario).every(({ fault }) => fault === 'kill'));
      t.ok(loopsOf(scenario).every(({ body }) => body === 'guarded-cells'));
    }),
    { numRuns: 20 },
  );
  t.throws(() => generate(1, { ...SHAPE, faults: ['cut-ledger'] }), RangeError);
});

t.test(
  'where there are clients enough every workload is given to one, and what it is for is judged',
  async (t) => {
    for (let seed = 0; seed < 50; seed += 1) {
      const scenario = generate(seed, SHAPE);
      const bodies = new Set(loopsOf(scenario).map(({ body }) => body));
      t.equal(bodies.size, WORKLOAD_MENU.length);
      t.ok(scenario.expect.checks.includes('guarded-data'));
    }
    const without = generate(1, { ...SHAPE, workloads: ['mixed'] });
    t.notOk(without.expect.checks.includes('guarded-data'));
  },
);

t.test(
  'over many seeds everything on the menu happens: alone, on several nodes, on all, side by side, again at once',
  async (t) => {
    const seen = { all: 0, several: 0, sideBySide: 0, again: 0 };
    const kinds = new Set<string>();
    for (let seed = 0; seed < 200; seed += 1) {
      const scenario = generate(seed, { ...SHAPE, store: 'etcd' });
      for (const { fault, targets, from } of faultsOf(scenario)) {
        kinds.add(from === null ? `${fault} ${targets[0]![0]}` : `${fault} from ${from[0]![0]}`);
        if (targets.length === SHAPE.nodes) seen.all += 1;
        else if (targets.length > 1 && targets[0]!.startsWith('n')) seen.several += 1;
      }
      for (const step of everyStep(scenario.steps))
        if (step.do === 'migrate' || step.do === 'recovery') kinds.add(step.text.split(':')[0]!);
      for (const step of scenario.steps) {
        if (step.do !== 'parallel') continue;
        seen.sideBySide += 1;
        if (step.branches.some((branch) => branch.filter((each) => each.do === 'fault').length > 1))
          seen.again += 1;
      }
    }
    for (const [what, times] of Object.entries(seen)) t.ok(times > 20, `${what}: ${times}`);
    for (const kind of [
      'power-cut n',
      'kill n',
      'restart n',
      'pause n',
      'crash n',
      'slow-boot n',
      'reboot-storm n',
      'clock-skew n',
      'stable-lost n',
      'stable-read-only n',
      'migrate',
      'failback',
      'loss n',
      'reset n',
      'drop-message n',
      'delay-message n',
      'duplicate-message n',
      'reorder-message n',
      'reset-message n',
      'kill e',
      'ledger-slow l',
      'ledger-gone l',
      'ledger-full l',
      'client-crash c',
      'client-restart c',
      'recovery',
      'partition from l',
      'partition from n',
      'partition from c',
    ])
      t.ok(kinds.has(kind), kind);
  },
);

t.test('it ends with everybody up, grace lifted, clients recovered, and a while of calm', async (t) => {
  const { steps } = generate(3, SHAPE);
  t.strictSame(
    steps.slice(-4).map(({ text }) => text),
    ['wait: up n1 n2 n3 n4 n5', 'wait: lift', 'wait: recovered c1 c2 c3 c4 c5', 'wait: 1000ms'],
  );
});

t.test('nobody oversteps unless it is asked for', async (t) => {
  const oversteps = (workloads: readonly string[]) =>
    loopsOf(generate(1, { ...SHAPE, workloads })).some(({ body }) => body === 'overstep');
  t.notOk(WORKLOAD_NAMES.includes('overstep'));
  t.notOk(oversteps(WORKLOAD_NAMES));
  t.ok(oversteps(['overstep']));
});

t.test('names on the menus are unique', async (t) => {
  t.equal(new Set(FAULT_NAMES).size, FAULT_MENU.length);
  t.equal(new Set(WORKLOAD_NAMES).size, WORKLOAD_MENU.length);
});
