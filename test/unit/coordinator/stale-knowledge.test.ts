import t from 'tap';
import { client, FakeCluster } from './fixtures/cluster.ts';

const alice = client('alice');

t.test(
  'C8: a process that was stopped grants nothing on what it knew before it has read the ledger again',
  async (t) => {
    const cluster = new FakeCluster('n1', 'n2');
    const [n1] = await cluster.start();
    n1!.pause();
    await cluster.clock.advance(10_000);
    // No timer of it has run yet: a request that waited in its socket is first.
    t.equal(n1!.coordinator.newState(), 'grace');
    t.equal(n1!.coordinator.status().enforcing, true);
    await cluster.clock.advance(0);
    t.equal(n1!.coordinator.newState(), 'grant', 'the refusal itself made it read');
  },
);

t.test('C8: stopped between the two questions of a grant, it gives the lock back', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1] = await cluster.start();
  t.equal(n1!.coordinator.newState(), 'grant');
  n1!.pause();
  await cluster.clock.advance(10_000);
  t.equal(n1!.coordinator.confirmNewState(), 'grace');
});

t.test(
  'C8: stopped in the middle of a recovery, it reclaims nothing for a client before it has read',
  async (t) => {
    const cluster = new FakeCluster('n1', 'n2');
    const [n1] = await cluster.start();
    await n1!.coordinator.completed(alice);
    n1!.crash();
    const again = await cluster.boot('n1');
    await cluster.clock.advance(50);
    t.equal(again.coordinator.reclaim(alice), 'grant');
    again.pause();
    await cluster.clock.advance(10_000);
    t.equal(again.coordinator.reclaim(alice), 'delay');
  },
);

t.test('a store that takes its time makes nobody wait', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1] = await cluster.start();
  const read = n1!.store.read.bind(n1!.store);
  n1!.store.read = () => new Promise((resolve) => cluster.clock.after(300, () => resolve(read())));
  for (let i = 0; i < 50; i++) {
    await cluster.clock.advance(100);
    t.equal(n1!.coordinator.newState(), 'grant');
  }
});
