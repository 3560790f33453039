/** Clients that complete at the same time become durable together (I6 holds for each). */
import t from 'tap';
import { asNodeId } from '../../../src/core/ids.ts';
import { client, FakeCluster, type FakeNode } from './fixtures/cluster.ts';

const WRITE_MS = 10;

const lifeOf = ({ name, coordinator }: FakeNode) => ({
  node: asNodeId(name),
  incarnation: coordinator.incarnation,
});

/** From now on each write of records takes a while, and is counted. */
function slow(node: FakeNode, cluster: FakeCluster): string[][] {
  const writes: string[][] = [];
  const put = node.store.putRecords.bind(node.store);
  node.store.putRecords = async (fence, scope, records) => {
    writes.push(records.map(({ ownerId }) => Buffer.from(ownerId, 'hex').toString()));
    await new Promise<void>((resolve) => void cluster.clock.after(WRITE_MS, resolve));
    return await put(fence, scope, records);
  };
  return writes;
}

t.test('those that come while a write is under way go into the next one together', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1] = await cluster.start();
  const writes = slow(n1!, cluster);
  const durable: string[] = [];
  const complete = (name: string) =>
    void n1!.coordinator.completed(client(name)).then((answer) => durable.push(`${name} ${answer}`));
  complete('first');
  await cluster.clock.advance(1);
  for (let i = 0; i < 100; i++) complete(`c${i}`);
  await cluster.clock.advance(WRITE_MS - 2);
  t.same(durable, [], 'nobody is told before its record is durable');
  await cluster.clock.advance(2);
  t.same(durable, ['first durable'], 'whose record is durable is told at once');
  await cluster.clock.advance(WRITE_MS);
  t.equal(durable.length, 101);
  t.same(
    writes.map((write) => write.length),
    [1, 100],
  );
  t.equal(Object.keys(cluster.recorded()).length, 101);
});

t.test('a completion after a removal does not join a write before it', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1] = await cluster.start();
  const { coordinator } = n1!;
  const writes = slow(n1!, cluster);
  const answers = [
    coordinator.completed(client('first')),
    coordinator.completed(client('alice')),
    coordinator.forget(client('alice')),
    coordinator.completed(client('alice')),
    coordinator.completed(client('bob')),
  ];
  await cluster.clock.advance(10 * WRITE_MS);
  t.same(
    await Promise.all(answers),
    answers.map(() => 'durable'),
  );
  t.ok('n1 alice' in cluster.recorded(), 'what was asked for last holds');
  t.same(writes.at(-1), ['alice', 'bob']);
});

t.test(
  'I6: a write of many that a grace overtakes is done again in its epoch, and nobody is told before',
  async (t) => {
    const cluster = new FakeCluster('n1', 'n2');
    const [n1, n2] = await cluster.start();
    const { epoch } = cluster.ledger;
    slow(n1!, cluster);
    let told = 0;
    for (let i = 0; i < 10; i++) void n1!.coordinator.completed(client(`c${i}`)).then(() => (told += 1));
    await cluster.clock.advance(1);
    n2!.crash();
    const [self, peer] = [lifeOf(n1!), lifeOf(n2!)];
    await cluster.command({
      type: 'report-death',
      ...self,
      peer: peer.node,
      peerIncarnation: peer.incarnation,
    });
    await cluster.clock.advance(WRITE_MS);
    t.equal(cluster.ledger.epoch, epoch + 1);
    t.ok(told < 10, 'the write into the epoch before does not count');
    await cluster.clock.advance(5 * WRITE_MS);
    t.equal(told, 10);
    t.equal(Object.keys(cluster.recorded(epoch + 1)).length, 10);
  },
);

t.test('I7: a write of many that fails is durable for none of them, and each may try again', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1] = await cluster.start();
  slow(n1!, cluster);
  const names = ['first', 'alice', 'bob'];
  const answers = names.map((name) => n1!.coordinator.completed(client(name)));
  await cluster.clock.advance(WRITE_MS / 2);
  n1!.store.available = false;
  await cluster.clock.advance(3 * WRITE_MS);
  t.same(
    await Promise.all(answers),
    names.map(() => 'unavailable'),
  );
  n1!.store.available = true;
  await cluster.clock.advance(1_000);
  const again = names.map((name) => n1!.coordinator.completed(client(name)));
  await cluster.clock.advance(3 * WRITE_MS);
  t.same(
    await Promise.all(again),
    names.map(() => 'durable'),
  );
});
