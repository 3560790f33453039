import t from 'tap';
import { asIncarnation, asNodeId } from '../../../src/core/ids.ts';
import { StoreUnavailableError } from '../../../src/store/store.ts';
import { client, FakeCluster, type FakeNode } from './fixtures/cluster.ts';

const FENCE_AFTER_MS = 400;
const alice = client('alice');

/** n3 is stopped, and n1 dies: grace waits for the acknowledgement of n3. */
async function heldUp(options: { fenceAfterMs?: number | null; beaconProvesDeath?: boolean } = {}) {
  const cluster = new FakeCluster('n1', 'n2', 'n3', 'n4');
  const [n1, n2, n3, n4] = await cluster.start({ fenceAfterMs: FENCE_AFTER_MS, ...options });
  await n3!.coordinator.completed(alice);
  n3!.pause();
  n1!.crash();
  return { cluster, n2: n2!, n3: n3!, n4: n4! };
}

t.test('I8, C8: a node that is paused before it acknowledges is fenced, and grace ends', async (t) => {
  const { cluster, n2, n3, n4 } = await heldUp();
  await cluster.clock.advance(FENCE_AFTER_MS - 50);
  t.same(cluster.fencer.asked, [], 'it has its time');
  await cluster.clock.advance(100);
  t.same(cluster.fencer.asked, ['n3 1'], 'once, by the one whose turn it is');
  t.ok(n4.saw('fencing') && n4.saw('fenced-peer'), 'which is the next in the ring');
  t.notOk(n2.saw('fencing'));
  t.equal(cluster.ledger.members.n3.state, 'down');
  t.equal(n2.coordinator.newState(), 'grace', 'its clients have their chance');
  const again = await cluster.boot('n3');
  await cluster.clock.advance(50);
  t.equal(again.coordinator.reclaim(alice), 'grant');
  t.ok(n3.crashed);
  await cluster.clock.advance(5_000);
  t.same(cluster.granting(), ['n2', 'n4', 'n3']);
});

t.test('I8: without a time to fence after, grace waits for as long as it takes', async (t) => {
  const { cluster, n2 } = await heldUp({ fenceAfterMs: null });
  await cluster.clock.advance(60_000);
  t.same(cluster.fencer.asked, []);
  t.equal(n2.coordinator.newState(), 'grace');
  t.same(n2.coordinator.status().unacknowledged, ['n3']);
});

t.test(
  'I8: a fencer that cannot say kills nobody in the ledger, and is asked again, less and less often',
  async (t) => {
    const { cluster, n2, n4 } = await heldUp();
    cluster.fencer.outcome = { outcome: 'failed', reason: 'no power switch answers: look at rack 4' };
    await cluster.clock.advance(20_000);
    t.equal(cluster.ledger.members.n3.state, 'up');
    t.equal(n2.coordinator.newState(), 'grace');
    const attempts = n4.events.filter(({ event }) => event === 'fencing').length;
    t.ok(attempts >= 4 && attempts <= 6, `${attempts} attempts of one node in 20 s`);
    t.ok(n2.saw('fencing'), 'the turn that did not help passed on');
    t.match(
      n4.events.find(({ event }) => event === 'fence-failed'),
      { peer: 'n3', detail: /rack 4/ },
    );
    t.match(n4.coordinator.status().fencing, [{ node: 'n3', incarnation: 1, failure: /rack 4/ }]);
    cluster.fencer.outcome = { outcome: 'gone' };
    await cluster.clock.advance(31_000);
    t.equal(cluster.ledger.members.n3.state, 'down');
    t.same(n4.coordinator.status().fencing, []);
  },
);

t.test('I8: a fencer that throws has seen nothing die', async (t) => {
  const { cluster, n4 } = await heldUp();
  cluster.fencer.before = () => Promise.reject(new Error('connection refused'));
  await cluster.clock.advance(1_000);
  t.equal(cluster.ledger.members.n3.state, 'up');
  t.ok(n4.saw('fence-failed'));
});

t.test('status tells what is under way, and since when', async (t) => {
  const { cluster, n4 } = await heldUp();
  cluster.fencer.before = () => new Promise(() => {});
  await cluster.clock.advance(FENCE_AFTER_MS + 300);
  const [fencing] = n4.coordinator.status().fencing;
  t.match(fencing, { node: 'n3', failure: null });
  t.ok(fencing!.underWayMs! > 200 && fencing!.underWayMs! <= 300, `${fencing!.underWayMs}`);
});

