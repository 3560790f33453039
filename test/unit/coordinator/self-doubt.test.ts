import t from 'tap';
import { FakeCluster } from './fixtures/cluster.ts';

const SEVERAL_KERNELS = { beaconProvesDeath: false, fenceAfterMs: 400 };

t.test('I8: who sees nobody any more lets the others speak first, and is the one that goes', async (t) => {
  const cluster = new FakeCluster('n1', 'n2', 'n3');
  const [n1, n2, n3] = await cluster.start(SEVERAL_KERNELS);
  n2!.dropLocks();
  await cluster.clock.advance(3_000);
  t.notSame(n2!.fencedBecause, null);
  t.notOk(n2!.swaps.includes('report-death'), 'it accused nobody');
  for (const node of [n1!, n3!]) t.notOk(node.crashed, node.name);
  const again = await cluster.boot('n2');
  await cluster.clock.advance(3_000);
  t.notOk(again.crashed);
  t.same(cluster.granting(), ['n1', 'n3', 'n2']);
});

t.test('I8: a life that was cut off does not have fenced whoever boots', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1, n2] = await cluster.start(SEVERAL_KERNELS);
  n2!.crash();
  await cluster.clock.advance(1_000);
  n1!.dropLocks();
  const again = await cluster.boot('n2');
  await cluster.clock.advance(100);
  t.notSame(n1!.fencedBecause, null, 'the younger one sees what is there');
  t.notOk(again.crashed);
  await cluster.boot('n1');
  await cluster.clock.advance(3_000);
  t.same(cluster.granting(), ['n2', 'n1']);
});

t.test('I8: if nobody else speaks, they were dead indeed', async (t) => {
  const cluster = new FakeCluster('n1', 'n2', 'n3');
  const [n1, n2, n3] = await cluster.start(SEVERAL_KERNELS);
  n1!.crash();
  n3!.crash();
  t.ok(n2!.coordinator.enforcing || n2!.coordinator.confirmNewState() !== 'grant', 'nothing is granted');
  await cluster.clock.advance(490);
  t.equal(n2!.coordinator.newState(), 'grace', 'nor while it waits');
  t.notOk(n2!.swaps.includes('report-death'));
  await cluster.clock.advance(5_000);
  t.same(cluster.granting(), ['n2']);
});

t.test('where a missing beacon proves death, nobody doubts', async (t) => {
  const cluster = new FakeCluster('n1', 'n2', 'n3');
  const [n1, n2, n3] = await cluster.start();
  n1!.crash();
  n3!.crash();
  await cluster.clock.advance(40);
  t.equal(cluster.ledger.members.n1.state, 'down');
  t.ok(n2!.swaps.includes('report-death'));
});
