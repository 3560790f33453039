import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { COVERAGE_NAMES } from '../../../src/check/coverage.ts';
import { CHECK_NAMES } from '../../../src/check/verdict.ts';
import { shapeOf } from '../../../src/scenario/format/cluster.ts';
import { STEP_STATUSES } from '../../../src/scenario/format/statuses.ts';
import { writeScenario } from '../../../src/scenario/format/write.ts';
import { retold } from '../../../src/scenario/format/write-steps.ts';
import { parseScenario } from '../../../src/scenario/load.ts';
import {
  LOOP_BODIES,
  RECOVERY_BEHAVIOURS,
  REPAIRS,
  type Scenario,
  type Step,
} from '../../../src/scenario/scenario.ts';

const SCENARIOS = join(import.meta.dirname, '../../../scenarios');

function again(scenario: Scenario): Scenario {
  const loaded = parseScenario(writeScenario(scenario), 'written.yaml');
  if (!loaded.ok) throw new Error(`${loaded.problems.join('\n')}\n${writeScenario(scenario)}`);
  return loaded.scenario;
}

t.test('what ships loads as the same after it was written', async (t) => {
  for (const file of (await readdir(SCENARIOS)).filter((name) => name.endsWith('.yaml'))) {
    const loaded = parseScenario(await readFile(join(SCENARIOS, file), 'utf8'), file);
    if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
    t.strictSame(again(loaded.scenario), loaded.scenario, file);
  }
});

const NODES = ['n1', 'n2', 'n3'];
const CLIENTS = ['alice', 'bob'];
const MS = fc.integer({ min: 1, max: 600_000 });
const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
const pause = fc.tuple(MS, MS).map(([a, b]) => ({ leastMs: Math.min(a, b), mostMs: Math.max(a, b) }));
const someOf = <T>(from: readonly T[]) => fc.subarray([...from], { minLength: 1 });
const text = fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' });

const target = fc.record({
  client: fc.constantFrom(...CLIENTS),
  owner: fc.constantFrom('alice', 'bob', '7-up'),
  file: fc.constantFrom('accounts', 'logs/today'),
  span: fc
    .tuple(fc.integer({ min: 0, max: 1000 }), fc.option(fc.integer({ min: 1, max: 1000 })))
    .map(([start, length]) => ({ start, end: length === null ? null : start + length })),
});
const answered = { expect: someOf(STEP_STATUSES), withinMs: MS };
const mode = fc.constantFrom('read' as const, 'write' as const);
const step = (shape: object) =>
  fc.record({ text: fc.constant(''), ...shape }) as unknown as fc.Arbitrary<Record<string, unknown>>;
const aimed = (shape: object) => fc.tuple(target, step(shape)).map(([aim, rest]) => ({ ...aim, ...rest }));

/** One for each kind; those that name loops or clients that must be there first are tried by the files above. */
const SINGLE: readonly fc.Arbitrary<object>[] = [
  aimed({
    do: fc.constant('lock'),
    mode,
    retry: fc.constantFrom('none', 'grace', 'all'),
    owners: fc.constant(1),
    ...answered,
  }),
  aimed({
    do: fc.constant('open'),
    deny: fc.constantFrom('none', 'read', 'write', 'both'),
    exclusive: fc.boolean(),
    access: fc.constantFrom('read', 'write', 'both'),
    create: fc.boolean(),
    ...answered,
  }),
  aimed({
    do: fc.constant('loop'),
    loop: word,
    mode,
    everyMs: MS,
    holdMs: fc.nat(600_000),
    body: fc.constantFrom(...LOOP_BODIES),
    seed: fc.nat(2 ** 32 - 1),
    until: fc.constantFrom('granted', null),
  }),
  step({
    do: fc.constant('fault'),
    fault: fc.constantFrom('kill', 'power-cut', 'restart'),
    targets: someOf(NODES),
    from: fc.constant(null),
    down: fc.oneof(pause, fc.constantFrom('until-start', null)),
    parameters: fc.constant({}),
  }),
  step({
    do: fc.constant('fault'),
    fault: fc.constant('partition'),
    targets: fc.constant(['n1']),
    from: someOf(['n2', 'clients', 'alice']),
    down: fc.oneof(pause, fc.constant('until-heal')),
    parameters: fc.constantFrom({}, { direction: 'one-way' }),
  }),
  step({ do: fc.constant('start'), nodes: someOf(NODES) }),
  step({ do: fc.constant('heal'), targets: someOf(NODES) }),
  step({
    do: fc.constantFrom(...REPAIRS),
    node: fc.constantFrom(...NODES),
    expect: fc.constantFrom(['OK'], ['no-grace', 'has-heir']),
    withinMs: MS,
  }),
  step({
    do: fc.constant('wait'),
    condition: fc.oneof(
      pause.map((each) => ({ what: 'time', ...each })),
      fc.constantFrom({ what: 'grace' }, { what: 'lift' }),
      someOf(NODES).map((nodes) => ({ what: 'up', nodes })),
      someOf(CLIENTS).map((clients) => ({ what: 'recovered', clients })),
    ),
    withinMs: MS,
  }),
  step({
    do: fc.constant('migrate'),
    domain: fc.constant(null),
    owner: fc.constantFrom(...NODES),
    to: fc.constantFrom(...NODES),
    expect: fc.constantFrom(['OK'], ['moving', 'OK']),
    withinMs: MS,
  }),
  step({ do: fc.constant('impostor'), node: fc.constantFrom(...NODES), withinMs: MS }),
  step({
    do: fc.constant('recovery'),
    client: fc.constantFrom(...CLIENTS),
    behaviour: fc.constantFrom(...RECOVERY_BEHAVIOURS),
  }),
];
const single = fc.oneof(...SINGLE) as fc.Arbitrary<Step>;
const nested = fc.oneof(
  { weight: 4, arbitrary: single },
  {
    weight: 1,
    arbitrary: fc
      .array(fc.array(single, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 4 })
      .map((branches): Step => ({ do: 'parallel', text: '', branches })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 1, max: 9 }), fc.array(single, { minLength: 1, maxLength: 3 }))
      .map(([times, steps]): Step => ({ do: 'repeat', text: '', times, steps })),
  },
);

