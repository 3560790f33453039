/** C11: what comes with an address, so that nobody waits for its clients. */
import t from 'tap';
import { asNodeId, type NodeId } from '../../../src/core/ids.ts';
import { StoreUnavailableError } from '../../../src/store/store.ts';
import {
  type ClusterOptions,
  client,
  FakeCluster,
  type FakeNode,
  type NodeOptions,
} from './fixtures/cluster.ts';
import { FakeEstates } from './fixtures/estates.ts';

const [N1, N2] = ['n1', 'n2'].map(asNodeId) as [NodeId, NodeId];
const alice = { ...client('alice'), service: N1 };
const ann = { ...client('ann'), service: N1 };

/** Alice and ann come by the address of n1, which can tell of alice. */
async function clusterOf(options: ClusterOptions = {}) {
  const cluster = new FakeCluster('n1', 'n2', 'n3');
  const estates = new FakeEstates();
  estates.holders.set('n1', ['alice']);
  const [n1, n2, n3] = (await cluster.start({ estates, ...options })) as [FakeNode, FakeNode, FakeNode];
  await n1.coordinator.completed(alice);
  return { cluster, estates, n1, n2, n3 };
}

/** A giver hands over when its records are withdrawn: what is held here keeps it from that. */
class HeldRemovals {
  #held = Promise.withResolvers<void>();

  constructor() {
    this.#held.resolve();
  }

  readonly throughStore: NonNullable<NodeOptions['throughStore']> = (store) => {
    const remove = store.removeRecords.bind(store);
    store.removeRecords = async (...removed) => {
      await this.#held.promise;
      return remove(...removed);
    };
    return store;
  };

  hold(): void {
    this.#held = Promise.withResolvers();
  }

  letGo(): void {
    this.#held.resolve();
  }

  /** Those that are held stay so for good, as of a life that ends. */
  holdNoMore(): void {
    this.#held = Promise.withResolvers();
    this.#held.resolve();
  }
}

const move = (cluster: FakeCluster, to: NodeId) => cluster.command({ type: 'migrate', owner: N1, to });

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

for (const [what, damage] of [
  ['is damaged', () => '{'],
  ['is of an earlier view', (text: string) => text.replace(/"view":\d+/, '"view":1')],
  [
    'is for another life of the taker',
    (text: string) => text.replace(/("taker":.*?"incarnation":)\d+/, '$19'),
  ],
  [
    'is by another life of the giver',
    (text: string) => text.replace(/("giver":.*?"incarnation":)\d+/, '$19'),
  ],
  ['names somebody who is not on record', (text: string) => text.replace(alice.ownerId, '6576')],
  ['is of another grace', (text: string) => text.replace(/"recoveryEpoch":\d+/, '"recoveryEpoch":0')],
] as const) {
  t.test(`what ${what} counts for nothing, and the clients reclaim`, async (t) => {
    const { cluster, estates, n2, n3 } = await clusterOf();
    const set = estates.board.set.bind(estates.board);
    estates.board.set = (key, text) => set(key, damage(text));
    await move(cluster, N2);
    await cluster.clock.advance(100);
    t.same(estates.adopted, []);
    t.equal(n3.coordinator.newState(), 'grace');
    t.equal(n2.coordinator.reclaim(alice), 'grant');
  });
}

t.test('nor does what cannot be read', async (t) => {
  const { cluster, estates, n2 } = await clusterOf();
  estates.readable = Promise.reject(new Error('EIO'));
  estates.readable.catch(() => {});
  await move(cluster, N2);
  await cluster.clock.advance(100);
  t.same(estates.adopted, []);
  t.equal(n2.coordinator.reclaim(alice), 'grant');
});

/** There, back, and there again, with nothing written down the last time. */
async function moveAgainUnwritten(mutants: NodeOptions['mutants'] = []) {
  const made = await clusterOf({ mutants });
  const { cluster, estates } = made;
  await move(cluster, N2);
  await cluster.clock.advance(100);
  estates.holders.set('n2', ['alice']);
  await move(cluster, N1);
  await cluster.clock.advance(100);
  estates.writes = 'fail';
  await move(cluster, N2);
  await cluster.clock.advance(100);
  return made;
}

t.test(
  'there and back: what was written for an earlier move is not taken for that of this one',
  async (t) => {
    const { estates, n2, n3 } = await moveAgainUnwritten();
    t.same(estates.adopted, ['alice at n2', 'alice at n1']);
    t.equal(n3.coordinator.newState(), 'grace');
    t.equal(n2.coordinator.reclaim(alice), 'grant');
  },
);

t.test('M22: the mutant takes it', async (t) => {
  const { estates } = await moveAgainUnwritten(['M22']);
  t.same(estates.adopted, ['alice at n2', 'alice at n1', 'alice at n2']);
});

t.test(
  'the giver dies before the address is handed over: what it has written counts for nothing',
  async (t) => {
    const removals = new HeldRemovals();
    removals.hold();
    const { cluster, estates, n1, n2 } = await clusterOf({
      failoverMs: 100,
      throughStore: removals.throughStore,
    });
    await move(cluster, N2);
    await cluster.clock.advance(100);
    t.equal(estates.board.size, 1);
    t.notOk(n1.swaps.includes('hand-over'));
    t.equal(n1.coordinator.serves(N1), false, 'what it has let go of it serves no more');
    n1.crash();
    removals.holdNoMore();
    await cluster.clock.advance(300);
    t.ok(n2.swaps.includes('inherit'));
    t.same(estates.adopted, []);
    t.equal(n2.coordinator.reclaim(alice), 'grant');
  },
);