t.test('I8: whoever acknowledges in the end is not fenced, and its time begins anew', async (t) => {
  const { cluster, n3 } = await heldUp();
  await cluster.clock.advance(FENCE_AFTER_MS - 100);
  n3.resume();
  await cluster.clock.advance(5_000);
  t.same(cluster.fencer.asked, []);
  t.equal(n3.fencedBecause, null);
  n3.pause();
  cluster.nodes.find(({ name }) => name === 'n2')!.crash();
  await cluster.clock.advance(FENCE_AFTER_MS - 100);
  t.same(cluster.fencer.asked, []);
  await cluster.clock.advance(200);
  t.same(cluster.fencer.asked, ['n3 1']);
});

t.test('the word of the fencer is about one life: the next one is left alone', async (t) => {
  const { cluster, n4 } = await heldUp();
  cluster.fencer.before = async () => {
    // While the fencer is at work the node ends by itself, and is back before it answers.
    for (const node of cluster.nodes) if (node.name === 'n3') node.crash();
    cluster.begin('n3');
    await cluster.clock.advance(200);
  };
  await cluster.clock.advance(FENCE_AFTER_MS + 500);
  t.match(cluster.ledger.members.n3, { state: 'up', incarnation: 2 });
  t.ok(n4.saw('fenced-peer'));
  t.notOk(cluster.nodes.some(({ swaps }) => swaps.includes('confirm-death')));
});

t.test('a lost swap of the fencer’s word is made again', async (t) => {
  // Where a missing beacon proves nothing, nobody else says the same by another way.
  const { cluster, n4 } = await heldUp({ beaconProvesDeath: false });
  let rivals = 3;
  const swap = n4.store.swap.bind(n4.store);
  n4.store.swap = async (expected, next) => {
    if (next.members[asNodeId('n3')]!.state === 'down' && rivals-- > 0)
      await cluster.command({ type: 'admit', node: asNodeId(`new${rivals}`) });
    return swap(expected, next);
  };
  await cluster.clock.advance(FENCE_AFTER_MS + 200);
  t.ok(rivals < 0, 'it lost three times');
  t.equal(cluster.ledger.members.n3.state, 'down');
  t.same(cluster.fencer.asked, ['n1 1', 'n3 1'], 'and fenced once');
});

t.test('D19: a suspect that says nothing is fenced without waiting', async (t) => {
  const cluster = new FakeCluster('n1', 'n2', 'n3');
  const [, n2, n3] = await cluster.start({ beaconProvesDeath: false, fenceAfterMs: 60_000 });
  n3!.pause();
  // The filesystem drops the locks of a node that lives.
  for (const [slot, life] of cluster.beacons) if (life === n3!.life) cluster.beacons.delete(slot);
  await cluster.clock.advance(200);
  t.same(cluster.fencer.asked, ['n3 1']);
  t.equal(cluster.ledger.members.n3.state, 'down');
  t.ok(n2!.swaps.concat(cluster.nodes[0]!.swaps).includes('confirm-death'));
});

t.test(
  'I8: an heir that stops with claims in its hands is fenced past the latest end of grace',
  async (t) => {
    const cluster = new FakeCluster('n1', 'n2', 'n3');
    const [n1, n2, n3] = await cluster.start({ failoverMs: 100, fenceAfterMs: FENCE_AFTER_MS });
    await n1!.coordinator.completed(alice);
    n1!.crash();
    await cluster.clock.advance(200);
    t.equal(cluster.ledger.members.n1.heir, 'n2');
    n2!.pause();
    await cluster.clock.advance(1_900);
    t.same(cluster.fencer.asked, [], 'it has all the time that its clients have');
    await cluster.clock.advance(1_000);
    t.same(cluster.fencer.asked, ['n2 1']);
    t.equal(cluster.ledger.members.n1.heir, 'n3');
    t.equal(n3!.coordinator.reclaim({ ...alice, service: asNodeId('n1') }), 'grant');
  },
);

