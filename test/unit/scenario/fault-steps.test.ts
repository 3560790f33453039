/** Faults in scenarios: what is refused before anything starts, and what steps do to a cluster. */
import t from 'tap';
import { parseScenario } from '../../../src/scenario/load.ts';
import { scenarioRefusal } from '../../../src/scenario/needed-abilities.ts';
import { stage, stageOf, stepsOn } from './fixtures/fake-cluster.ts';

const HEAD = 'name: x\ntitle: x\ncluster: { nodes: 3 }\nclients: { alice: n1, bob: n2 }\nsteps:\n';

function loaded(steps: string) {
  const outcome = parseScenario(`${HEAD}${steps}`, 'x');
  return outcome.ok ? outcome.scenario : outcome.problems.join('\n');
}

t.test('faults are written with a step, a target by role, and parameters', async (t) => {
  const scenario = loaded(
    [
      '  - fault: crash one-survivor at after-acknowledgement for 100ms',
      '    with: { nth: 2 }',
      '  - fault: power-cut minority until start',
      '  - start: all',
      '  - fault: loss server-of-alice from clients for 1s',
      '  - fault: client-crash clients-of-n1 for 10ms',
      '  - fault: ledger-gone ledger until heal',
      '  - heal: ledger',
    ].join('\n'),
  );
  t.match(scenario, {
    steps: [
      { fault: 'crash', targets: ['one-survivor'], parameters: { at: 'after-acknowledgement', nth: 2 } },
      { fault: 'power-cut', targets: ['minority'] },
      {},
      { fault: 'loss', targets: ['server-of-alice'], from: ['clients'] },
      { fault: 'client-crash', targets: ['clients-of-n1'] },
      { fault: 'ledger-gone', targets: ['ledger'], down: 'until-heal' },
      {},
    ],
  });
});

t.test('a fault that cannot be is refused with a sentence', async (t) => {
  const refusals: [string, RegExp][] = [
    ['crash n1 for 1s', /"at" names a step of the protocol/],
    ['crash n1 at lunch for 1s', /"at" names a step of the protocol/],
    ['crash n1 at', /does not say at which step/],
    ['crash alice at before-lift', /no node is called "alice"/],
    ['client-crash n1', /no client is called "n1"/],
    ['client-crash survivor-of-n1', /no client is called/],
    ['ledger-gone n1 for 1s', /no ledger is called "n1"/],
    ['ledger-gone ledger until start', /is not started but healed/],
    ['reset n1 from alice for 1s', /"from" belongs to a partition/],
    ['power-cut server-of-dave', /no node is called "server-of-dave"/],
    ['drop-message n1 for 1s', /"message" says which message/],
    ['power-cut n1 at before-lift', /at/],
  ];
  for (const [fault, why] of refusals) t.match(loaded(`  - fault: ${fault}\n`), why, fault);
});

t.test('what a runtime does not offer is refused before anything starts, with the remedy', async (t) => {
  const scenario = loaded('  - parallel:\n      - - wait: 1ms\n      - - fault: loss n1 for 1s\n');
  if (typeof scenario === 'string') throw new Error(scenario);
  const offer = {
    runtime: 'the paper runtime',
    missing: [{ ability: 'packet-loss', remedy: 'use a network' }],
  } as const;
  t.equal(
    scenarioRefusal(scenario, offer),
    '"fault: loss n1 for 1s" in the scenario x needs what the paper runtime does not offer here: packet-loss (frames that are lost at random); use a network',
  );
  t.equal(scenarioRefusal(scenario, { ...offer, missing: [] }), null);
});

t.test('an armed node is told, dies when it says that it is there, and boots again', async (t) => {
  const fake = await stage('n1', 'n2');
  const { run } = await stepsOn(fake, '  - fault: crash n1 at before-lift for 100ms\n');
  const done = run();
  await fake.clock.advance(1);
  const container = fake.lab.of('n1');
  t.match(container.life.sent.at(-1), {
    command: 'arm',
    armed: { step: 'before-lift', nth: 1, stallMs: null },
  });
  container.life.say({ reached: 'before-lift', t: 1 });
  await fake.clock.advance(100);
  await done;
  t.strictSame(container.log, ['power-cut']);
  t.equal(container.lives.length, 2);
  t.match(container.life.sent[0], { armed: null }, 'once is enough');
  t.match(
    fake.events.filter(({ kind }) => kind === 'fault'),
    [
      { phase: 'begin', fault: 'crash', targets: ['n1'] },
      { phase: 'end', fault: 'crash' },
    ],
  );
});

