import t from 'tap';
import { client, FakeCluster } from './fixtures/cluster.ts';

t.test('a first start ends its grace within milliseconds, and then everybody grants', async (t) => {
  const cluster = new FakeCluster('n1', 'n2', 'n3');
  const nodes = await cluster.start();
  t.equal(cluster.ledger.recoveryEpoch, null);
  for (const { coordinator } of nodes) t.equal(coordinator.newState(), 'grant');
});

t.test('C1: a survivor that takes a dead node’s lock finds the beacon gone and does not grant', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1, n2] = await cluster.start({ beaconPollMs: 60_000 });
  t.equal(n2!.coordinator.newState(), 'grant');
  n1!.crash();
  t.equal(n2!.coordinator.newState(), 'grant', 'it has not heard of the death');
  t.equal(n2!.coordinator.confirmNewState(), 'grace', 'and does not grant all the same');
  t.equal(n2!.coordinator.newState(), 'grace');
  await cluster.clock.advance(50);
  t.same(n2!.swaps.slice(-2), ['report-death', 'acknowledge']);
});

t.test('D12: the mutant grants in that moment', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1, n2] = await cluster.start({ mutants: ['D12'] });
  n1!.crash();
  t.equal(n2!.coordinator.confirmNewState(), 'grant');
});

t.test('a death is found without any grant, by looking at the beacons', async (t) => {
  const cluster = new FakeCluster('n1', 'n2', 'n3');
  const [n1, n2, n3] = await cluster.start();
  n1!.crash();
  await cluster.clock.advance(30);
  t.equal(cluster.ledger.members.n1.state, 'down');
  for (const node of [n2, n3]) t.equal(node!.coordinator.newState(), 'grace');
});

t.test('rows 7, 9 and 10: a recorded client reclaims between barrier and lift, others do not', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1] = await cluster.start();
  const [alice, bob] = [client('alice'), client('bob')];
  t.equal(await n1!.coordinator.completed(alice), 'durable');
  t.equal(n1!.coordinator.reclaim(alice), 'no-grace', 'outside grace');
  n1!.crash();
  const again = (await cluster.boot('n1')).coordinator;
  await cluster.clock.advance(50);
  t.equal(again.reclaim(alice), 'grant');
  t.equal(again.reclaim(client('alice', 'sys:7@evil')), 'reclaim-bad', 'row 26');
  t.equal(again.reclaim(bob), 'no-grace');
  t.equal(again.newState(), 'grace');
  t.equal(await again.completed(alice), 'durable');
  await cluster.clock.advance(50);
  t.equal(again.reclaim(alice), 'no-grace', 'lifted');
  t.equal(again.newState(), 'grant', 'row 15: early, as the only recorded client is complete');
});

t.test(
  'I4: before the barrier a reclaim waits, since another node may still grant on an old view',
  async (t) => {
    const cluster = new FakeCluster('n1', 'n2');
    const [n1, n2] = await cluster.start();
    await n1!.coordinator.completed(client('alice'));
    n2!.store.available = false;
    n1!.crash();
    const again = (await cluster.boot('n1')).coordinator;
    await cluster.clock.advance(500);
    t.equal(again.reclaim(client('alice')), 'delay');
    n2!.store.available = true;
    await cluster.clock.advance(500);
    t.equal(again.reclaim(client('alice')), 'grant');
  },
);

t.test('D11: the mutant reclaims before the barrier', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1, n2] = await cluster.start();
  await n1!.coordinator.completed(client('alice'));
  n2!.store.available = false;
  n1!.crash();
  const again = (await cluster.boot('n1', { mutants: ['D11'] })).coordinator;
  await cluster.clock.advance(500);
  t.equal(again.reclaim(client('alice')), 'grant');
});

t.test('C2, I6: survivors carry their clients into the new epoch before they acknowledge', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1, n2] = await cluster.start();
  await n2!.coordinator.completed(client('carol'));
  n1!.crash();
  await cluster.boot('n1');
  await cluster.clock.advance(100);
  t.equal(cluster.ledger.recoveryEpoch, null);
  n2!.crash();
  const again = (await cluster.boot('n2')).coordinator;
  await cluster.clock.advance(100);
  t.equal(again.reclaim(client('carol')), 'grant');
});

