import t from 'tap';
import { stage, stepsOn } from './fixtures/fake-cluster.ts';

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