t.test(
  'the giver died unseen, and its heir hands on without a word: what the dead one has written counts for nothing',
  async (t) => {
    const removals = new HeldRemovals();
    removals.hold();
    const { cluster, estates, n1, n2, n3 } = await clusterOf({
      failoverMs: 100,
      throughStore: removals.throughStore,
    });
    await move(cluster, N2);
    await cluster.clock.advance(100);
    t.ok(estates.board.has('n1 n1'));
    estates.writes = 'fail';
    removals.holdNoMore();
    n2.pause();
    n1.crash();
    await cluster.clock.advance(400);
    t.ok(n3.swaps.includes('inherit'));
    await move(cluster, N2);
    await cluster.clock.advance(100);
    t.equal(cluster.ledger.members.n1.addressAt, 'n2');
    n2.resume();
    await cluster.clock.advance(100);
    t.equal(n2.coordinator.serves(N1), true);
    t.same(estates.adopted, []);
    t.equal(n2.coordinator.reclaim(alice), 'grant');
  },
);

t.test(
  'the giver died unseen, and its next life hands over without a word: what the dead one has written counts for nothing',
  async (t) => {
    const removals = new HeldRemovals();
    removals.hold();
    const { cluster, estates, n1, n2 } = await clusterOf({ throughStore: removals.throughStore });
    await move(cluster, N2);
    await cluster.clock.advance(100);
    t.ok(estates.board.has('n1 n1'));
    estates.writes = 'fail';
    removals.holdNoMore();
    n2.pause();
    n1.crash();
    await cluster.clock.advance(50);
    await cluster.boot('n1');
    await move(cluster, N2);
    await cluster.clock.advance(100);
    t.equal(cluster.ledger.members.n1.addressAt, 'n2');
    n2.resume();
    await cluster.clock.advance(100);
    t.same(estates.adopted, []);
    t.equal(n2.coordinator.reclaim(alice), 'grant');
  },
);

t.test(
  'the giver leaves before the address is handed over: what it has written counts for nothing',
  async (t) => {
    const removals = new HeldRemovals();
    removals.hold();
    const { cluster, estates, n1, n2 } = await clusterOf({
      failoverMs: 100,
      throughStore: removals.throughStore,
    });
    await move(cluster, N2);
    await cluster.clock.advance(100);
    t.ok(estates.board.has('n1 n1'));
    const departs = Promise.withResolvers<void>();
    const swap = n1.store.swap.bind(n1.store);
    n1.store.swap = async (expected, next) => {
      if (next.members[N1]!.state === 'down') await departs.promise;
      return swap(expected, next);
    };
    const left = n1.coordinator.leave(() => {});
    removals.letGo();
    await cluster.clock.advance(100);
    t.match(cluster.ledger.members.n1, { state: 'up', leaving: true, movingTo: null });
    departs.resolve();
    await cluster.clock.advance(500);
    await left;
    t.notOk(n1.swaps.includes('hand-over'), 'the move is off');
    t.ok(n2.swaps.includes('inherit'));
    t.same(estates.adopted, []);
    t.equal(n2.coordinator.reclaim(alice), 'grant');
  },
);

t.test('what the next life of the giver has written for the taker counts', async (t) => {
  const removals = new HeldRemovals();
  removals.hold();
  const { cluster, estates, n1, n2 } = await clusterOf({ throughStore: removals.throughStore });
  await move(cluster, N2);
  await cluster.clock.advance(100);
  n2.pause();
  n1.crash();
  removals.holdNoMore();
  await cluster.clock.advance(50);
  const again = await cluster.boot('n1');
  await again.coordinator.completed(alice);
  removals.hold();
  await move(cluster, N2);
  await cluster.clock.advance(50);
  n2.resume();
  await cluster.clock.advance(50);
  t.equal(cluster.ledger.members.n1.movingTo, 'n2', 'as before, for all that the taker has seen');
  removals.letGo();
  await cluster.clock.advance(100);
  t.same(estates.adopted, ['alice at n2']);
});

t.test('what was written before something else happened in the same grace counts', async (t) => {
  const removals = new HeldRemovals();
  removals.hold();
  const { cluster, estates, n1 } = await clusterOf({ throughStore: removals.throughStore });
  await move(cluster, N2);
  await cluster.clock.advance(100);
  t.ok(estates.board.has('n1 n1'));
  await cluster.command({ type: 'admit', node: asNodeId('n4') });
  await cluster.clock.advance(100);
  removals.letGo();
  await cluster.clock.advance(100);
  t.ok(n1.swaps.includes('hand-over'));
  t.same(estates.adopted, ['alice at n2']);
});

t.test('I4: nothing is taken over before everybody has stopped granting', async (t) => {
  const removals = new HeldRemovals();
  removals.hold();
  const { cluster, estates, n2, n3 } = await clusterOf({
    beaconProvesDeath: false,
    throughStore: removals.throughStore,
  });
  await move(cluster, N2);
  await cluster.clock.advance(100);
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
