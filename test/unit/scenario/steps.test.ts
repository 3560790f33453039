import t from 'tap';
import { asNodeId } from '../../../src/core/ids.ts';
import { createLedger } from '../../../src/core/ledger.ts';
import type { NodeEvent } from '../../../src/history/events.ts';
import type { Operator } from '../../../src/scenario/operator.ts';
import { stage, stageOf, stepsOn } from './fixtures/fake-cluster.ts';

/** Commands that a client was sent, after its configuration. */
const commandsOf = (life: { sent: Record<string, unknown>[] }) => life.sent.slice(1);

t.test('a step asks the agent in its words, and records itself', async (t) => {
  const on = await stage('n1', 'n2');
  const { run } = await stepsOn(
    on,
    '  - lock: alice/backup accounts 0..32\n    within: 3s\n  - { read: alice/backup accounts 0..8 }',
  );
  on.lab.of('alice').life.answer = () => ({ status: 'OK' });
  await run();
  t.match(commandsOf(on.lab.of('alice').life), [
    {
      command: 'lock',
      owner: 'backup',
      file: 'accounts',
      start: 0,
      end: 32,
      mode: 'write',
      retry: 'grace',
      timeoutMs: 3000,
    },
    { command: 'read', owner: 'backup', file: 'accounts', offset: 0, count: 8 },
  ]);
  t.match(on.events, [{ event: 'step', text: 'lock: alice/backup accounts 0..32' }, { event: 'step' }]);
});

t.test('a status that is not expected fails the step with both', async (t) => {
  const on = await stage('n1', 'n2');
  const { run } = await stepsOn(
    on,
    '  - lock: alice accounts 0..32\n    expect: [GRACE, DENIED]\n  - wait: 1s',
  );
  on.lab.of('alice').life.answer = () => ({ status: 'OK' });
  await t.rejects(run(), {
    name: 'StepFailure',
    message: '"lock: alice accounts 0..32" was to end with GRACE or DENIED and ended with OK',
  });
});

t.test('a value that is not the expected one fails the step', async (t) => {
  const on = await stage('n1', 'n2');
  const { run } = await stepsOn(
    on,
    '  - open: alice accounts\n  - read: alice accounts 0..32\n    value: right',
  );
  on.lab.of('alice').life.answer = ({ command }) => ({
    status: 'OK',
    ...(command === 'read' && { value: 'wrong' }),
  });
  await t.rejects(run(), { message: '"read: alice accounts 0..32" was to read "right" and read "wrong"' });
});

t.test('many owners get a slice each, and each must end as expected', async (t) => {
  const on = await stage('n1', 'n2');
  const { run } = await stepsOn(on, '  - lock: alice/many crowd 100..108\n    owners: 3');
  const { life } = on.lab.of('alice');
  life.answer = () => ({ status: 'OK' });
  await run();
  t.match(commandsOf(life), [
    { owner: 'many-0', start: 100, end: 108 },
    { owner: 'many-1', start: 108, end: 116 },
    { owner: 'many-2', start: 116, end: 124 },
  ]);
  life.answer = ({ owner }) => ({ status: owner === 'many-1' ? 'DENIED' : 'OK' });
  await t.rejects(run(), { message: /ended with DENIED/ });
});

t.test('a loop is begun and stopped by its name', async (t) => {
  const on = await stage('n1', 'n2');
  const { run, context } = await stepsOn(
    on,
    '  - loop: bob a 0..8\n    as: thief\n    every: 5ms\n  - stop: thief',
  );
  await run();
  t.match(commandsOf(on.lab.of('bob').life), [
    { command: 'loop', loop: 'thief', owner: 'bob', everyMs: 5, body: 'lock-unlock' },
    { command: 'stop-loop', loop: 'thief' },
  ]);
  t.equal(context.loops.size, 0);
});