/** Loops have names of their own, and every step says of itself what its file will. */
function tidy(steps: readonly Step[], taken = { loops: 0 }): Step[] {
  return steps.map((each) => {
    if (each.do === 'parallel')
      return retold({ ...each, branches: each.branches.map((branch) => tidy(branch, taken)) });
    if (each.do === 'repeat') return retold({ ...each, steps: tidy(each.steps, taken) });
    if (each.do !== 'loop') return retold(each);
    taken.loops += 1;
    return retold({ ...each, loop: `l${taken.loops}` });
  });
}

const scenarios = fc
  .record({
    name: word,
    title: text,
    about: fc.string({ unit: 'grapheme' }).map((about) => about.trim()),
    rows: fc.subarray(['18', 'C3', 'D12']),
    store: fc.constantFrom('sqlite' as const, 'etcd' as const),
    failover: fc.option(fc.integer({ min: 1, max: 5000 })),
    failback: fc.option(fc.option(MS), { nil: undefined }),
    fenceAfter: fc.option(MS),
    afterFence: fc.constantFrom('boot' as const, 'stay-down' as const),
    storePatience: fc.integer({ min: 100, max: 9000 }),
    delegations: fc.constantFrom('on' as const, 'off' as const),
    steps: fc.array(nested, { minLength: 1, maxLength: 8 }),
    checks: fc.subarray([...CHECK_NAMES]),
    coverage: fc.dictionary(fc.constantFrom(...COVERAGE_NAMES), fc.integer({ min: 1, max: 9 })),
    deadlineMs: fc.integer({ min: 1000, max: 600_000 }),
  })
  .map(
    ({
      store,
      failover,
      failback,
      fenceAfter,
      afterFence,
      storePatience,
      delegations,
      steps,
      checks,
      coverage,
      ...rest
    }): Scenario => ({
      ...rest,
      cluster: shapeOf(
        {
          nodes: NODES,
          store,
          failover,
          failback,
          'fence-after': fenceAfter,
          'after-fence': afterFence,
          'store-patience': storePatience,
          delegations,
          lease: 700,
        },
        { leaseMs: 1000 },
      ),
      clients: CLIENTS.map((name, index) => ({ name, node: NODES[index]! })),
      steps: tidy(steps),
      expect: { checks, coverage: { ...coverage } },
    }),
  );

t.test('whatever a program makes loads as the same after it was written', async (t) => {
  fc.assert(
    fc.property(scenarios, (scenario) => {
      assert.deepStrictEqual(again(scenario), scenario);
    }),
    { numRuns: 300 },
  );
  t.pass();
});

t.test('a phrase stays as a person wrote it, as long as it is true', async (t) => {
  const source = `name: a\ntitle: A\nclients: { alice: n1 }\nsteps:\n  - lock:  alice/alice  accounts  0..32\n  - fault: kill n1 for 1.5s`;
  const loaded = parseScenario(source, 'a.yaml');
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  const [lock, fault] = loaded.scenario.steps;
  t.match(writeScenario(loaded.scenario), /lock: alice\/alice {2}accounts {2}0\.\.32\n/);
  t.match(writeScenario(loaded.scenario), /fault: kill n1 for 1\.5s\n/);
  const changed = { ...fault!, targets: ['n1', 'n2'] } as Step;
  const written = writeScenario({ ...loaded.scenario, steps: [lock!, changed] });
  t.match(written, /fault: kill n1 n2 for 1500ms\n/);
  t.equal(retold(changed).text, 'fault: kill n1 n2 for 1500ms');
});
