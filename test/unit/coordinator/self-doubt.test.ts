import t from 'tap';
import { distant, FakeCluster, type FakeNode } from './fixtures/cluster.ts';

const SEVERAL_KERNELS = { beaconProvesDeath: false, fenceAfterMs: 400 };
/** Finds out before all others. */
const QUICK = { beaconPollMs: 1 };

async function started(quick: string, ...names: string[]) {
  const cluster = new FakeCluster(...names);
  cluster.options = SEVERAL_KERNELS;
  const nodes: Record<string, FakeNode> = {};
  for (const name of names) nodes[name] = await cluster.boot(name, name === quick ? QUICK : {});
  await cluster.clock.advance(500);
  return { cluster, nodes };
}

t.test('I8: who sees nobody any more lets the others speak first, and is the one that goes', async (t) => {
  const { cluster, nodes } = await started('n2', 'n1', 'n2', 'n3');
  const { n1, n2, n3 } = nodes;
  n2!.dropLocks();
  await cluster.clock.advance(3_000);
  t.ok(n2!.crashed);
  t.notOk(n2!.swaps.includes('report-death'), 'it accused nobody');
  for (const node of [n1!, n3!]) t.notOk(node.crashed, node.name);
  const again = await cluster.boot('n2');
  await cluster.clock.advance(3_000);
  t.notOk(again.crashed);
  t.same(cluster.granting(), ['n1', 'n3', 'n2']);
});

t.test('I8: a life that was cut off does not have fenced whoever boots', async (t) => {
  const { cluster, nodes } = await started('n1', 'n1', 'n2');
  const { n1, n2 } = nodes;
  n2!.crash();
  await cluster.clock.advance(1_000);
  n1!.dropLocks();
  // When it learns that its boot is in the ledger, the other one has known that for long.
  const again = await cluster.boot('n2', { throughStore: distant(cluster.clock) });
  await cluster.clock.advance(100);
  t.ok(n1!.crashed, 'the younger one sees what is there');
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
  await cluster.clock.advance(490);
  t.equal(n2!.coordinator.newState(), 'grace', 'and nothing is granted meanwhile');
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
