import t from 'tap';
import { stage } from './fixtures/fake-cluster.ts';

t.test('agents are told who they are; mutants are told to nodes only', async (t) => {
  const { lab, cluster } = await stage('n1', 'n2');
  await cluster.addClient({ name: 'alice', node: 'n2' });
  t.match(lab.of('n2').life.sent[0], {
    node: 'n2',
    members: ['n1', 'n2'],
    address: '10.77.0.12',
    port: 2049,
    leaseMs: 1000,
    graceMs: 2000,
    originNs: '5',
    shared: '/srv/gracelab',
    mutants: ['D12'],
  });
  t.strictSame(lab.of('alice').life.sent[0], {
    name: 'alice',
    node: 'n2',
    servers: { n1: '10.77.0.11', n2: '10.77.0.12' },
    port: 2049,
    leaseMs: 1000,
    originNs: '5',
  });
});

t.test('a node that is fenced is booted again, later each time, and not for ever', async (t) => {
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
  t.equal(cluster.lost, 'node n1 was fenced 8 times; it is not booted again');
  t.equal(events.filter((event) => event.kind === 'node' && event.event === 'exited').length, 9);
});

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
