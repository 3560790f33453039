import t from 'tap';
import { asNodeId, type NodeId } from '../../../src/core/ids.ts';
import type { ClientIdentity } from '../../../src/server/coordination.ts';
import { client, FakeCluster } from './fixtures/cluster.ts';

const FAILOVER_MS = 100;
const [ofN1, ofN2] = ['n1', 'n2'].map(asNodeId) as [NodeId, NodeId];
/** By whatever node her address leads to. */
const alice = { ...client('alice'), service: ofN1 };

/** n1 had alice, and died; n2 is next in the ring of names, n3 after it. */
async function afterDeath(clientOfN2: ClientIdentity = client('carol')) {
  const cluster = new FakeCluster('n1', 'n2', 'n3');
  const [n1, n2, n3] = await cluster.start({ failoverMs: FAILOVER_MS });
  await n1!.coordinator.completed(alice);
  await n2!.coordinator.completed(clientOfN2);
  n1!.crash();
  return { cluster, n1: n1!, n2: n2!, n3: n3! };
}

t.test(
  'C6: the next in the ring serves a dead node’s clients, and nobody else takes their locks',
  async (t) => {
    const { cluster, n2, n3 } = await afterDeath();
    await cluster.clock.advance(FAILOVER_MS / 2);
    t.equal(n2.coordinator.reclaim(alice), 'delay', 'not yet its heir');
    t.equal(cluster.ledger.members.n1.heir, null);
    await cluster.clock.advance(FAILOVER_MS);
    t.equal(cluster.ledger.members.n1.heir, 'n2');
    t.equal(n2.coordinator.reclaim(alice), 'grant');
    t.equal(n3.coordinator.newState(), 'grace', 'a client of a third node cannot come in between');
    t.equal(n3.coordinator.reclaim(alice), 'delay', 'nor does anybody else serve the reclaim');
    t.equal(await n2.coordinator.completed(alice), 'durable');
    await cluster.clock.advance(50);
    t.same(cluster.granting(), ['n2', 'n3'], 'lifted as soon as the only client was through');
    t.ok(n2.events.some(({ event, peer }) => event === 'inherited' && peer === 'n1'));
    t.same(
      cluster.recorded(),
      { 'n1 alice': 'complete', 'n2 carol': 'complete' },
      'by her address, whoever carries it',
    );
  },
);

t.test('C6: its address moves with the claims, not before they are the heir’s', async (t) => {
  const { cluster, n2, n3 } = await afterDeath();
  t.same(n2.carried, [['n2']], 'told once after the boot');
  const atEachMove: (string | null)[] = [];
  const push = n2.carried.push.bind(n2.carried);
  n2.carried.push = (owners) => {
    atEachMove.push(cluster.ledger.members.n1.heir);
    return push(owners);
  };
  await cluster.clock.advance(2 * FAILOVER_MS);
  t.same(n2.carried, [['n2'], ['n1', 'n2']]);
  t.same(atEachMove, ['n2'], 'the heir was durable by then');
  t.same(n2.coordinator.status().carriedAddresses, ['n1', 'n2']);
  t.same(n3.carried, [['n3']]);
  await cluster.clock.advance(5_000);
  t.same(n2.coordinator.status().carriedAddresses, ['n1', 'n2'], 'also after the lift');
});

t.test(
  'C6: the clients of an inherited node have the whole grace from when the heir was named',
  async (t) => {
    const { cluster, n2 } = await afterDeath();
    await cluster.clock.advance(FAILOVER_MS + 1_450);
    t.equal(n2.coordinator.reclaim(alice), 'grant', 'the grace of the death alone would be over');
  },
);

t.test('C6: an heir that does not take its turn is passed over', async (t) => {
  const cluster = new FakeCluster('n1', 'n2', 'n3');
  const [n1, n2, n3] = await cluster.start({ failoverMs: FAILOVER_MS });
  await n1!.coordinator.completed(alice);
  n1!.crash();
  // n2 acknowledges and stops.
  await cluster.clock.advance(50);
  n2!.pause();
  await cluster.clock.advance(FAILOVER_MS);
  t.equal(cluster.ledger.members.n1.heir, null, 'not by n3 before its turn');
  await cluster.clock.advance(FAILOVER_MS);
  t.equal(cluster.ledger.members.n1.heir, 'n3');
  t.equal(n3!.coordinator.reclaim(alice), 'grant');
});