t.test('a fault lasts as long as the seed has it, and is in the history with both ends', async (t) => {
  const on = await stage('n1', 'n2');
  const { run } = await stepsOn(on, '  - fault: power-cut n1 for 100ms..300ms');
  const done = run();
  await on.clock.advance(199);
  t.notOk(on.cluster.node('n1').running);
  await on.clock.advance(1);
  await done;
  t.ok(on.cluster.node('n1').serving);
  t.match(
    on.events.filter(({ kind }) => kind === 'fault'),
    [
      { phase: 'begin', fault: 'power-cut', targets: ['n1'], t: 0, detail: 'down for 200 ms' },
      { phase: 'end', t: 200e6 },
    ],
  );
});

t.test('a node that is to stay down comes back by a start step, which ends the fault', async (t) => {
  const on = await stage('n1', 'n2');
  const { run } = await stepsOn(
    on,
    '  - fault: kill n1 until start\n  - fault: pause n2 until start\n  - start: n1 n2\n  - wait: up n1',
  );
  await run();
  t.equal(on.lab.of('n1').lives.length, 2);
  t.strictSame(on.lab.of('n2').log, ['pause', 'resume']);
  const faults = on.events.flatMap((event) =>
    event.kind === 'fault' ? [`${event.phase} ${event.fault} ${event.targets}`] : [],
  );
  t.strictSame(faults.sort(), ['begin kill n1', 'begin pause n2', 'end kill n1', 'end pause n2']);
});

t.test('a node that is not down cannot be started', async (t) => {
  const on = await stage('n1', 'n2');
  const { run } = await stepsOn(on, '  - start: n1');
  await t.rejects(run(), { message: '"start: n1" failed: n1 is not down' });
});

t.test('branches run beside each other, and a failure waits for the others', async (t) => {
  const on = await stage('n1', 'n2');
  const { run } = await stepsOn(
    on,
    '  - parallel:\n      - [{ wait: 100ms }, { wait: 100ms }]\n      - [{ start: n1 }]',
  );
  const refused = t.rejects(run(), { message: /n1 is not down/ });
  let over = false;
  void refused.then(() => {
    over = true;
  });
  await on.clock.advance(199);
  t.notOk(over);
  await on.clock.advance(1);
  await refused;
});

t.test('steps are repeated, and none begins when the run is over', async (t) => {
  const on = await stage('n1', 'n2');
  const { run, context } = await stepsOn(on, '  - repeat: 3\n    steps:\n      - wait: 10ms');
  const done = run();
  await on.clock.advance(15);
  context.over = true;
  await on.clock.advance(1000);
  await done;
  t.equal(on.events.filter((event) => event.kind === 'run').length, 3, 'repeat, and two waits of three');
});

t.test('a wait that does not come true in time says what was waited for', async (t) => {
  const on = await stage('n1', 'n2');
  const { run } = await stepsOn(on, '  - wait: refused bob\n    within: 200ms');
  const refused = t.rejects(run(), { message: '"wait: refused bob" did not come within 200 ms' });
  await on.clock.advance(200);
  await refused;
});

t.test('a wait for what has happened since the newest fault does not miss it', async (t) => {
  const on = await stage('n1', 'n2');
  const { run } = await stepsOn(
    on,
    '  - fault: power-cut n1 until start\n  - wait: 50ms\n  - wait: refused bob',
  );
  const done = run();
  await on.clock.advance(10);
  on.cluster.record({
    ...{ kind: 'op', op: 'lock', phase: 'fail', status: 'GRACE', t: 10e6, id: 1 },
    ...{ client: 'bob', owner: 'bob', node: 'n2', file: 'a' },
  });
  await on.clock.advance(40);
  await done;
  t.pass('it came before the wait began');
});

const faultsOf = (on: Awaited<ReturnType<typeof stage>>) =>
  on.events.flatMap((event) =>
    event.kind === 'fault'
      ? [`${event.phase} ${event.fault} ${event.targets} ${event.detail ?? ''}`.trim()]
      : [],
  );

