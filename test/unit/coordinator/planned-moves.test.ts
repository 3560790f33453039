import t from 'tap';
import { asNodeId, type NodeId } from '../../../src/core/ids.ts';
import { client, FakeCluster, type FakeNode, type NodeOptions } from './fixtures/cluster.ts';

const [N1, N2] = ['n1', 'n2'].map(asNodeId) as [NodeId, NodeId];

/** They come by the address of n1, and bob by that of n2. */
const alice = { ...client('alice'), service: N1 };
const ann = { ...client('ann'), service: N1 };
const bob = { ...client('bob'), service: N2 };

async function clusterOf(options: NodeOptions = {}) {
  const cluster = new FakeCluster('n1', 'n2', 'n3');
  const [n1, n2, n3] = (await cluster.start(options)) as [FakeNode, FakeNode, FakeNode];
  await n1.coordinator.completed(alice);
  await n2.coordinator.completed(bob);
  return { cluster, n1, n2, n3 };
}

t.test(
  'C11: the giver lets go past the barrier, and the taker serves those clients and no others',
  async (t) => {
    const { cluster, n1, n2, n3 } = await clusterOf();
    await cluster.command({ type: 'migrate', owner: N1, to: N2 });
    await cluster.clock.advance(100);
    t.same(n1.letGo, [{ owner: 'n1', granting: [] }], 'nobody granted anything when it did');
    const told = n1.events.map(({ event, peer, detail }) => [event, peer, detail].filter(Boolean).join(' '));
    t.same(told.filter((each) => /^(acknowledged|handed-over)/.test(each)).slice(-2), [
      'acknowledged',
      'handed-over n1 n2',
    ]);
    t.same([n1.carried.at(-1), n2.carried.at(-1)], [[], ['n1', 'n2']]);
    t.equal(n1.coordinator.serves(N1), false);
    t.equal(n2.coordinator.serves(N1), true);
    t.equal(n3.coordinator.newState(), 'grace', 'until they have come');
    t.equal(n1.coordinator.reclaim(alice), 'delay', 'not at the giver any more');
    t.equal(n2.coordinator.reclaim(alice), 'grant');
    t.equal(
      n2.coordinator.reclaim({ ...alice, service: N2 }),
      'no-grace',
      'the same owner by another address is another client',
    );
    t.equal(n2.coordinator.reclaim(bob), 'no-grace', 'who lost nothing has nothing to reclaim');
    await n2.coordinator.completed(alice);
    await cluster.clock.advance(50);
    t.same(cluster.granting(), ['n1', 'n2', 'n3'], 'nobody waits for those who were never away');
    t.same(cluster.recorded(), { 'n1 alice': 'complete', 'n2 bob': 'complete' });
  },
);

t.test('an address that is still on its way to a node is not handed on', async (t) => {
  const { cluster, n1 } = await clusterOf();
  const raised = Promise.withResolvers<void>();
  n1.addressesSettled = raised.promise;
  await cluster.command({ type: 'migrate', owner: N1, to: N2 });
  await cluster.clock.advance(200);
  t.same(n1.letGo, []);
  t.notOk(n1.swaps.includes('hand-over'), 'it would be announced here after it was announced there');
  raised.resolve();
  await cluster.clock.advance(50);
  t.ok(n1.swaps.includes('hand-over'));
});

t.test(
  'failback: the owner gets its clients back, and both are served where they belong after the next failures',
  async (t) => {
    const { cluster, n1, n2 } = await clusterOf({ failoverMs: 100 });
    n1.crash();
    await cluster.clock.advance(300);
    await n2.coordinator.completed(alice);
    const again = await cluster.boot('n1');
    await cluster.clock.advance(100);
    await cluster.command({ type: 'migrate', owner: N1, to: N1 });
    await cluster.clock.advance(100);
    t.equal(again.coordinator.reclaim(alice), 'grant');
    await again.coordinator.completed(alice);
    await cluster.clock.advance(50);
    t.same(cluster.granting(), ['n2', 'n3', 'n1']);
    n2.crash();
    await cluster.clock.advance(50);
    const n2Again = await cluster.boot('n2');
    await cluster.clock.advance(50);
    t.equal(n2Again.coordinator.reclaim(bob), 'grant');
    t.equal(again.coordinator.reclaim(alice), 'no-grace', 'that was not her node');
  },
);

t.test('failback by itself: the address comes back when its owner has been there for a while', async (t) => {
  const { cluster, n1 } = await clusterOf({ failoverMs: 100, failbackMs: 500 });
  n1.crash();
  await cluster.clock.advance(300);
  const again = await cluster.boot('n1');
  t.same(again.carried, [[]]);
  await cluster.clock.advance(4_000);
  t.same(again.carried.at(-1), ['n1']);
  t.ok(again.swaps.includes('migrate'));
});

/** A store in which puts and removals of records wait, while they are to, until somebody lets them through. */
function slowRecords() {
  const gate = { puts: false, removals: false, open: () => {} };
  const held = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate.open = resolve;
    return promise;
  };
  const throughStore: NodeOptions['throughStore'] = (store) => {
    const [put, remove] = [store.putRecords.bind(store), store.removeRecords.bind(store)];
    store.putRecords = async (...written) => {
      if (gate.puts) await held();
      return put(...written);
    };
    store.removeRecords = async (...removed) => {
      if (gate.removals) await held();
      return remove(...removed);
    };
    return store;
  };
  return { gate, throughStore };
}

