/** C11: whose written word about what came with an address counts, and which. */
import t from 'tap';
import { asNodeId } from '../../../src/core/ids.ts';
import { alice, clusterOf, move, moveHeldUp, N1, N2 } from './fixtures/address-move.ts';
import type { NodeOptions } from './fixtures/cluster.ts';

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
    const { cluster, estates, n1, n2, removals } = await moveHeldUp({ failoverMs: 100 });
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
    const { cluster, estates, n1, n2, n3, removals } = await moveHeldUp({ failoverMs: 100 });
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
    const { cluster, estates, n1, n2, removals } = await moveHeldUp();
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
    const { cluster, estates, n1, n2, removals } = await moveHeldUp({ failoverMs: 100 });
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
  const { cluster, estates, n1, n2, removals } = await moveHeldUp();
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
  const { cluster, estates, n1, removals } = await moveHeldUp();
  t.ok(estates.board.has('n1 n1'));
  await cluster.command({ type: 'admit', node: asNodeId('n4') });
  await cluster.clock.advance(100);
  removals.letGo();
  await cluster.clock.advance(100);
  t.ok(n1.swaps.includes('hand-over'));
  t.same(estates.adopted, ['alice at n2']);
});