t.test('a partition lasts its time, between the containers that its words mean', async (t) => {
  const on = await stageOf({ nodes: ['n1', 'n2'], store: 'etcd' });
  const { run } = await stepsOn(
    on,
    '  - fault: partition n1 from ledger n2 alice for 100ms\n    with: { direction: one-way }',
    { written: 'cluster: { nodes: 2, store: etcd }' },
  );
  const done = run();
  await on.clock.advance(99);
  const cut = { a: ['n1'], b: ['e1', 'e2', 'e3', 'n2', 'alice'], direction: 'one-way' };
  t.strictSame(on.lab.partitions, [{ ...cut, healed: false }]);
  await on.clock.advance(1);
  await done;
  t.strictSame(on.lab.partitions, [{ ...cut, healed: true }]);
  t.strictSame(faultsOf(on), [
    'begin partition n1 from e1, e2, e3, n2, alice, one way, down for 100 ms',
    'end partition n1',
  ]);
});

t.test(
  'a partition without an end of its own is healed by a step, by the name of who was cut off',
  async (t) => {
    const on = await stage('n1', 'n2');
    const { run } = await stepsOn(
      on,
      '  - fault: partition n1 from clients until heal\n  - fault: partition n2 from n1 until heal\n  - heal: n1',
    );
    await run();
    t.match(on.lab.partitions, [
      { a: ['n1'], b: ['alice', 'bob'], healed: true },
      { a: ['n2'], healed: false },
    ]);
    t.strictSame(faultsOf(on).at(-1), 'end partition n1');
    const again = await stepsOn(await stage('n1', 'n2'), '  - heal: n2');
    await t.rejects(again.run(), { message: '"heal: n2" failed: n2 is cut off from nobody' });
  },
);

t.test('a fault of the store ends the life of no node', async (t) => {
  const on = await stageOf({ nodes: ['n1', 'n2'], store: 'etcd' });
  const { run, context } = await stepsOn(
    on,
    '  - fault: kill store-majority until start\n  - fault: kill n2 until start',
    { written: 'cluster: { nodes: 2, store: etcd }' },
  );
  await run();
  t.match(
    on.events.filter(({ kind }) => kind === 'fault'),
    [
      { fault: 'kill', targets: { length: 2 }, endsLife: false },
      { fault: 'kill', targets: ['n2'] },
    ],
  );
  t.equal(on.events.filter((event) => event.kind === 'fault' && event.endsLife === undefined).length, 1);
  t.equal(on.cluster.stores.filter(({ running }) => !running).length, 2);
  t.equal(context.cluster.observations.diedAt('e1'), 0);
});

t.test('whichever members of the store were drawn, one step brings them back', async (t) => {
  const on = await stageOf({ nodes: ['n1', 'n2'], store: 'etcd' });
  const written = 'cluster: { nodes: 2, store: etcd }';
  const steps = '  - fault: kill store-majority until start\n  - start: store';
  const { run } = await stepsOn(on, steps, { written });
  await run();
  t.ok(on.cluster.stores.every(({ running }) => running));
  const again = await stepsOn(await stageOf({ nodes: ['n1', 'n2'], store: 'etcd' }), '  - start: store', {
    written,
  });
  await t.rejects(again.run(), { message: '"start: store" failed: nobody is down' });
});

const LEDGER = createLedger([asNodeId('n1'), asNodeId('n2')], { beaconProvesDeath: true });

t.test("an operator's repair is a swap in the history, by its own name", async (t) => {
  const on = await stage('n1', 'n2');
  const asked: string[] = [];
  const { run } = await stepsOn(on, '  - declare-dead: n1', {
    operator: async (repair, node) => {
      asked.push(`${repair} ${node}`);
      return { done: true, ledger: LEDGER, revision: 12 };
    },
  });
  await run();
  t.strictSame(asked, ['declare-dead n1']);
  t.match(on.events.at(-1), {
    kind: 'ledger',
    node: 'operator',
    incarnation: 0,
    command: 'confirm-death',
    revision: 12,
  });
});

