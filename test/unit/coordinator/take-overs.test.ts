/** C11: what comes with an address, so that nobody waits for its clients. */
import t from 'tap';
import { asNodeId } from '../../../src/core/ids.ts';
import { StoreUnavailableError } from '../../../src/store/store.ts';
import { alice, ann, clusterOf, HeldRemovals, move, moveHeldUp, N1, N2 } from './fixtures/address-move.ts';

t.test(
  'C11: grace is over without the clients having come, and they are on record with the taker',
  async (t) => {
    const { cluster, estates, n2 } = await clusterOf();
    await move(cluster, N2);
    await cluster.clock.advance(100);
    t.same(cluster.granting(), ['n1', 'n2', 'n3']);
    t.same(estates.adopted, ['alice at n2']);
    t.same(cluster.recorded(), { 'n1 alice': 'complete' });
    n2.crash();
    await cluster.clock.advance(50);
    const again = await cluster.boot('n2');
    await cluster.clock.advance(50);
    t.equal(again.coordinator.reclaim(alice), 'grant', 'what went down with the taker');
  },
);

t.test('who could not be taken over as a whole, or was not told of, is waited for', async (t) => {
  const { cluster, estates, n1, n2, n3 } = await clusterOf();
  await n1.coordinator.completed(ann);
  estates.unavailable.add('alice');
  await move(cluster, N2);
  await cluster.clock.advance(100);
  t.same([n2.coordinator.reclaim(alice), n2.coordinator.reclaim(ann)], ['grant', 'grant']);
  await n2.coordinator.completed(alice);
  await cluster.clock.advance(50);
  t.equal(n3.coordinator.newState(), 'grace');
  await n2.coordinator.completed(ann);
  await cluster.clock.advance(50);
  t.same(cluster.granting(), ['n1', 'n2', 'n3']);
});

t.test('nobody is answered at the address before it is known what came with it', async (t) => {
  const { cluster, estates, n2 } = await clusterOf();
  const { promise, resolve } = Promise.withResolvers<void>();
  estates.readable = promise;
  await move(cluster, N2);
  await cluster.clock.advance(100);
  t.equal(cluster.ledger.members.n1.addressAt, 'n2');
  t.equal(n2.coordinator.serves(N1), false);
  await cluster.clock.advance(5_000);
  t.equal(cluster.ledger.members.n1.claims, 'open', 'nor is it too late for anybody');
  resolve();
  await cluster.clock.advance(50);
  t.equal(n2.coordinator.serves(N1), true);
  t.same(cluster.recorded(), { 'n1 alice': 'complete' });
});

t.test(
  'I1: nothing is taken over of what is on its way again when the taker learns that it has come',
  async (t) => {
    const removals = new HeldRemovals();
    const { cluster, estates, n1, n2 } = await clusterOf({
      throughStore: removals.throughStore,
    });
    estates.holders.set('n2', ['alice']);
    for (const to of [N2, N1]) {
      await move(cluster, to);
      await cluster.clock.advance(100);
    }
    t.same(estates.adopted.splice(0), ['alice at n2', 'alice at n1']);
    removals.hold();
    await move(cluster, N2);
    await cluster.clock.advance(100);
    n2.pause();
    removals.letGo();
    await cluster.clock.advance(50);
    t.equal(cluster.ledger.members.n1.addressAt, 'n2');
    await move(cluster, N1);
    n2.resume();
    await cluster.clock.advance(100);
    t.equal(cluster.ledger.members.n1.addressAt, null);
    t.notOk(
      estates.adopted.includes('alice at n2'),
      'it has let go of that address, and would not do so again',
    );
    t.equal(n1.coordinator.reclaim(alice), 'grant');
  },
);

t.test('I6: nobody counts before its record is durable', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { cluster, estates, n3 } = await clusterOf({
    throughStore: (store) => {
      const put = store.putRecords.bind(store);
      store.putRecords = async (fence, scope, records) => {
        if (fence.node === N2 && scope.node === N1) await promise;
        return put(fence, scope, records);
      };
      return store;
    },
  });
  await move(cluster, N2);
  await cluster.clock.advance(100);
  t.same(estates.adopted, ['alice at n2']);
  t.same([n3.coordinator.newState(), cluster.recorded()], ['grace', {}]);
  resolve();
  await cluster.clock.advance(50);
  t.same([n3.coordinator.newState(), cluster.recorded()], ['grant', { 'n1 alice': 'complete' }]);
});

t.test('I1: what came is taken over once, however often its records have to be tried', async (t) => {
  let failures = 0;
  const { cluster, estates, n3 } = await clusterOf({
    throughStore: (store) => {
      const put = store.putRecords.bind(store);
      store.putRecords = async (fence, scope, records) => {
        const fails = fence.node === N2 && scope.node === N1 && failures < 2;
        if (!fails) return put(fence, scope, records);
        failures += 1;
        throw new StoreUnavailableError('cut off');
      };
      return store;
    },
  });
  await move(cluster, N2);
  await cluster.clock.advance(300);
  t.equal(failures, 2);
  t.same(estates.adopted, ['alice at n2']);
  t.equal(n3.coordinator.newState(), 'grant');
});

t.test('I4: nothing is taken over before everybody has stopped granting', async (t) => {
  const { cluster, estates, n2, n3, removals } = await moveHeldUp({ beaconProvesDeath: false });
  n2.pause();
  removals.letGo();
  await cluster.clock.advance(50);
  t.equal(cluster.ledger.members.n1.addressAt, 'n2');
  n3.pause();
  n3.dropLocks();
  await cluster.clock.advance(50);
  t.equal(cluster.ledger.members.n3.state, 'suspect', 'which has to say anew that it stopped');
  n2.resume();
  await cluster.clock.advance(100);
  t.same([estates.adopted, n2.coordinator.serves(N1)], [[], false]);
  n3.crash();
  const { incarnation } = n3.coordinator;
  await cluster.command({ type: 'confirm-death', node: asNodeId('n3'), incarnation });
  await cluster.clock.advance(100);
  t.same([estates.adopted, n2.coordinator.serves(N1)], [['alice at n2'], true]);
});

t.test('a move is over when it is done: whoever could not be taken over then is not later', async (t) => {
  const { cluster, estates, n2 } = await clusterOf();
  estates.unavailable.add('alice');
  await move(cluster, N2);
  await cluster.clock.advance(100);
  estates.unavailable.delete('alice');
  await cluster.command({ type: 'admit', node: asNodeId('n4') });
  await cluster.clock.advance(100);
  t.same(estates.adopted, [], 'it may have begun to reclaim');
  t.equal(n2.coordinator.reclaim(alice), 'grant');
});

t.test('only who is through with what it had to reclaim is told of', async (t) => {
  const { cluster, estates, n1, n3 } = await clusterOf();
  await n1.coordinator.completed(ann);
  estates.holders.set('n1', ['alice', 'ann', 'nobody']);
  n1.crash();
  await cluster.clock.advance(50);
  const again = await cluster.boot('n1');
  await cluster.clock.advance(50);
  // It has come and reclaims still; the other one has completed.
  await again.coordinator.recorded(ann);
  await again.coordinator.completed(alice);
  await move(cluster, N2);
  await cluster.clock.advance(100);
  t.same(estates.adopted, ['alice at n2']);
  t.equal(n3.coordinator.newState(), 'grace');
});
