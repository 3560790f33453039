/** C11, row 30: what comes with a filesystem, so that nobody waits for its clients. */
import t from 'tap';
import { asNodeId, type NodeId } from '../../../src/core/ids.ts';
import type { Ledger } from '../../../src/core/ledger.ts';
import { client, FakeCluster, type FakeNode, type NodeOptions } from './fixtures/cluster.ts';
import { FakeEstates } from './fixtures/estates.ts';

const [N1, N2, N3] = ['n1', 'n2', 'n3'].map(asNodeId) as [NodeId, NodeId, NodeId];
/** A client of n1, and of n2. */
const alice = client('alice');
const bob = client('bob');
/** What is held for her at the taker before she has come. */
const held = { ...alice, service: N1 };

/** Alice has something of the filesystem at n1, which can tell of it. */
async function clusterOf(options: NodeOptions = {}) {
  const cluster = new FakeCluster('n1', 'n2', 'n3');
  const estates = new FakeEstates();
  estates.holders.set('n1', ['alice']);
  /** What happens right before the hand-over of n1's filesystem. */
  const at = { handOver: async () => {} };
  const nodes = (await cluster.start({
    estates,
    moves: 'filesystem',
    throughStore: (store) => {
      const swap = store.swap.bind(store);
      store.swap = async (expected, next) => {
        if (handsOver(next)) await at.handOver();
        return swap(expected, next);
      };
      return store;
    },
    ...options,
  })) as [FakeNode, FakeNode, FakeNode];
  const [n1, n2, n3] = nodes;
  await n1.coordinator.completed(alice);
  await n2.coordinator.completed(bob);
  const move = async (owner: NodeId, to: NodeId) => {
    await cluster.command({ type: 'migrate', owner, to, filesystem: true });
    await cluster.clock.advance(100);
  };
  return { cluster, estates, n1, n2, n3, move, at };
}

const handsOver = ({ members }: Ledger) =>
  members[N1]!.addressAt === 'n2' && members[N1]!.claims === 'open' && members[N1]!.recordedAt === null;

t.test(
  'grace is over without the clients having come, and they are on record as those of the taker',
  async (t) => {
    const { cluster, estates, n1, n2, move } = await clusterOf();
    await move(N1, N2);
    t.same(cluster.granting(), ['n1', 'n2', 'n3']);
    t.same(estates.adopted, ['alice at n2']);
    t.same(n1.letGo, [{ owner: 'n1', granting: [] }]);
    t.same(cluster.recorded(), { 'n1 alice': 'complete', 'n2 alice': 'complete', 'n2 bob': 'complete' });
    t.equal(n2.coordinator.mayArrive(alice), true);
    t.equal(await n2.coordinator.completed(alice), 'durable', 'which every new client says');
    t.equal(await n2.coordinator.arrived(alice, true), 'durable');
    t.same(cluster.recorded(), { 'n2 alice': 'complete', 'n2 bob': 'complete' }, 'and not any more at n1');
    t.equal(n2.coordinator.mayArrive(alice), false);
    n2.crash();
    await cluster.clock.advance(50);
    const again = await cluster.boot('n2');
    await cluster.clock.advance(50);
    t.equal(again.coordinator.reclaim(alice), 'grant');
  },
);

t.test(
  'I2: the taker dies before she has come: its next life knows that she may, whatever she has completed there',
  async (t) => {
    const { cluster, n2, n3, move } = await clusterOf();
    await move(N1, N2);
    n2.crash();
    await cluster.clock.advance(50);
    const again = await cluster.boot('n2');
    await cluster.clock.advance(50);
    t.equal(await again.coordinator.completed(alice), 'durable');
    await again.coordinator.completed(bob);
    await cluster.clock.advance(50);
    t.equal(n3.coordinator.newState(), 'grace', 'she is waited for');
    t.equal(again.coordinator.mayArrive(alice), true);
    t.equal(again.coordinator.reclaim(alice), 'grant');
    t.equal(await again.coordinator.arrived(alice, true), 'durable');
    await cluster.clock.advance(50);
    t.equal(n3.coordinator.newState(), 'grant');
    t.same(cluster.recorded(), { 'n2 alice': 'complete', 'n2 bob': 'complete' });
  },
);