t.test(
  'a repair that is refused for the moment is tried again, and a refusal may be what is expected',
  async (t) => {
    const on = await stage('n1', 'n2');
    let tries = 0;
    const operator: Operator['repair'] = async () => {
      tries += 1;
      if (tries < 3)
        return { done: false, refusal: 'claims-open', sentence: 'its clients may still reclaim.' };
      return { done: true, ledger: LEDGER, revision: 1 };
    };
    const patient = await stepsOn(on, '  - retire: n2', { operator });
    const done = patient.run();
    await on.clock.advance(100);
    await done;
    t.equal(tries, 3);
    tries = 0;
    const expecting = await stepsOn(await stage('n1', 'n2'), '  - { retire: n2, expect: claims-open }', {
      operator,
    });
    await expecting.run();
    t.equal(tries, 1);
  },
);

t.test('a repair that is never possible fails the step, with the reason', async (t) => {
  const on = await stage('n1', 'n2');
  const { run } = await stepsOn(on, '  - { retire: n2, within: 50ms }', {
    operator: async () => ({
      done: false,
      refusal: 'still-serving',
      sentence: 'n2 still serves; stop it first.',
    }),
  });
  const refused = t.rejects(run(), {
    message: '"retire: n2" was to end with OK and ended with still-serving (n2 still serves; stop it first)',
  });
  await on.clock.advance(100);
  await refused;
});

t.test("a move ends when the address leads there; the swap in the history is the operator's", async (t) => {
  const on = await stage('n1', 'n2');
  const swapped = (addressAt: string | null) => {
    const member = {
      ...LEDGER.members[asNodeId('n1')]!,
      addressAt: addressAt === null ? null : asNodeId(addressAt),
    };
    return { ...LEDGER, members: { ...LEDGER.members, n1: member } };
  };
  const asked: string[] = [];
  const move: Operator['move'] = async (what, owner, to) => {
    asked.push(`${what} of ${owner} to ${to}`);
    if (asked.length === 1) return { done: false, refusal: 'moving', sentence: 'it is on its way.' };
    return { done: true, ledger: swapped(null), revision: 1 };
  };
  const { run } = await stepsOn(on, '  - migrate: n1 to n2', { move });
  let over = false;
  const done = run().then(() => {
    over = true;
  });
  await on.clock.advance(100);
  t.strictSame(asked, ['address of n1 to n2', 'address of n1 to n2'], 'refused for the moment');
  t.notOk(over, 'it has begun, and the address is where it was');
  const node = { node: 'n1', incarnation: 1, command: 'acknowledge' } as const;
  on.cluster.record({ kind: 'ledger', t: 2e8, sentAt: 2e8, ledger: swapped('n2'), revision: 2, ...node });
  await done;
  t.match(
    on.events.filter(({ kind }) => kind !== 'run'),
    [
      { kind: 'fault', phase: 'begin', fault: 'migrate', targets: ['n1'], endsLife: false, detail: 'to n2' },
      { kind: 'ledger', node: 'operator', command: 'migrate', revision: 1 },
      { kind: 'ledger', revision: 2 },
      { kind: 'fault', phase: 'end', fault: 'migrate' },
    ],
  );
});

