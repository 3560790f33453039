import t from 'tap';
import { RealCluster } from './fixtures/real-cluster.ts';

const RANGE = { start: 0, end: 32 };
const HELD = [{ ...RANGE, mode: 'write' as const }];

t.test('rows 29 and 30: a lock goes with its filesystem, and nobody else gets it meanwhile', async (t) => {
  const cluster = new RealCluster(t);
  const { n1, n2 } = cluster;
  const alice = await cluster.started('alice');
  const bob = await cluster.started('bob');
  const letters = await cluster.settle(alice.open('home/letters', { owner: 'p' }));
  const accounts = await cluster.settle(alice.open('work/accounts', { owner: 'p' }));
  const theirs = await cluster.settle(bob.open('home/letters', { owner: 'q' }));
  for (const file of [letters, accounts]) t.match(await cluster.settle(file.lock(RANGE)), { status: 'OK' });
  t.match(await cluster.settle(letters.write(0, 'before')), { status: 'OK' });

  cluster.move('home', n1, n2);
  t.match(await cluster.settle(theirs.lock({ ...RANGE, retry: 'none' })), { status: 'GRACE' });
  t.match(await cluster.settle(letters.write(0, 'during')), { status: 'OK' });
  t.same(letters.held, HELD);
  t.ok(n2.coordination('home').journal.includes('arrived alice'));
  n2.coordination('home').lift();
  t.match(await cluster.settle(theirs.lock({ ...RANGE, retry: 'none' })), { status: 'DENIED' });

  t.match(await cluster.settle(accounts.write(0, 'x')), { status: 'OK' });
  t.same(accounts.held, HELD);
  t.same(cluster.news('alice', 'n1'), [
    'started',
    'session',
    'completing',
    'reclaim-complete',
    'recovery-begin home',
  ]);
  t.match(await cluster.settle(letters.unlock(RANGE)), { status: 'OK' });
  t.match(await cluster.settle(theirs.lock({ ...RANGE, retry: 'none' })), { status: 'OK' });
  t.equal((await cluster.settle(theirs.read(0, 6))).data.toString(), 'during');
  for (const client of [alice, bob]) t.same(await cluster.settle(client.stop()), { status: 'OK' });
  for (const node of [n1, n2]) t.same(node.clients, []);
});

t.test('row 29: idle clients go there, too, and the flag goes down', async (t) => {
  const cluster = new RealCluster(t);
  const { n1, n2 } = cluster;
  const alice = await cluster.started('alice');
  const letters = await cluster.settle(alice.open('home/letters', { owner: 'p' }));
  await cluster.settle(letters.lock(RANGE));
  cluster.move('home', n1, n2);
  await cluster.until(() => n2.coordination('home').journal.includes('arrived alice'));
  await cluster.clock.advance(1000);
  t.same(letters.held, HELD);
  t.equal(n2.clients.find(({ name }) => name === 'alice')?.locks, 1);
  t.equal(n1.clients.find(({ name }) => name === 'alice')?.locks, 0);
  const before = cluster.events.length;
  await cluster.clock.advance(3000);
  const renewed = cluster.events.slice(before).filter(({ node }) => node === 'n1');
  t.ok(renewed.length > 0, 'requests to the old server prove its lease again');
  await cluster.settle(alice.stop());
});

t.test('there and back again, with a reboot at each end', async (t) => {
  const cluster = new RealCluster(t);
  const { n1, n2 } = cluster;
  const alice = await cluster.started('alice');
  const letters = await cluster.settle(alice.open('home/letters', { owner: 'p' }));
  const accounts = await cluster.settle(alice.open('work/accounts', { owner: 'p' }));
  for (const file of [letters, accounts]) await cluster.settle(file.lock(RANGE));

  cluster.move('home', n1, n2);
  t.same(await cluster.settle(alice.recovered()), { status: 'OK' });
  n2.coordination('home').lift();
  await n2.powerCut();
  await cluster.clock.advance(300);
  n2.powerOn();
  t.same(await cluster.settle(alice.recovered()), { status: 'OK' });
  t.match(await cluster.settle(letters.write(0, 'x')), { status: 'OK' });
  n2.coordination('home').lift();

  await n1.powerCut();
  n1.powerOn();
  cluster.move('home', n2, n1);
  t.same(await cluster.settle(alice.recovered()), { status: 'OK' });
  for (const file of [letters, accounts]) {
    t.same(file.held, HELD);
    t.match(await cluster.settle(file.write(0, 'y')), { status: 'OK' });
  }
  t.same(alice.lost, []);
  await cluster.settle(alice.stop());
});

t.test('I5: who comes when all is over is told', async (t) => {
  const cluster = new RealCluster(t);
  const { n1, n2 } = cluster;
  const alice = await cluster.started('alice');
  const letters = await cluster.settle(alice.open('home/letters', { owner: 'p' }));
  await cluster.settle(letters.lock(RANGE));
  cluster.move('home', n1, n2);
  n2.coordination('home').lift();
  n2.coordination('home').arriving.clear();
  t.match(await cluster.settle(letters.write(0, 'x')), { status: 'NO_GRACE' });
  t.same(letters.held, []);
  t.match(await cluster.settle(letters.lock(RANGE)), { status: 'OK' }, 'anew');
  t.match(await cluster.settle(letters.write(0, 'x')), { status: 'OK' });
  await cluster.settle(alice.stop());
});
