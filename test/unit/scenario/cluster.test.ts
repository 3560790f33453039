import t from 'tap';
import { stage, stageOf } from './fixtures/fake-cluster.ts';

t.test('agents are told who they are; mutants are told to nodes only', async (t) => {
  const { lab, cluster } = await stage('n1', 'n2');
  await cluster.addClient({ name: 'alice', node: 'n2' });
  t.match(lab.of('n2').life.sent[0], {
    node: 'n2',
    listen: '0.0.0.0',
    port: 2049,
    leaseMs: 1000,
    graceMs: 2000,
    originNs: '5',
    domains: [
      {
        name: 'main',
        directory: '/srv/gracelab',
        members: ['n1', 'n2'],
        grows: false,
        store: { kind: 'sqlite', path: '/srv/gracelab/.gracelab/ledger.sqlite' },
      },
    ],
    namedDomains: false,
    serviceAddresses: { n1: '10.77.2.11', n2: '10.77.2.12' },
    failoverMs: null,
    fenceAfterMs: 5000,
    storePatienceMs: 5000,
    delegations: true,
    mutants: ['D12'],
  });
  t.strictSame(lab.of('alice').life.sent[0], {
    name: 'alice',
    node: 'n2',
    servers: { n1: '10.77.2.11', n2: '10.77.2.12' },
    port: 2049,
    leaseMs: 1000,
    originNs: '5',
    clockAheadMs: 0,
    operationsFrom: 0,
  });
});

t.test(
  'a node that ends its life for the cluster is booted again, later each time, and not for ever',
  async (t) => {
    const { lab, cluster, clock, events } = await stage('n1');
    const container = lab.of('n1');
    for (let life = 1; life <= 8; life += 1) {
      container.life.exit({ code: 70, signal: null });
      await clock.advance(Math.min(1000, 25 * 2 ** (life - 1)) - 1);
      t.equal(container.lives.length, life, 'not yet');
      await clock.advance(1);
      t.equal(container.lives.length, life + 1);
      t.ok(cluster.node('n1').serving);
    }
    t.equal(cluster.lost, null);
    container.life.exit({ code: 70, signal: null });
    await clock.advance(10_000);
    t.equal(container.lives.length, 9);
    t.equal(cluster.lost, 'node n1 ended its life 8 times in a row; it is not booted again');
    t.equal(events.filter((event) => event.kind === 'node' && event.event === 'exited').length, 9);
  },
);

t.test('an agent that ends by itself is news, at once for those who wait', async (t) => {
  const { lab, cluster, clock, events } = await stage('n1');
  const waiting = cluster.until(() => false, 1000);
  lab.of('n1').life.exit({ code: 1, signal: null });
  t.equal(await waiting, 'lost');
  t.match(cluster.lost, /^node n1 ended by itself \(status 1\)/);
  t.match(events, [{ kind: 'node', event: 'exited', node: 'n1', incarnation: 1, detail: 'status 1' }]);
  await clock.advance(5000);
  t.equal(lab.of('n1').lives.length, 1, 'it stays as it is');
});

t.test('an end that a fault caused is no news', async (t) => {
  const { cluster, events } = await stage('n1', 'n2', 'n3');
  await cluster.node('n1').powerCut();
  await cluster.node('n2').kill();
  await cluster.node('n3').stop();
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(cluster.lost, null);
  t.strictSame(events, []);
  t.notOk(cluster.node('n1').serving);
  await cluster.node('n1').start();
  t.ok(cluster.node('n1').serving);
});

t.test('a planned stop lets the node leave first, and does not go on when it cannot', async (t) => {
  const { lab, cluster } = await stage('n1', 'n2');
  await cluster.node('n1').stop();
  t.match(lab.of('n1').life.sent[1], { command: 'leave' });
  t.strictSame(lab.of('n1').log, ['stop']);
  const { life, log } = lab.of('n2');
  life.answer = () => ({ ok: false, error: 'the store does not answer' });
  await t.rejects(cluster.node('n2').stop(), {
    message: 'n2 could not stop as planned: the store does not answer',
  });
  t.strictSame(log, [], 'it goes on serving');
});

t.test('a life that ends by itself before it could leave is stopped with that, and stays so', async (t) => {
  const { lab, cluster, clock, events } = await stage('n1');
  const { life } = lab.of('n1');
  const answer = Promise.withResolvers<void>();
  life.send = () => {
    answer.resolve();
  };
  const stopping = cluster.node('n1').stop();
  await answer.promise;
  life.exit({ code: 70, signal: null });
  await stopping;
  t.match(events, [{ kind: 'node', event: 'exited', node: 'n1', detail: 'status 70' }]);
  await clock.advance(30_000);
  t.equal(lab.of('n1').lives.length, 1, 'whoever stopped it has it booted, or not');
  t.equal(cluster.lost, null);
});