t.test(
  'row 18, D9: a client that did not complete after a restart has no claim after the next one',
  async (t) => {
    for (const mutants of [[], ['D9' as const]]) {
      const cluster = new FakeCluster('n1', 'n2');
      const [n1] = await cluster.start();
      const alice = client('alice');
      await n1!.coordinator.completed(alice);
      n1!.crash();
      const second = await cluster.boot('n1', { mutants });
      await cluster.clock.advance(50);
      await second.coordinator.confirmed(alice);
      await cluster.clock.advance(10_000);
      t.equal(second.coordinator.newState(), 'grant', 'the deadline ended grace');
      second.crash();
      const third = await cluster.boot('n1');
      await cluster.clock.advance(50);
      t.equal(
        third.coordinator.reclaim(alice),
        mutants.length === 0 ? 'no-grace' : 'grant',
        `mutants: ${mutants}`,
      );
    }
  },
);

t.test(
  'I6: a client whose record was removed has no claim, even when a grace started meanwhile',
  async (t) => {
    const cluster = new FakeCluster('n1', 'n2', 'n3');
    const [n1, n2] = await cluster.start();
    const alice = client('alice');
    await n1!.coordinator.completed(alice);
    n2!.crash();
    await cluster.clock.advance(50);
    t.equal(cluster.ledger.members.n2.claims, 'open', 'in grace');
    t.equal(await n1!.coordinator.forget(alice), 'durable');
    n1!.crash();
    const again = (await cluster.boot('n1')).coordinator;
    await cluster.clock.advance(50);
    t.equal(again.reclaim(alice), 'no-grace');
  },
);

t.test('row 17, I4: a client that was forgotten during grace does not reclaim again', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1] = await cluster.start();
  const [alice, bob] = [client('alice'), client('bob')];
  for (const each of [alice, bob]) await n1!.coordinator.completed(each);
  n1!.crash();
  const again = (await cluster.boot('n1')).coordinator;
  await cluster.clock.advance(50);
  t.equal(again.reclaim(alice), 'grant');
  t.equal(await again.forget(alice), 'durable', 'its lease ran out');
  t.equal(again.reclaim(alice), 'no-grace');
  t.equal(again.reclaim(bob), 'grant', 'grace goes on for the others');
  t.equal(await again.completed(bob), 'durable');
  await cluster.clock.advance(50);
  t.equal(again.newState(), 'grant', 'nobody waits for the one that was forgotten');
});

t.test('I2: another principal with the same owner id does not end a client’s chance', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1] = await cluster.start();
  await n1!.coordinator.completed(client('alice'));
  n1!.crash();
  const again = (await cluster.boot('n1')).coordinator;
  await cluster.clock.advance(50);
  const namesake = client('alice', 'sys:7@evil');
  t.equal(await again.completed(namesake), 'durable');
  await cluster.clock.advance(50);
  t.equal(again.reclaim(client('alice')), 'grant');
  t.equal(await again.forget(namesake), 'durable');
  t.equal(again.reclaim(client('alice')), 'grant');
});

t.test(
  'I4: what a life recorded in a grace in which it died and was given up on counts for nothing',
  async (t) => {
    const cluster = new FakeCluster('n1', 'n2', 'n3');
    const [n1, , n3] = await cluster.start();
    const alice = client('alice');
    await n1!.coordinator.completed(alice);
    n3!.crash();
    await cluster.clock.advance(100);
    n1!.crash();
    await cluster.clock.advance(5_000);
    t.equal(cluster.ledger.recoveryEpoch, null, 'both were abandoned');
    const again = (await cluster.boot('n1')).coordinator;
    await cluster.clock.advance(50);
    t.equal(again.reclaim(alice), 'no-grace');
  },
);

t.test('C4: a second reboot in the middle of recovery keeps every claim', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1] = await cluster.start();
  const [alice, bob] = [client('alice'), client('bob')];
  await n1!.coordinator.completed(alice);
  await n1!.coordinator.completed(bob);
  n1!.crash();
  const second = await cluster.boot('n1');
  await cluster.clock.advance(50);
  await second.coordinator.completed(alice);
  second.crash();
  const third = (await cluster.boot('n1')).coordinator;
  await cluster.clock.advance(50);
  t.equal(third.reclaim(alice), 'grant');
  t.equal(third.reclaim(bob), 'grant');
});