t.test('C6: the owner returns in the middle, and its clients stay with the heir', async (t) => {
  const { cluster, n2 } = await afterDeath();
  await cluster.clock.advance(2 * FAILOVER_MS);
  const again = await cluster.boot('n1');
  await cluster.clock.advance(50);
  t.equal(cluster.ledger.members.n1.heir, 'n2');
  t.equal(n2.coordinator.reclaim(alice), 'grant');
  t.equal(again.coordinator.reclaim(alice), 'delay', 'who does not carry her address says nothing');
  t.same(again.carried, [[]], 'its address is at the heir');
  await n2.coordinator.completed(alice);
  await cluster.clock.advance(50);
  t.same(cluster.granting(), ['n2', 'n3', 'n1'], 'nothing holds grace up');
});

t.test('C6: the owner that is back in time serves its clients itself', async (t) => {
  const { cluster, n2 } = await afterDeath();
  await cluster.clock.advance(FAILOVER_MS / 2);
  const again = await cluster.boot('n1');
  await cluster.clock.advance(2 * FAILOVER_MS);
  t.equal(again.coordinator.reclaim(alice), 'grant');
  t.notOk(n2.swaps.includes('inherit'));
});

t.test('C6: the heir dies as well, and the next one has the clients of both', async (t) => {
  const bob = { ...client('bob'), service: ofN2 };
  const { cluster, n2, n3 } = await afterDeath(bob);
  await cluster.clock.advance(2 * FAILOVER_MS);
  t.equal(await n2.coordinator.completed(alice), 'durable', 'and what she had reclaimed goes down with it');
  n2.crash();
  await cluster.clock.advance(3 * FAILOVER_MS);
  t.equal(cluster.ledger.members.n1.heir, 'n3');
  t.equal(cluster.ledger.members.n2.heir, 'n3');
  t.same(n3.carried.at(-1), ['n1', 'n2', 'n3']);
  t.equal(n3.coordinator.reclaim(alice), 'grant');
  t.equal(n3.coordinator.reclaim(bob), 'grant');
});

t.test('C6: turns are counted from the death, also from one in the middle of a grace', async (t) => {
  const { cluster, n2, n3 } = await afterDeath();
  await cluster.clock.advance(FAILOVER_MS / 2);
  n3.crash();
  await cluster.clock.advance(FAILOVER_MS * 0.75);
  t.equal(cluster.ledger.members.n1.heir, 'n2');
  t.equal(cluster.ledger.members.n3.heir, null, 'n3 has gone for less than the time that it has');
  await cluster.clock.advance(FAILOVER_MS);
  t.equal(n2.swaps.filter((command) => command === 'inherit').length, 2);
});

t.test('C5: without failover nobody inherits', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1, n2] = await cluster.start();
  await n1!.coordinator.completed(alice);
  n1!.crash();
  await cluster.clock.advance(5_000);
  t.notOk(n2!.swaps.includes('inherit'));
  t.ok(n2!.swaps.includes('abandon'));
});

t.test('a planned stop that takes longer than the failover is taken over like a death', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1, n2] = await cluster.start({ failoverMs: FAILOVER_MS });
  await n1!.coordinator.completed(alice);
  void n1!.coordinator.leave(() => {});
  await cluster.clock.advance(50);
  t.same(n1!.carried.at(-1), [], 'who has left answers at no address');
  n1!.crash();
  await cluster.clock.advance(2 * FAILOVER_MS);
  t.equal(n2!.coordinator.reclaim(alice), 'grant');
});

t.test(
  'what a life held may be met for a moment after its end: at its heir, at everybody, at its own next life',
  async (t) => {
    const cluster = new FakeCluster('n1', 'n2', 'n3');
    const [n1, n2, n3] = await cluster.start({ failoverMs: FAILOVER_MS });
    await n1!.coordinator.completed(alice);
    await cluster.clock.advance(1_000);
    t.equal(n2!.coordinator.mayMeetLeftOvers(), false, 'it has been up for long');
    n1!.crash();
    await cluster.clock.advance(2 * FAILOVER_MS);
    t.equal(n2!.coordinator.reclaim(alice), 'grant');
    t.same([n2!.coordinator.mayMeetLeftOvers(), n3!.coordinator.mayMeetLeftOvers()], [true, true]);
    await cluster.clock.advance(1_000);
    t.same([n2!.coordinator.mayMeetLeftOvers(), n3!.coordinator.mayMeetLeftOvers()], [false, false]);
    const again = await cluster.boot('n1');
    t.equal(again.coordinator.mayMeetLeftOvers(), true);
    t.equal(n2!.coordinator.mayMeetLeftOvers(), false, 'it has heard of that end before');
    await cluster.clock.advance(1_000);
    t.equal(again.coordinator.mayMeetLeftOvers(), false);
    n2!.pause();
    again.crash();
    await cluster.boot('n1');
    n2!.resume();
    await cluster.clock.advance(50);
    t.equal(n2!.coordinator.mayMeetLeftOvers(), true, 'a new life tells of the end of the one before');
  },
);
