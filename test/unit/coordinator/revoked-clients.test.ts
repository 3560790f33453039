import t from 'tap';
import { asIncarnation, asNodeId } from '../../../src/core/ids.ts';
import { StoreUnavailableError } from '../../../src/store/store.ts';
import { client, FakeCluster } from './fixtures/cluster.ts';

const [alice, bob] = [client('alice'), client('bob')];

t.test(
  'row 19: who has not completed by the deadline is on record as having lost its chance, before claims close',
  async (t) => {
    const cluster = new FakeCluster('n1', 'n2');
    const [n1] = await cluster.start();
    for (const each of [alice, bob]) await n1!.coordinator.completed(each);
    n1!.crash();
    const again = await cluster.boot('n1');
    await cluster.clock.advance(50);
    await again.coordinator.completed(bob);
    const atTheFinish: unknown[] = [];
    const swap = again.store.swap.bind(again.store);
    again.store.swap = (...write) => {
      atTheFinish.push(cluster.recorded());
      return swap(...write);
    };
    await cluster.clock.advance(1_600);
    t.equal(cluster.ledger.recoveryEpoch, null);
    const expected = { 'n1 alice': 'reclaim incomplete', 'n1 bob': 'complete' };
    t.same(atTheFinish, [expected], 'durable before the ledger said that it is over');
    t.same(again.coordinator.status().revoked, ['alice']);
  },
);

t.test('I7: a finish waits for the record of whom it leaves behind', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1, n2] = await cluster.start();
  await n1!.coordinator.completed(alice);
  n1!.crash();
  const again = await cluster.boot('n1');
  await cluster.clock.advance(50);
  again.store.putRecords = () => Promise.reject(new StoreUnavailableError('no space left'));
  await cluster.clock.advance(3_000);
  t.equal(n2!.coordinator.newState(), 'grace', 'the deadline has long passed');
  t.notOk(again.swaps.includes('finish'));
  t.equal(again.coordinator.reclaim(alice), 'delay', 'and meanwhile nobody reclaims');
  delete (again.store as { putRecords?: unknown }).putRecords;
  await cluster.clock.advance(200);
  t.equal(n2!.coordinator.newState(), 'grant');
});

t.test(
  'row 19: the same for an abandoned node, where its next life finds it; and it entitles nobody',
  async (t) => {
    const cluster = new FakeCluster('n1', 'n2', 'n3');
    const [n1, n2] = await cluster.start();
    await n1!.coordinator.completed(alice);
    n1!.crash();
    await cluster.clock.advance(2_000);
    t.same(cluster.recorded(), { 'n1 alice': 'reclaim incomplete' });
    t.equal(n2!.coordinator.newState(), 'grant');
    const again = await cluster.boot('n1');
    await cluster.clock.advance(50);
    t.same(again.coordinator.status().revoked, ['alice'], 'remembered from life to life');
    n2!.crash();
    await cluster.clock.advance(50);
    t.same(cluster.recorded(), { 'n1 alice': 'reclaim incomplete' }, 'and from epoch to epoch');
    t.equal(again.coordinator.reclaim(alice), 'no-grace');
    t.same(again.coordinator.status().revoked, [], 'now she knows');
  },
);

t.test(
  'row 19: a client whose lease ran out does not reclaim after the next failure, and is told',
  async (t) => {
    const cluster = new FakeCluster('n1', 'n2');
    const [n1, n2] = await cluster.start();
    for (const each of [alice, bob]) await n1!.coordinator.completed(each);
    t.equal(await n1!.coordinator.revoke(alice), 'durable');
    t.same(cluster.recorded(), { 'n1 alice': 'revoked', 'n1 bob': 'complete' });
    n2!.crash();
    await cluster.boot('n2');
    await cluster.clock.advance(100);
    t.same(
      cluster.recorded(),
      { 'n1 alice': 'revoked', 'n1 bob': 'complete' },
      'carried into the next epoch',
    );
    n1!.crash();
    const again = await cluster.boot('n1');
    await cluster.clock.advance(50);
    t.equal(again.coordinator.reclaim(alice), 'no-grace');
    t.equal(again.coordinator.reclaim(bob), 'grant');
    await again.coordinator.completed(bob);
    await cluster.clock.advance(50);
    t.same(cluster.recorded(), { 'n1 bob': 'complete' }, 'who has been told is forgotten');
  },
);

t.test('row 19: one that completes has been told, and counts again', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1] = await cluster.start();
  await n1!.coordinator.completed(alice);
  await n1!.coordinator.revoke(alice);
  t.same(n1!.coordinator.status().revoked, ['alice']);
  await n1!.coordinator.completed(alice);
  t.same(n1!.coordinator.status().revoked, []);
  n1!.crash();
  const again = await cluster.boot('n1');
  await cluster.clock.advance(50);
  t.equal(again.coordinator.reclaim(alice), 'grant');
});

