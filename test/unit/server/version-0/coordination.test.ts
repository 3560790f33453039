/** What a coordinator makes of clients of version 4.0: real coordinators, no server. */
import t from 'tap';
import { client, FakeCluster } from '../../coordinator/fixtures/cluster.ts';

t.test(
  'a client that is recorded in grace is durable in the new epoch, and expected as before',
  async (t) => {
    const cluster = new FakeCluster('n1', 'n2');
    const [n1] = await cluster.start();
    const alice = client('alice', '4.0 sys:0@machine');
    await n1!.coordinator.recorded(alice);
    n1!.crash();
    const again = (await cluster.boot('n1')).coordinator;
    await cluster.clock.advance(50);
    t.equal(again.reclaim(alice), 'grant');
    t.equal(await again.recorded(alice), 'durable');
    await cluster.clock.advance(300);
    t.match(cluster.recorded(), { 'n1 alice': 'complete' });
    t.equal(again.newState(), 'grace', 'it may have more to reclaim');
    t.equal(again.reclaim(alice), 'grant');
    t.equal(await again.completed(alice), 'durable');
    await cluster.clock.advance(50);
    t.equal(again.newState(), 'grant', 'row 15');
  },
);

t.test('at the deadline it keeps its record, and who reclaimed nothing has lost its chance', async (t) => {
  const cluster = new FakeCluster('n1');
  const [n1] = await cluster.start();
  const [alice, bob] = [client('alice', '4.0 sys:0@machine'), client('bob', '4.0 sys:0@machine')];
  await n1!.coordinator.recorded(alice);
  await n1!.coordinator.recorded(bob);
  n1!.crash();
  const again = (await cluster.boot('n1')).coordinator;
  await cluster.clock.advance(50);
  t.equal(again.reclaim(alice), 'grant');
  await again.recorded(alice);
  await cluster.clock.advance(5_000);
  t.equal(again.newState(), 'grant');
  t.match(cluster.recorded(), { 'n1 alice': 'complete', 'n1 bob': 'reclaim incomplete' });
});

t.test('one owner string in 4.0 and 4.1: one completes, the other is waited for', async (t) => {
  const cluster = new FakeCluster('n1');
  const [n1] = await cluster.start();
  const [older, newer] = [client('alice', '4.0 sys:0@machine'), client('alice', 'sys:0@machine')];
  await n1!.coordinator.recorded(older);
  await n1!.coordinator.completed(newer);
  n1!.crash();
  const again = (await cluster.boot('n1')).coordinator;
  await cluster.clock.advance(50);
  await again.completed(newer);
  await cluster.clock.advance(50);
  t.equal(again.newState(), 'grace');
  t.equal(again.reclaim(older), 'grant');
  await again.revoke(newer);
  t.equal(again.reclaim(older), 'grant', 'what one loses the other keeps');
});