t.test('what is given up before it is let go is not handed over', async (t) => {
  const { cluster, estates, n2, move, at } = await clusterOf();
  at.handOver = async () => void estates.idle.add('alice');
  await move(N1, N2);
  t.same(estates.adopted, []);
  t.same(cluster.granting(), ['n1', 'n2', 'n3'], 'who has nothing is not waited for');
  t.same(cluster.recorded(), { 'n2 bob': 'complete' }, 'nor on record where it does not come');
  t.equal(n2.coordinator.mayArrive(alice), false);
});

/** The giver's word comes when the test says so. */
async function untold() {
  const made = await clusterOf();
  const { cluster, estates, move } = made;
  const set = estates.board.set.bind(estates.board);
  const texts: string[] = [];
  estates.board.set = (_, text) => {
    texts.push(text);
    return estates.board;
  };
  await move(N1, N2);
  const tell = async () => {
    set('n1 n1', texts[0]!);
    await cluster.clock.advance(20);
  };
  return { ...made, tell };
}

t.test('M18: until it is known what came with it, whoever comes after it is told to wait', async (t) => {
  const { cluster, estates, n2, tell } = await untold();
  t.equal(cluster.ledger.members.n1.addressAt, 'n2');
  t.equal(n2.coordinator.mayArrive(alice), true);
  t.equal(n2.coordinator.reclaim(alice), 'delay');
  t.equal(await n2.coordinator.arrived(alice, true), 'unavailable');
  t.equal(cluster.ledger.members.n1.claims, 'open');
  await tell();
  t.same(estates.adopted, ['alice at n2']);
  t.same(cluster.granting(), ['n1', 'n2', 'n3']);
});

t.test('a giver that says nothing is not waited for longer than half a lease', async (t) => {
  const { cluster, estates, n2, n3, move } = await clusterOf();
  estates.writes = 'fail';
  await move(N1, N2);
  t.equal(n2.coordinator.reclaim(alice), 'delay');
  await cluster.clock.advance(500);
  t.equal(n2.coordinator.reclaim(alice), 'grant');
  t.equal(n3.coordinator.newState(), 'grace');
  t.equal(await n2.coordinator.arrived(alice, true), 'durable');
  await cluster.clock.advance(50);
  t.same(cluster.granting(), ['n1', 'n2', 'n3']);
});

t.test('nor one that dies before it has said anything; what it has said holds', async (t) => {
  for (const says of [false, true]) {
    const { cluster, estates, n1, n2, tell } = await untold();
    n1.crash();
    if (says) await tell();
    await cluster.clock.advance(50);
    t.same(estates.adopted, says ? ['alice at n2'] : []);
    t.equal(n2.coordinator.reclaim(alice), says ? 'no-grace' : 'grant');
  }
});

t.test('the taker dies before it has read it: its next life goes by the records', async (t) => {
  const { cluster, estates, n2, tell } = await untold();
  n2.crash();
  await cluster.clock.advance(50);
  const again = await cluster.boot('n2');
  await tell();
  t.same(estates.adopted, []);
  t.equal(again.coordinator.reclaim(alice), 'grant');
  t.equal(await again.coordinator.arrived(alice, true), 'durable');
});

t.test('I6: nobody counts before its record is durable', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { cluster, estates, n3, move } = await clusterOf({
    throughStore: (store) => {
      const put = store.putRecords.bind(store);
      store.putRecords = async (fence, scope, records) => {
        if (fence.node === N2 && records.some(({ ownerId }) => ownerId === alice.ownerId)) await promise;
        return put(fence, scope, records);
      };
      return store;
    },
  });
  await move(N1, N2);
  t.same(estates.adopted, ['alice at n2']);
  t.equal(n3.coordinator.newState(), 'grace');
  t.notOk('n2 alice' in cluster.recorded());
  resolve();
  await cluster.clock.advance(50);
  t.equal(n3.coordinator.newState(), 'grant');
  t.equal(cluster.recorded()['n2 alice'], 'complete');
});