t.test(
  'C8: a zombie that was declared dead and goes on writes nothing, grants nothing, and ends',
  async (t) => {
    const { cluster, n2, n3, n4 } = await heldUp({ fenceAfterMs: null });
    await cluster.command({
      type: 'confirm-death',
      node: asNodeId('n3'),
      incarnation: asIncarnation(1),
    });
    await cluster.clock.advance(5_000);
    t.same(
      [n2, n4].map(({ coordinator }) => coordinator.newState()),
      ['grant', 'grant'],
    );
    const before = JSON.stringify([cluster.ledger, cluster.recorded()]);
    // Before any timer of it has run: what a request that waited in its socket meets.
    const write = n3.coordinator.completed(client('late'));
    t.equal(n3.coordinator.newState(), 'grace');
    t.equal(n3.coordinator.confirmNewState(), 'grace');
    t.equal(n3.coordinator.reclaim(alice), 'delay');
    t.equal(await write, 'fenced');
    n3.resume();
    await cluster.clock.advance(500);
    t.match(n3.fencedBecause, /later life of this node, or none/);
    t.equal(n3.coordinator.newState(), 'grace');
    t.equal(JSON.stringify([cluster.ledger, cluster.recorded()]), before);
  },
);

t.test('I8: a leaver that is the only other one has the node fenced that holds its barrier up', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1, n2] = await cluster.start({ fenceAfterMs: FENCE_AFTER_MS });
  n2!.pause();
  let left = false;
  void n1!.coordinator
    .leave(() => {})
    .then(() => {
      left = true;
    });
  await cluster.clock.advance(FENCE_AFTER_MS + 200);
  t.same(cluster.fencer.asked, ['n2 1']);
  t.ok(left);
});

t.test('C8: a node that was stopped ends nobody for what it saw before', async (t) => {
  const cluster = new FakeCluster('n1', 'n2', 'n3', 'n4', 'n5');
  const [n1, n2, n3, n4] = await cluster.start({ fenceAfterMs: FENCE_AFTER_MS });
  n3!.pause();
  n1!.crash();
  await cluster.clock.advance(100);
  // It has seen n3 hold one grace up. When it goes on another one has just begun, and n3 is not late yet.
  n4!.pause();
  n3!.resume();
  await cluster.clock.advance(3_000);
  t.equal(cluster.ledger.recoveryEpoch, null);
  n3!.pause();
  n2!.crash();
  await cluster.clock.advance(100);
  n4!.resume();
  await cluster.clock.advance(100);
  t.same(cluster.fencer.asked, []);
  await cluster.clock.advance(FENCE_AFTER_MS);
  t.same(cluster.fencer.asked, ['n3 1'], 'it gets as much time as ever');
});

t.test('C8: a suspect does not speak for a fencer that it asked when it was none', async (t) => {
  const cluster = new FakeCluster('n1', 'n2', 'n3', 'n4');
  cluster.options = { beaconProvesDeath: false };
  const nodes: FakeNode[] = [];
  for (const name of ['n1', 'n2', 'n3', 'n4'])
    nodes.push(await cluster.boot(name, name === 'n4' ? { fenceAfterMs: FENCE_AFTER_MS } : {}));
  await cluster.clock.advance(500);
  const [, , n3, n4] = nodes as [FakeNode, FakeNode, FakeNode, FakeNode];
  const { promise, resolve } = Promise.withResolvers<void>();
  cluster.fencer.before = () => promise;
  n3.pause();
  await cluster.command({ type: 'migrate', owner: asNodeId('n1'), to: asNodeId('n2') });
  await cluster.clock.advance(FENCE_AFTER_MS + 50);
  t.same(cluster.fencer.asked, ['n3 1']);
  // It cannot say that it has stopped, which would be its end.
  const swap = n4.store.swap.bind(n4.store);
  n4.store.swap = async (expected, next) => {
    if (next.members[asNodeId('n4')]!.acknowledgedView === next.view)
      throw new StoreUnavailableError('it is full');
    return swap(expected, next);
  };
  n4.dropLocks();
  await cluster.clock.advance(100);
  t.equal(cluster.ledger.members.n4.state, 'suspect');
  resolve();
  await cluster.clock.advance(500);
  t.ok(n4.saw('fenced-peer'));
  t.notOk(n4.crashed);
  t.notOk(n4.swaps.includes('confirm-death'));
});