t.test('a node that is never ready fails the start with one sentence', async (t) => {
  const { lab, cluster, clock } = await stage('n1');
  await cluster.node('n1').powerCut();
  lab.of('n1').greeting = null;
  const starting = cluster.node('n1').start();
  const refused = t.rejects(starting, { message: 'node n1 was not ready within 15000 ms' });
  await clock.advance(15_000);
  await refused;
});

t.test('until asks again after events, and gives up in time', async (t) => {
  const { cluster, clock } = await stage('n1');
  let holds = false;
  const waiting = cluster.until(() => holds, 1000);
  holds = true;
  cluster.record({ kind: 'run', t: 1, event: 'step' });
  t.equal(await waiting, 'holds');
  const never = cluster.until(() => false, 1000);
  await clock.advance(1000);
  t.equal(await never, 'timeout');
});

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
/** What the lab answered to the agent of a node. */
const answersTo = (life: { sent: Record<string, unknown>[] }) => life.sent.filter((line) => 'answer' in line);

t.test('life after life counts only in a row: one that served for long begins a new one', async (t) => {
  const { lab, cluster, clock } = await stage('n1');
  for (let life = 1; life <= 20; life += 1) {
    await clock.advance(60_000);
    lab.of('n1').life.exit({ code: 70, signal: null });
    await clock.advance(25);
    t.equal(lab.of('n1').lives.length, life + 1);
  }
  t.equal(cluster.lost, null);
});

t.test('lives that end because somebody breaks the node are no row', async (t) => {
  const { cluster, clock } = await stage('n1', 'n2');
  const node = cluster.node('n2');
  const breakings = [() => node.kill(), () => node.powerCut(), () => node.pause()];
  for (let life = 1; life <= 20; life += 1) {
    await breakings[life % breakings.length]!();
    await node.killFenced();
    await clock.advance(25);
    t.ok(node.serving, `life ${life}`);
  }
  t.equal(cluster.lost, null);
});

t.test(
  'I8: a node that is fenced again and again though nobody breaks it is not booted for ever',
  async (t) => {
    const { cluster, clock } = await stage('n1', 'n2');
    for (let life = 1; life <= 9; life += 1) {
      await cluster.node('n2').killFenced();
      await clock.advance(1000);
    }
    t.equal(cluster.lost, 'node n2 was fenced 8 times in a row; it is not booted again');
  },
);

t.test(
  'I8: a node is fenced on request of another, which is a fault of its own, and boots again',
  async (t) => {
    const { lab, cluster, clock, events } = await stage('n1', 'n2');
    lab.of('n2').life.say({ event: { kind: 'ledger', node: 'n2', incarnation: 4, ledger: { members: {} } } });
    lab.of('n1').life.say({ request: 9, ask: 'fence', node: 'n2', incarnation: 4 });
    await settle();
    t.strictSame(answersTo(lab.of('n1').life), [{ answer: 9, ok: true }]);
    t.strictSame(lab.of('n2').log, ['kill']);
    t.match(events.at(-1), { kind: 'fault', phase: 'begin', fault: 'fence', targets: ['n2'] });
    t.equal(cluster.lost, null, 'an end that the lab brought about is no news');
    await clock.advance(25);
    t.ok(cluster.node('n2').serving);
    await settle();
    t.match(events.at(-1), { kind: 'fault', phase: 'end', fault: 'fence' });
  },
);

t.test('the next life of a node is not the one that was to be fenced', async (t) => {
  const { lab } = await stage('n1', 'n2');
  lab.of('n2').life.say({ event: { kind: 'ledger', node: 'n2', incarnation: 5, ledger: { members: {} } } });
  lab.of('n1').life.say({ request: 1, ask: 'fence', node: 'n2', incarnation: 4 });
  await settle();
  t.strictSame(answersTo(lab.of('n1').life), [{ answer: 1, ok: true }]);
  t.strictSame(lab.of('n2').log, [], 'it goes on');
});

t.test('two nodes that want a third fenced at once have it fenced once', async (t) => {
  const { lab, clock, events } = await stage('n1', 'n2', 'n3');
  const killed = Promise.withResolvers<void>();
  const container = lab.of('n3');
  const kill = container.kill.bind(container);
  container.kill = () => killed.promise.then(kill);
  container.life.say({ event: { kind: 'ledger', node: 'n3', incarnation: 1, ledger: { members: {} } } });
  for (const asking of ['n1', 'n2'])
    lab.of(asking).life.say({ request: 1, ask: 'fence', node: 'n3', incarnation: 1 });
  await settle();
  killed.resolve();
  await settle();
  await clock.advance(20);
  t.equal(events.filter((event) => event.kind === 'fault').length, 1);
  for (const asking of ['n1', 'n2'])
    t.strictSame(answersTo(lab.of(asking).life), [{ answer: 1, ok: true }], asking);
});