t.test('who lost something at the taker is not taken over', async (t) => {
  const { estates, n2, move } = await clusterOf();
  await n2.coordinator.completed(alice);
  await n2.coordinator.revoke(alice);
  await move(N1, N2);
  t.same(estates.adopted, []);
  t.equal(n2.coordinator.reclaim(alice), 'no-grace');
});

t.test('who could not be taken over as a whole is waited for', async (t) => {
  const { estates, n2, n3, move } = await clusterOf();
  estates.unavailable.add('alice');
  await move(N1, N2);
  t.equal(n2.coordinator.reclaim(alice), 'grant');
  t.equal(n3.coordinator.newState(), 'grace');
});

t.test('it goes home: nothing comes along, and nobody waits for that', async (t) => {
  const { cluster, estates, n1, n2, move } = await clusterOf();
  await move(N1, N2);
  estates.holders.set('n2', ['alice']);
  await move(N1, N1);
  t.same(cluster.granting(), [], 'she was told to come to n2, and has the time of a grace for that');
  t.equal(await n2.coordinator.arrived(alice, true), 'durable');
  await cluster.clock.advance(50);
  t.same(cluster.granting(), ['n1', 'n2', 'n3']);
  t.same(estates.adopted, ['alice at n2']);
  t.same(n2.letGo, [{ owner: 'n1', granting: [] }], 'for whoever has not come');
  await move(N2, N1);
  t.same(estates.adopted, ['alice at n2', 'alice at n1']);
  t.same(n1.coordinator.place(), { kind: 'here' });
});

t.test('I4: what is taken from who never came stands against it until it has been told there', async (t) => {
  const { cluster, n2, move } = await clusterOf();
  await move(N1, N2);
  t.equal(await n2.coordinator.revoke(held), 'durable');
  t.same(cluster.recorded(), { 'n1 alice': 'revoked', 'n2 bob': 'complete' });
  t.equal(n2.coordinator.mayArrive(alice), true, 'to be told');
  t.equal(await n2.coordinator.completed(alice), 'durable', 'which every new client says');
  n2.crash();
  await cluster.clock.advance(50);
  const again = await cluster.boot('n2');
  await cluster.clock.advance(50);
  t.equal(again.coordinator.reclaim(alice), 'no-grace', 'others may have had it meanwhile');
  t.equal(await again.coordinator.arrived(alice, true), 'durable');
  t.same(Object.keys(cluster.recorded()).toSorted(), ['n2 alice']);
});

t.test('I8: who does not come in that time is not waited for', async (t) => {
  const { cluster, move } = await clusterOf();
  await move(N1, N2);
  await move(N1, N1);
  await cluster.clock.advance(1_300);
  t.same(cluster.granting(), []);
  await cluster.clock.advance(300);
  t.same(cluster.granting(), ['n1', 'n2', 'n3']);
  t.same(cluster.recorded(), { 'n2 alice': 'complete', 'n2 bob': 'complete' });
});

t.test('nothing is remembered of it once the filesystem has gone home, or of its new life', async (t) => {
  const { cluster, n2, move } = await clusterOf();
  await move(N1, N2);
  t.equal(await n2.coordinator.forget(held), 'durable');
  t.same(cluster.recorded(), { 'n2 bob': 'complete' });
  await n2.coordinator.completed(alice);
  await move(N1, N1);
  t.equal(await n2.coordinator.revoke(held), 'durable');
  t.same(cluster.recorded(), { 'n2 bob': 'complete' });
});

t.test('what comes with it goes on with it', async (t) => {
  const { cluster, estates, n3, move } = await clusterOf();
  await move(N1, N2);
  estates.holders.set('n2', ['bob']);
  await move(N2, N3);
  t.same(estates.adopted, ['alice at n2', 'bob at n3']);
  t.equal(n3.coordinator.reclaim(alice), 'grant', 'who is on record, and was not told of');
  t.same(cluster.granting(), []);
});
