import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { CHECK_NAMES } from '../../../src/check/verdict.ts';
import { scenarioSchemaText } from '../../../src/scenario/json-schema.ts';
import { loadScenario, parseScenario } from '../../../src/scenario/load.ts';
import type { Scenario, Step } from '../../../src/scenario/scenario.ts';

const SCENARIOS = join(import.meta.dirname, '../../../scenarios');

function scenarioOf(steps: string, extra = ''): Scenario {
  const text = `name: example\ntitle: An example\nclients: { alice: n1, bob: { node: n2 } }\n${extra}\nsteps:\n${steps}`;
  const loaded = parseScenario(text, 'x.yaml');
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return loaded.scenario;
}
const stepOf = (step: string): Step => scenarioOf(step).steps[0]!;

t.test('what is left out gets its default', async (t) => {
  const { cluster, clients, expect, deadlineMs } = scenarioOf('  - wait: 1s');
  const nodes = ['n1', 'n2', 'n3'];
  t.strictSame(cluster, {
    nodes,
    spares: [],
    leaseMs: 1000,
    graceMs: 2000,
    store: 'sqlite',
    domains: [{ name: 'main', nodes }],
    failoverMs: null,
    fenceAfterMs: 5000,
    afterFence: 'boot',
    storePatienceMs: 5000,
  });
  t.strictSame(clients, [
    { name: 'alice', node: 'n1' },
    { name: 'bob', node: 'n2' },
  ]);
  t.strictSame(expect, { checks: CHECK_NAMES, coverage: {} });
  t.equal(deadlineMs, 60_000);
});

t.test('a brief lock is the whole of it', async (t) => {
  t.strictSame(stepOf('  - lock: alice accounts 0..32'), {
    do: 'lock',
    text: 'lock: alice accounts 0..32',
    client: 'alice',
    owner: 'alice',
    file: 'accounts',
    span: { start: 0, end: 32 },
    expect: ['OK'],
    withinMs: 10_000,
    mode: 'write',
    owners: 1,
    retry: 'grace',
  });
});

t.test('an owner, an open end, a whole file', async (t) => {
  t.match(stepOf('  - lock: alice/backup logs/today 100..'), {
    owner: 'backup',
    file: 'logs/today',
    span: { start: 100, end: null },
  });
  t.match(stepOf('  - open: alice accounts'), { span: { start: 0, end: null } });
});

t.test('a lock that is to be refused is asked for once', async (t) => {
  t.match(stepOf('  - { lock: alice accounts, expect: GRACE }'), { retry: 'none' });
  t.match(stepOf('  - { lock: alice accounts, expect: [DENIED, GRACE] }'), { retry: 'none' });
  t.match(stepOf('  - { lock: alice accounts, expect: [OK, DENIED] }'), { retry: 'grace' });
});

t.test('a fault, and how long it lasts', async (t) => {
  t.match(stepOf('  - fault: power-cut n1 for 1.5s'), {
    fault: 'power-cut',
    targets: ['n1'],
    down: { leastMs: 1500, mostMs: 1500 },
  });
  t.match(stepOf('  - fault: kill n1 n2 for 100ms..1s'), {
    targets: ['n1', 'n2'],
    down: { leastMs: 100, mostMs: 1000 },
  });
  t.match(stepOf('  - fault: power-cut n3 until start'), { down: 'until-start' });
  t.match(stepOf('  - fault: restart n3'), { down: null });
});

t.test('a partition says from whom, and is healed', async (t) => {
  t.match(stepOf('  - fault: partition n1 n2 from n3 alice for 1s'), {
    fault: 'partition',
    targets: ['n1', 'n2'],
    from: ['n3', 'alice'],
    down: { leastMs: 1000 },
  });
  t.match(stepOf('  - fault: partition n1 from clients until heal\n    with: { direction: one-way }'), {
    from: ['clients'],
    down: 'until-heal',
    parameters: { direction: 'one-way' },
  });
  t.match(stepOf('  - heal: n1'), { do: 'heal', targets: ['n1'] });
});

t.test('an operator has verbs of its own, and refusals that may be expected', async (t) => {
  t.match(stepOf('  - retire: n2'), { do: 'retire', node: 'n2', expect: ['OK'], withinMs: 10_000 });
  t.match(stepOf('  - { declare-dead: n2, expect: still-alive, within: 1s }'), {
    do: 'declare-dead',
    expect: ['still-alive'],
    withinMs: 1000,
  });
});

t.test('a cluster with everything that can be said', async (t) => {
  const { cluster } = scenarioOf(
    '  - wait: 1s',
    'cluster: { nodes: 2, spares: [n3], store: etcd, fence-after: off, store-patience: 1s, delegations: off, domains: { a: [n1, n3], b: [n2] } }',
  );
  t.match(cluster, {
    spares: ['n3'],
    store: 'etcd',
    fenceAfterMs: null,
    storePatienceMs: 1000,
    delegations: false,
    domains: [
      { name: 'a', nodes: ['n1', 'n3'] },
      { name: 'b', nodes: ['n2'] },
    ],
  });
});

t.test('the scenarios that ship load, and are named like their files', async (t) => {
  const files = (await readdir(SCENARIOS)).filter((file) => file.endsWith('.yaml'));
  t.ok(files.length >= 5);
  for (const file of files) {
    const path = join(SCENARIOS, file);
    const loaded = await loadScenario(path);
    t.match(loaded, { ok: true, scenario: { name: file.replace('.yaml', '') } }, file);
    const [firstLine] = (await readFile(path, 'utf8')).split('\n');
    t.equal(
      firstLine,
      '# yaml-language-server: $schema=scenario.schema.json',
      `${file} tells editors its schema`,
    );
  }
});

t.test('a file that is missing, a directory, or too large is refused in one sentence', async (t) => {
  const missing = join(t.testdir({ large: 'x'.repeat(1_000_001) }), 'missing');
  t.strictSame(await loadScenario(missing), { ok: false, problems: [`${missing}: there is no such file.`] });
  t.strictSame(await loadScenario(t.testdirName), {
    ok: false,
    problems: [`${t.testdirName}: it is a directory.`],
  });
  t.strictSame(await loadScenario('/dev/zero'), { ok: false, problems: ['/dev/zero: it is a device.'] });
  t.match(await loadScenario(join(t.testdirName, 'large')), {
    ok: false,
    problems: [/too large for a scenario/],
  });
});

t.test(
  'the JSON Schema that is checked in is current (print it anew with src/cli/print-scenario-schema.ts)',
  async (t) => {
    t.equal(await readFile(join(SCENARIOS, 'scenario.schema.json'), 'utf8'), scenarioSchemaText());
  },
);