t.test('a node that is to stay down after it was fenced does', async (t) => {
  const { lab, cluster, clock } = await stageOf({ nodes: ['n1', 'n2'], 'after-fence': 'stay-down' });
  lab.of('n2').life.say({ event: { kind: 'ledger', node: 'n2', incarnation: 1, ledger: { members: {} } } });
  lab.of('n1').life.say({ request: 1, ask: 'fence', node: 'n2', incarnation: 1 });
  await settle();
  await clock.advance(60_000);
  t.notOk(cluster.node('n2').running);
});

t.test('incarnations are those of a domain where there are several', async (t) => {
  const { lab } = await stageOf({ nodes: ['n1', 'n2'], domains: { a: ['n1', 'n2'], b: ['n1', 'n2'] } });
  const swap = { kind: 'ledger', node: 'n2', ledger: { members: {} } };
  lab.of('n2').life.say({ event: { ...swap, domain: 'a', incarnation: 7 } });
  lab.of('n2').life.say({ event: { ...swap, domain: 'b', incarnation: 2 } });
  lab.of('n1').life.say({ request: 1, ask: 'fence', domain: 'a', node: 'n2', incarnation: 2 });
  await settle();
  t.strictSame(lab.of('n2').log, [], 'life 2 of domain a is long over');
  lab.of('n1').life.say({ request: 2, ask: 'fence', domain: 'b', node: 'n2', incarnation: 2 });
  await settle();
  t.strictSame(lab.of('n2').log, ['kill']);
});

t.test('a request that the lab does not know is refused', async (t) => {
  const { lab } = await stage('n1');
  lab.of('n1').life.say({ request: 3, ask: 'moon' });
  await settle();
  t.match(answersTo(lab.of('n1').life), [
    { answer: 3, ok: false, error: /does not know the request "moon"/ },
  ]);
});

t.test('C9: a boot that waits for its ledger is waited for, and says so', async (t) => {
  const { lab, cluster, clock } = await stage('n1');
  await cluster.node('n1').powerCut();
  lab.of('n1').greeting = null;
  const starting = cluster.node('n1').start();
  for (let second = 0; second < 40; second += 1) {
    lab.of('n1').life.say({ waiting: 'the ledger does not answer' });
    await clock.advance(1000);
  }
  t.equal(cluster.node('n1').waitingFor, 'the ledger does not answer');
  lab.of('n1').life.say({ ready: true, incarnation: 2 });
  await starting;
  t.ok(cluster.node('n1').serving);
  t.equal(cluster.node('n1').waitingFor, null);
});

t.test('spares have a container and are off; each node mounts the domains that it serves', async (t) => {
  const { lab, cluster } = await stageOf({
    nodes: ['n1', 'n2'],
    spares: ['n3'],
    domains: { a: ['n1', 'n3'], b: ['n1', 'n2'] },
  });
  t.notOk(cluster.node('n3').running);
  t.strictSame(lab.of('n3').spec.filesystems, ['a']);
  t.match(lab.of('n2').life.sent[0], {
    namedDomains: true,
    domains: [{ name: 'b', directory: '/srv/gracelab-domains/b', members: ['n1', 'n2'], grows: false }],
  });
  t.match(lab.of('n1').life.sent[0], {
    domains: [
      { name: 'a', members: ['n1'], grows: true },
      { name: 'b', store: { path: '/srv/gracelab-domains/b/.gracelab/ledger.sqlite' } },
    ],
  });
});

t.test('with a ledger in etcd its members come first, and nodes are told where', async (t) => {
  const { lab, cluster } = await stageOf({ nodes: ['n1'], store: 'etcd' });
  t.strictSame(cluster.storeNames, ['e1', 'e2', 'e3']);
  t.match(lab.of('n1').life.sent[0], {
    domains: [
      {
        store: {
          kind: 'etcd',
          endpoints: ['http://10.77.0.11:2379', 'http://10.77.0.12:2379', 'http://10.77.0.13:2379'],
          prefix: 'gracelab/main/',
        },
      },
    ],
  });
  await cluster.breakable('e2').kill();
  t.strictSame(lab.of('e2').log, ['kill']);
  t.equal(cluster.lost, null);
});