t.test(
  'row 17, I4: a lease that runs out in the middle of a grace ends the chance to reclaim in it',
  async (t) => {
    const cluster = new FakeCluster('n1', 'n2');
    const [n1] = await cluster.start();
    for (const each of [alice, bob]) await n1!.coordinator.completed(each);
    n1!.crash();
    const again = await cluster.boot('n1');
    await cluster.clock.advance(50);
    t.equal(again.coordinator.reclaim(alice), 'grant');
    t.equal(await again.coordinator.revoke(alice), 'durable');
    t.equal(again.coordinator.reclaim(alice), 'no-grace');
    again.crash();
    const third = await cluster.boot('n1');
    await cluster.clock.advance(50);
    t.equal(third.coordinator.reclaim(alice), 'no-grace', 'nor in the next life');
    t.equal(third.coordinator.reclaim(bob), 'grant');
  },
);

t.test('row 26: a stranger with the same owner id takes nobody’s record along', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1] = await cluster.start();
  const stranger = client('alice', 'sys:7@evil');
  for (const each of [alice, stranger]) await n1!.coordinator.completed(each);
  await n1!.coordinator.forget(stranger);
  n1!.crash();
  const again = await cluster.boot('n1');
  await cluster.clock.advance(50);
  t.equal(again.coordinator.reclaim(alice), 'grant');
  t.equal(again.coordinator.reclaim(stranger), 'reclaim-bad');
});

t.test('row 26: both of two principals with one owner id reclaim', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1] = await cluster.start();
  const namesake = client('alice', 'sys:7@c');
  for (const each of [alice, namesake]) await n1!.coordinator.completed(each);
  n1!.crash();
  const again = await cluster.boot('n1');
  await cluster.clock.advance(50);
  for (const each of [alice, namesake]) t.equal(again.coordinator.reclaim(each), 'grant');
  await again.coordinator.completed(alice);
  await cluster.clock.advance(100);
  t.equal(again.coordinator.reclaim(namesake), 'grant', 'the other one is still waited for');
});

t.test('no more of the revoked are carried than there is room for', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1, n2] = await cluster.start();
  for (let i = 0; i < 10_020; i++) await n1!.coordinator.revoke(client(`c${i}`));
  const { revoked } = n1!.coordinator.status();
  t.equal(revoked.length, 10_000);
  t.equal(revoked[0], 'c20', 'the oldest went');
  n2!.crash();
  await cluster.clock.advance(50);
  t.equal(Object.keys(cluster.recorded()).length, 10_000);
  n1!.crash();
  const again = await cluster.boot('n1');
  await cluster.clock.advance(50);
  t.equal(again.coordinator.reclaim(client('c3')), 'no-grace', 'and have no claim all the same');
});

t.test('an operator’s abandon writes no such record, and entitles nobody either', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1] = await cluster.start();
  await n1!.coordinator.completed(alice);
  n1!.crash();
  await cluster.clock.advance(100);
  await cluster.command({ type: 'abandon', dead: asNodeId('n1'), operator: true });
  await cluster.clock.advance(100);
  const again = await cluster.boot('n1');
  await cluster.clock.advance(50);
  t.equal(again.coordinator.reclaim(alice), 'no-grace');
});

t.test('I2: whoever gives a node up too late takes nobody’s good record away', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1, n2] = await cluster.start();
  await n1!.coordinator.completed(alice);
  n1!.crash();
  const slow = Promise.withResolvers<void>();
  const put = n2!.store.putRecords.bind(n2!.store);
  n2!.store.putRecords = async (fence, scope, records) => {
    if (scope.node === 'n1') await slow.promise;
    return put(fence, scope, records);
  };
  await cluster.clock.advance(1_700);
  t.not(cluster.ledger.recoveryEpoch, null, 'the deadline has passed, and the record of it is on its way');
  const again = await cluster.boot('n1');
  await cluster.clock.advance(50);
  t.equal(again.coordinator.reclaim(alice), 'grant');
  t.equal(await again.coordinator.completed(alice), 'durable');
  slow.resolve();
  await cluster.clock.advance(300);
  t.equal(cluster.ledger.recoveryEpoch, null);
  t.same(cluster.recorded(), { 'n1 alice': 'complete' });
  again.crash();
  const third = await cluster.boot('n1');
  await cluster.clock.advance(50);
  t.equal(third.coordinator.reclaim(alice), 'grant');
});

t.test(
  'I8: claims whose end was announced end, also when the announcement was lost to somebody who gets more time',
  async (t) => {
    const cluster = new FakeCluster('n1', 'n2', 'n3');
    const [n1] = await cluster.start();
    await n1!.coordinator.completed(alice);
    n1!.crash();
    const again = await cluster.boot('n1');
    const swap = again.store.swap.bind(again.store);
    let lost = 0;
    again.store.swap = async (expected, next) => {
      if (next.members[asNodeId('n1')]!.claims === 'closed' && lost++ === 0)
        await cluster.command({ type: 'confirm-death', node: asNodeId('n3'), incarnation: asIncarnation(1) });
      return swap(expected, next);
    };
    await cluster.clock.advance(2_000);
    t.ok(lost > 1);
    t.equal(again.coordinator.reclaim(alice), 'no-grace', 'she has been given up');
    t.ok(again.swaps.includes('finish'), 'so nobody waits for her');
    t.equal(cluster.ledger.members.n3.claims, 'open', 'only the clients of n3 have more time');
  },
);