t.test('a node that is down is armed with its next life', async (t) => {
  const fake = await stage('n1', 'n2');
  const { run } = await stepsOn(
    fake,
    '  - fault: kill n1 until start\n  - fault: crash n1 at between-beacon-and-boot-swap until start\n  - wait: armed n1\n',
  );
  await run();
  void fake.cluster.node('n1').start();
  await fake.clock.advance(1);
  t.match(fake.lab.of('n1').life.sent[0], { armed: { step: 'between-beacon-and-boot-swap' } });
});

t.test('a node that is down is told to stand still for a while in its next life, and lives on', async (t) => {
  const fake = await stage('n1', 'n2');
  const { run } = await stepsOn(
    fake,
    '  - fault: kill n1 until start\n  - fault: stall n1 at between-boot-swap-and-serving for 100ms\n',
  );
  const done = run();
  await fake.clock.advance(1);
  void fake.cluster.node('n1').start();
  await fake.clock.advance(1);
  const { life } = fake.lab.of('n1');
  const step = 'between-boot-swap-and-serving';
  t.match(life.sent[0], { armed: { step, nth: 1, stallMs: 100 } });
  life.say({ reached: step, t: 1 });
  await fake.clock.advance(100);
  await done;
  t.match(
    fake.events.filter((event) => event.kind === 'fault' && event.fault === 'stall'),
    [
      { phase: 'begin', targets: ['n1'], endsLife: undefined },
      { phase: 'end', targets: ['n1'] },
    ],
  );
});

t.test(
  'a node that does not come by its step in time is told so, and no later life stands there',
  async (t) => {
    const fake = await stage('n1', 'n2');
    const { run } = await stepsOn(
      fake,
      '  - fault: stall n1 at before-lift for 100ms\n    with: { patienceMs: 50, maybe: true }\n  - fault: kill n1 for 0ms\n',
    );
    const done = run();
    await fake.clock.advance(50);
    await done;
    const [before, after] = fake.lab.of('n1').lives;
    t.match(before!.sent.at(-1), { command: 'arm', armed: null });
    t.match(after!.sent[0], { armed: null });
  },
);

t.test(
  'a client that crashes believes nothing, and comes back with its loops and with new numbers',
  async (t) => {
    const fake = await stage('n1', 'n2');
    const { run } = await stepsOn(
      fake,
      '  - loop: alice accounts 0..32\n  - fault: client-crash alice for 0ms\n  - stop: alice\n',
    );
    await run();
    const alice = fake.lab.of('alice');
    t.strictSame(alice.log, ['power-cut']);
    const [first, second] = alice.lives;
    t.equal(first!.sent[0]!.operationsFrom, 0);
    t.ok(Number(second!.sent[0]!.operationsFrom) > 0);
    t.match(second!.sent[1], { command: 'loop', file: 'accounts' });
    t.match(second!.sent[2], { command: 'stop-loop' });
    const told = fake.events.filter(({ kind }) => kind === 'fault' || kind === 'client');
    t.match(told, [
      { kind: 'fault', phase: 'begin', fault: 'client-crash', targets: ['alice'], endsLife: false },
      { kind: 'client', event: 'stopped', client: 'alice' },
      { kind: 'fault', phase: 'end' },
    ]);
    t.equal(fake.cluster.observations.lastDeathAt, 0, 'no node died');
  },
);

t.test('a life that is ended on purpose before it serves is nobody’s failure', async (t) => {
  const fake = await stage('n1');
  fake.lab.of('n1').greeting = null;
  const boot = fake.cluster.node('n1');
  await boot.kill();
  const started = boot.start();
  await new Promise<void>((resolve) => setImmediate(resolve));
  await boot.powerCut();
  await t.resolves(started);
  t.equal(fake.cluster.lost, null);
});

t.test('a heal ends whatever is in force on its target, and says what that came to', async (t) => {
  const fake = await stageOf({ nodes: ['n1', 'n2'], store: 'etcd' });
  const { run } = await stepsOn(
    fake,
    '  - fault: ledger-gone ledger until heal\n  - fault: partition n1 from n2 until heal\n  - heal: all\n',
    { written: 'cluster: { nodes: [n1, n2], store: etcd }' },
  );
  await run();
  t.match(fake.lab.partitions, [
    { a: ['n1', 'n2'], b: ['e1', 'e2', 'e3'], healed: true },
    { a: ['n1'], b: ['n2'], healed: true },
  ]);
  const faults = fake.events.flatMap((event) =>
    event.kind === 'fault' ? [`${event.phase} ${event.fault}`] : [],
  );
  t.strictSame(faults.sort(), ['begin ledger-gone', 'begin partition', 'end ledger-gone', 'end partition']);
});