t.test('C5, I8: a node that does not return is abandoned at the deadline', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1, n2] = await cluster.start();
  await n1!.coordinator.completed(client('alice'));
  n1!.crash();
  await cluster.clock.advance(1_400);
  t.equal(n2!.coordinator.newState(), 'grace');
  await cluster.clock.advance(300);
  t.equal(n2!.coordinator.newState(), 'grant');
  t.ok(n2!.swaps.includes('abandon'));
});

t.test('row 31: reclaims extend the deadline, and not for ever', async (t) => {
  const cluster = new FakeCluster('n1');
  const [n1] = await cluster.start();
  const alice = client('alice');
  await n1!.coordinator.completed(alice);
  n1!.crash();
  const again = (await cluster.boot('n1')).coordinator;
  let lastedMs = 0;
  for (; lastedMs < 60_000 && again.inGrace(); lastedMs += 100) {
    again.reclaim(alice);
    await cluster.clock.advance(100);
  }
  t.ok(lastedMs >= 2_000 && lastedMs < 2_500, `grace lasted ${lastedMs} ms`);
});

t.test('I7: a node that loses its ledger grants nothing new, and resumes by itself', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1] = await cluster.start();
  n1!.store.available = false;
  await cluster.clock.advance(500);
  t.equal(n1!.coordinator.newState(), 'grace');
  t.equal(await n1!.coordinator.completed(client('alice')), 'unavailable');
  n1!.store.available = true;
  await cluster.clock.advance(500);
  t.equal(n1!.coordinator.newState(), 'grant');
});

t.test('C11: a planned stop is in grace and past the barrier before it lets go', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1, n2] = await cluster.start();
  await n1!.coordinator.completed(client('alice'));
  let departed = false;
  const released = () => t.equal(n2!.coordinator.newState(), 'grace', 'nobody gets the locks that go');
  void n1!.coordinator.leave(released).then(() => {
    departed = true;
  });
  await cluster.clock.advance(100);
  t.ok(departed);
  n1!.crash();
  await cluster.clock.advance(100);
  t.notOk(n2!.swaps.includes('report-death'), 'nobody takes it for a death');
  const again = (await cluster.boot('n1')).coordinator;
  await cluster.clock.advance(50);
  t.equal(again.reclaim(client('alice')), 'grant');
});

t.test(
  'C11: the clients of a node that leaves slowly have the whole grace from when it let go',
  async (t) => {
    const cluster = new FakeCluster('n1', 'n2');
    const [n1, n2] = await cluster.start();
    await n1!.coordinator.completed(client('alice'));
    void n1!.coordinator.leave(() => {
      n1!.store.available = false;
    });
    await cluster.clock.advance(1_000);
    n1!.store.available = true;
    await cluster.clock.advance(100);
    t.equal(cluster.ledger.members.n1.state, 'down');
    n1!.crash();
    await cluster.clock.advance(1_300);
    t.equal(n2!.coordinator.newState(), 'grace');
    await cluster.clock.advance(300);
    t.equal(n2!.coordinator.newState(), 'grant');
  },
);

t.test('C11: a node that has left says so again when it is asked to leave again', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1] = await cluster.start();
  const answers: string[] = [];
  for (const which of ['first', 'second']) {
    void n1!.coordinator.leave(() => {}).then(() => answers.push(which));
    await cluster.clock.advance(500);
  }
  t.same(answers, ['first', 'second']);
});

t.test('C14: a second process that claims to be the same node does not start', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  await cluster.start();
  await t.rejects(cluster.boot('n1'), { name: 'BootRefusedError', message: /already/ });
});

t.test('C15: all nodes die and return in any order: every claim is kept', async (t) => {
  const cluster = new FakeCluster('n1', 'n2', 'n3');
  const nodes = await cluster.start();
  for (const { name, coordinator } of nodes) await coordinator.completed(client(`client of ${name}`));
  for (const node of nodes) node.crash();
  for (const name of ['n3', 'n1', 'n2']) {
    const { coordinator } = await cluster.boot(name);
    await cluster.clock.advance(30);
    t.equal(coordinator.reclaim(client(`client of ${name}`)), 'grant', name);
  }
});

t.test('a life that was fenced stops and says why', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const [n1] = await cluster.start();
  cluster.beacons.clear();
  const n2 = await cluster.boot('n1');
  await cluster.clock.advance(500);
  t.match(n1!.fencedBecause, /later life/);
  t.equal(n1!.coordinator.newState(), 'grace');
  t.equal(n2.fencedBecause, null);
});