t.test(
  'a move may be called off where the step says so, and must be where it says nothing else',
  async (t) => {
    const ledger = (movingTo: 'n2' | null, addressAt: 'n2' | null) => {
      const where = { movingTo: movingTo && asNodeId(movingTo), addressAt: addressAt && asNodeId(addressAt) };
      return {
        ...LEDGER,
        members: { ...LEDGER.members, n1: { ...LEDGER.members[asNodeId('n1')]!, ...where } },
      };
    };
    const move: Operator['move'] = async () => ({ done: true, ledger: ledger('n2', null), revision: 1 });
    const node = { kind: 'ledger', t: 2e8, sentAt: 2e8, node: 'n1', incarnation: 1, revision: 2 } as const;
    for (const expect of ['[OK, called-off]', 'called-off']) {
      const on = await stage('n1', 'n2');
      const { run } = await stepsOn(on, `  - { migrate: n1 to n2, expect: ${expect} }`, { move });
      const done = run();
      await on.clock.advance(100);
      t.equal(on.events.filter(({ kind }) => kind === 'fault').length, 1, 'it is on its way');
      on.cluster.record({ ...node, command: 'report-death', ledger: ledger(null, null) });
      await done;
      t.match(on.events.at(-1), { kind: 'fault', phase: 'end', detail: 'nothing came of it' });
    }
    const on = await stage('n1', 'n2');
    const { run } = await stepsOn(on, '  - { migrate: n1 to n2, expect: called-off }', { move });
    const arrived = t.rejects(run(), {
      message: '"migrate: n1 to n2" was to end with called-off and ended with OK',
    });
    await on.clock.advance(100);
    on.cluster.record({ ...node, command: 'hand-over', ledger: ledger(null, 'n2') });
    await arrived;
  },
);

t.test('a move that is to be refused is no fault; one that is refused for good says why', async (t) => {
  const move: Operator['move'] = async () => ({
    done: false,
    refusal: 'already-there',
    sentence: 'the address of n1 leads there.',
  });
  const on = await stage('n1', 'n2');
  const expecting = await stepsOn(on, '  - { failback: n1, expect: already-there }', { move });
  await expecting.run();
  t.strictSame(
    on.events.filter(({ kind }) => kind === 'fault'),
    [],
  );
  const again = await stage('n1', 'n2');
  const { run } = await stepsOn(again, '  - { failback: n1, within: 50ms }', { move });
  const refused = t.rejects(run(), {
    name: 'StepFailure',
    message: '"failback: n1" was to end with OK and ended with already-there (the address of n1 leads there)',
  });
  await again.clock.advance(100);
  await refused;
});

t.test('a node that is admitted boots', async (t) => {
  const on = await stageOf({ nodes: ['n1', 'n2'], spares: ['n3'] });
  const { run } = await stepsOn(on, '  - admit: n3', {
    written: 'cluster: { nodes: 2, spares: [n3] }',
    operator: async () => ({ done: true, ledger: LEDGER, revision: 1 }),
  });
  await run();
  t.ok(on.cluster.node('n3').serving);
});

t.test('waits for what happens to a node mean since it was hit last', async (t) => {
  const on = await stage('n1', 'n2');
  const node = { kind: 'node', node: 'n1', incarnation: 1 } as const;
  await on.clock.advance(1);
  on.cluster.record({ ...node, t: 0.5e6, event: 'store-unavailable' });
  on.cluster.record({ ...node, t: 0.6e6, event: 'store-back' });
  const { run } = await stepsOn(
    on,
    '  - fault: pause n1 until start\n  - wait: outage n1\n  - wait: resumed n1\n  - wait: gave-up n1\n  - wait: fenced n1',
  );
  let over = false;
  const done = run().then(() => {
    over = true;
  });
  await on.clock.advance(1);
  const say = async (t: number, event: NodeEvent['event']) => {
    on.cluster.record({ ...node, t, event });
    await on.clock.advance(1);
  };
  t.equal(stepsSaid(on), 2, 'the outage of before does not count');
  await say(2e6, 'store-unavailable');
  t.equal(stepsSaid(on), 3);
  await say(3e6, 'store-back');
  t.equal(stepsSaid(on), 4);
  await say(4e6, 'gave-up');
  t.equal(stepsSaid(on), 4, 'said, and not done yet');
  await say(4.5e6, 'exited');
  t.equal(stepsSaid(on), 5);
  t.notOk(over);
  on.cluster.record({ kind: 'fault', t: 5e6, phase: 'begin', fault: 'fence', targets: ['n1'] });
  await done;
});

const stepsSaid = (on: Awaited<ReturnType<typeof stage>>): number =>
  on.events.filter((event) => event.kind === 'run' && event.event === 'step').length;