t.test(
  'I2: the taker dies before the address is its own, and the clients reclaim at the giver',
  async (t) => {
    const { gate, throughStore } = slowRecords();
    const { cluster, n1, n2, n3 } = await clusterOf({ throughStore });
    gate.removals = true;
    await cluster.command({ type: 'migrate', owner: N1, to: N2 });
    await cluster.clock.advance(100);
    t.equal(n1.letGo.length, 1);
    t.notOk(n1.swaps.includes('hand-over'), 'nothing is handed over before its last words are durable');
    t.equal(n1.coordinator.reclaim(alice), 'delay', 'nor does it serve her any more');
    const late = n1.coordinator.completed(ann);
    n2.crash();
    gate.removals = false;
    gate.open();
    await cluster.clock.advance(100);
    t.equal(n1.coordinator.serves(N1), true, 'nothing came of the move');
    t.equal(n3.coordinator.newState(), 'grace');
    t.equal(n1.coordinator.reclaim(alice), 'grant', 'what it had let go');
    t.equal(await n1.coordinator.completed(alice), 'durable');
    t.not(await late, 'durable', 'that came when ann was not its client');
  },
);

t.test('the taker dies before anything was let go, and nobody is waited for', async (t) => {
  const { cluster, n1, n2, n3 } = await clusterOf();
  await n2.coordinator.forget(bob);
  n3.pause();
  await cluster.command({ type: 'migrate', owner: N1, to: N2 });
  await cluster.clock.advance(50);
  n2.crash();
  await cluster.clock.advance(50);
  await cluster.boot('n2');
  n3.resume();
  await cluster.clock.advance(100);
  t.same(n1.letGo, []);
  t.same(cluster.granting(), ['n1', 'n3', 'n2'], 'alice has lost nothing');
});

t.test('edge condition 2: what the giver was just writing when it let go does not stay either', async (t) => {
  const { gate, throughStore } = slowRecords();
  const { cluster, n1, n3 } = await clusterOf({ throughStore });
  n3.pause();
  await cluster.command({ type: 'migrate', owner: N1, to: N2 });
  await cluster.clock.advance(100);
  gate.puts = true;
  const completed = n1.coordinator.completed(ann);
  await cluster.clock.advance(10);
  gate.puts = false;
  n3.resume();
  await cluster.clock.advance(100);
  t.equal(n1.letGo.length, 1);
  t.equal(cluster.ledger.members.n1.addressAt, null, 'not before that is written');
  gate.open();
  await completed;
  await cluster.clock.advance(100);
  t.equal(cluster.ledger.members.n1.addressAt, 'n2');
  t.same(cluster.recorded(), { 'n2 bob': 'complete' });
});

t.test('M8: the mutant lets go before everybody has stopped granting', async (t) => {
  const { cluster, n1, n3 } = await clusterOf({ mutants: ['M8'] });
  n3.pause();
  await cluster.command({ type: 'migrate', owner: N1, to: N2 });
  await cluster.clock.advance(100);
  t.ok(n1.letGo[0]!.granting.includes('n3'));
});

t.test(
  'edge condition 2: what the giver wrote about a client does not count when the address comes back to it',
  async (t) => {
    const { cluster, n1, n2 } = await clusterOf();
    await n1.coordinator.completed(ann);
    await cluster.command({ type: 'migrate', owner: N1, to: N2 });
    await cluster.clock.advance(100);
    // Alice comes to the taker, ann to nobody.
    await n2.coordinator.completed(alice);
    await cluster.command({ type: 'migrate', owner: N1, to: N1 });
    await cluster.clock.advance(100);
    t.same(
      cluster.recorded(),
      { 'n2 bob': 'complete' },
      'of neither, until she has come to where the address leads',
    );
  },
);

t.test(
  'I2: claims that were finished, and opened again by a move there and back, are as good as new',
  async (t) => {
    const { cluster, n1, n3 } = await clusterOf();
    await n3.coordinator.completed({ ...client('carol'), service: asNodeId('n3') });
    n3.crash();
    n1.crash();
    await cluster.clock.advance(50);
    const again = await cluster.boot('n1');
    await cluster.clock.advance(50);
    t.equal(again.coordinator.reclaim(alice), 'grant');
    await again.coordinator.completed(alice);
    await cluster.clock.advance(50);
    t.ok(again.swaps.includes('finish'), 'and carol is still waited for');
    await cluster.command({ type: 'migrate', owner: N1, to: N2 });
    await cluster.clock.advance(100);
    await cluster.command({ type: 'migrate', owner: N1, to: N1 });
    await cluster.clock.advance(100);
    t.equal(again.coordinator.serves(N1), true);
    t.equal(again.coordinator.reclaim(alice), 'grant');
    t.equal(again.swaps.filter((swap) => swap === 'finish').length, 1, 'nobody has ended her time');
  },
);

t.test(
  'row 19: the end of a client by one address says nothing of what it lost by another one',
  async (t) => {
    const { cluster, n1, n2 } = await clusterOf({ failoverMs: 100 });
    await n2.coordinator.completed({ ...alice, service: N2 });
    n1.crash();
    await cluster.clock.advance(5_000);
    t.equal(cluster.recorded()['n1 alice'], 'reclaim incomplete');
    t.equal(await n2.coordinator.forget({ ...alice, service: N2 }), 'durable');
    t.same(cluster.recorded(), { 'n1 alice': 'reclaim incomplete', 'n2 bob': 'complete' });
  },
);
