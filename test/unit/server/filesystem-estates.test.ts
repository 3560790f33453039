/** Row 30: the taker of a filesystem holds what its clients held where that came from, and they come for it as clients of the taker. */
import t, { type Test } from 'tap';
import { asNodeId } from '../../../src/core/ids.ts';
import { call } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { reclaimComplete } from '../../../src/nfs4/operations/reclaim-complete.ts';
import { at } from './fixtures/moved-filesystem.ts';
import { LEASE_MS, type NodeUnderTest } from './fixtures/node-under-test.ts';
import { type OpenFile, TestClient } from './fixtures/test-client.ts';
import { TestConnection } from './fixtures/test-connection.ts';
import { twoNodes } from './fixtures/two-nodes.ts';
import { SessionlessTestClient } from './version-0/fixtures/sessionless-client.ts';

const [N1, N2] = ['n1', 'n2'].map(asNodeId) as [ReturnType<typeof asNodeId>, ReturnType<typeof asNodeId>];
const GRACE_MS = 3 * LEASE_MS;
const FIRST = { offset: 0n, length: 8n };
const SECOND = { offset: 16n, length: 8n };
const ONE = call(reclaimComplete, { oneFs: true });
const nameOf = (ownerId: string) => Buffer.from(ownerId, 'hex').toString();

/** As planned moves go: everybody refuses new state until the taker has what the giver had. */
function handOver(from: NodeUnderTest, to: NodeUnderTest): readonly string[] {
  to.coordination.grace = true;
  const estates = from.server.inventoryIn('only');
  from.coordination.whereabouts = { kind: 'moved', to: N2 };
  from.server.releaseMoved('only');
  const adopted = to.server.adoptIn('only', N1, estates, GRACE_MS);
  for (const { ownerId, principal } of adopted) to.coordination.records.set(nameOf(ownerId), principal);
  to.coordination.grace = false;
  return adopted.map(({ ownerId }) => nameOf(ownerId));
}

/** The same life of the client, at another node. */
function same({ name, verifier }: TestClient, node: NodeUnderTest): TestClient {
  const there = new TestClient(node, name);
  there.verifier = verifier;
  return there;
}

const reclaimed = (client: TestClient, file: OpenFile) => client.openByHandle(file, nfs.CLAIM_PREVIOUS);
const relocked = (client: TestClient, file: OpenFile, range = FIRST) =>
  client.lock(file, range, nfs.WRITE_LT, true);

/** Alice has a file open at n1 and two ranges of it locked; then the filesystem moves to n2, where bob is. */
async function moved(
  t: Test,
  before: (alice: TestClient, n1: NodeUnderTest, n2: NodeUnderTest) => unknown = () => {},
) {
  const { n1, n2 } = twoNodes(t);
  const alice = await new TestClient(n1, 'alice').start();
  const file = await alice.opened('f', 'app', { create: true, deny: 0 });
  const held = await alice.locked(file);
  await alice.lockAgain(held, SECOND);
  await before(alice, n1, n2);
  const adopted = handOver(n1, n2);
  const bob = await new TestClient(n2, 'bob').start();
  const wanted = await bob.opened('f');
  return { n1, n2, there: same(alice, n2), adopted, file: { ...file }, bob, wanted };
}

t.test(
  'row 30: her global RECLAIM_COMPLETE is about something else, and that of the filesystem about it',
  async (t) => {
    const { there, file, bob, wanted, adopted, n2 } = await moved(t);
    t.same(adopted, ['alice']);
    t.equal((await bob.lock(wanted, FIRST)).status, 'DENIED');
    await there.start();
    t.equal((await bob.lock(wanted, SECOND)).status, 'DENIED');
    t.equal(await reclaimed(there, file), 'OK', 'after the lift, and after RECLAIM_COMPLETE');
    const { status, held } = await relocked(there, file);
    t.equal(status, 'OK');
    t.equal(await there.try(at(file.handle), ONE), 'OK');
    t.equal(await there.try(at(file.handle), ONE), 'COMPLETE_ALREADY');
    t.equal((await bob.lock(wanted, SECOND)).status, 'OK', 'she did not ask for that');
    t.equal((await bob.lock(wanted, FIRST)).status, 'DENIED');
    t.equal(await there.unlock(held!), 'OK');
    t.equal((await bob.lock(wanted, FIRST)).status, 'OK');
    t.equal((await relocked(there, file)).status, 'NO_GRACE', 'row 8');
    t.same(
      n2.events.filter(({ event }) => event === 'adopted').map(({ op, peer }) => `${op} ${peer}`),
      ['open n1', 'lock n1', 'lock n1'],
    );
  },
);

t.test('who is at the taker already has it by the lease that it has there', async (t) => {
  let here: TestClient | null = null;
  const { n2, adopted, file, bob, wanted } = await moved(t, async (alice, _, n2) => {
    here = await same(alice, n2).start();
  });
  t.same(adopted, ['alice']);
  const alice = here!;
  for (let ms = 0; ms < 2 * GRACE_MS; ms += 300) {
    await n2.clock.advance(300);
    for (const client of [alice, bob]) await client.renew();
  }
  t.equal((await bob.lock(wanted, FIRST)).status, 'DENIED');
  t.equal(await reclaimed(alice, file), 'OK');
  t.equal((await relocked(alice, file)).status, 'OK');
  t.equal(await alice.try(at(file.handle), ONE), 'OK');
  t.equal((await bob.lock(wanted, SECOND)).status, 'OK');
});

t.test('I6: what is taken with that lease is on record as lost where it came from, first', async (t) => {
  const { n2, bob, wanted } = await moved(t, (alice, _, n2) => same(alice, n2).start());
  n2.coordination.removals = 'unavailable';
  for (let ms = 0; ms < 1.5 * LEASE_MS; ms += 300) {
    await n2.clock.advance(300);
    await bob.renew();
  }
  t.equal((await bob.lock(wanted, FIRST)).status, 'DELAY');
  n2.coordination.removals = null;
  await n2.clock.advance(300);
  await bob.renew();
  t.same(n2.coordination.withdrawn, ['revoked alice of n1', 'revoked alice of this node']);
  t.equal((await bob.lock(wanted, FIRST)).status, 'OK');
});

t.test('row 17: who never comes loses it a lease after a grace would be over', async (t) => {
  const { n2, bob, wanted } = await moved(t);
  for (let ms = 0; ms < GRACE_MS - 100; ms += 100) {
    await n2.clock.advance(100);
    await bob.renew();
  }
  t.equal((await bob.lock(wanted, FIRST)).status, 'DENIED');
  for (let ms = 0; ms < 800; ms += 100) {
    await n2.clock.advance(100);
    await bob.renew();
  }
  t.same(n2.coordination.withdrawn, ['revoked alice of n1']);
  t.equal((await bob.lock(wanted, FIRST)).status, 'OK');
});

t.test('of whoever might be somebody else than the client of that name nothing is taken over', async (t) => {
  for (const [what, before] of [
    ['another life', (_: TestClient, n2: NodeUnderTest) => new TestClient(n2, 'alice')],
    ['another principal', stranger],
    ['two ways to it', (alice: TestClient, n2: NodeUnderTest) => same(alice, n2)],
  ] as const) {
    const { adopted, bob, wanted } = await moved(t, async (alice, _, n2) => {
      const client = before(alice, n2);
      if (what === 'another life') client.verifier = Buffer.from('another.');
      await client.start();
      if (what === 'two ways to it') await client.opened('g');
    });
    t.same(adopted, [], what);
    t.equal((await bob.lock(wanted, FIRST)).status, 'OK', 'she reclaims, if grace lasts');
  }
});

function stranger(alice: TestClient, n2: NodeUnderTest): TestClient {
  const client = same(alice, n2);
  client.sender = { uid: 7, machine: 'elsewhere' };
  return client;
}

t.test('who has not completed there yet reclaims as without it', async (t) => {
  const { adopted } = await moved(t, (alice, _, n2) => same(alice, n2).connect());
  t.same(adopted, []);
});

t.test('row 23: a new life of the client frees what was held, its record first', async (t) => {
  const { there, n2, bob, wanted } = await moved(t);
  there.verifier = Buffer.from('new life');
  n2.coordination.store = 'unavailable';
  await there.exchange();
  t.equal(await there.createSession(), 'DELAY');
  n2.coordination.store = 'durable';
  t.equal(await there.createSession(), 'OK');
  t.same(n2.coordination.withdrawn, ['forgot alice of n1']);
  t.equal((await bob.lock(wanted, FIRST)).status, 'OK');
});

t.test('neither version 4.0 nor who has a delegation there is written down', async (t) => {
  const { n1 } = twoNodes(t);
  const ann = await new SessionlessTestClient(n1, 'ann').start();
  await ann.locked(await ann.opened('f'), 'locker', FIRST);
  const alice = new TestClient(n1, 'alice');
  alice.connection = new TestConnection();
  await alice.start();
  await alice.connection.called(1);
  t.match((await alice.opened('g')).delegation, { delegationType: nfs.OPEN_DELEGATE_WRITE });
  t.same(n1.server.inventoryIn('only'), []);
});

t.test('it goes home: what is held for whoever has not come goes, and who has come keeps it', async (t) => {
  for (const comes of [false, true]) {
    const { there, n2, bob, wanted } = await moved(t);
    if (comes) await there.start();
    n2.server.letGoUnclaimed('only', N2);
    t.equal((await bob.lock(wanted, FIRST)).status, 'DENIED', 'that is another one');
    n2.server.letGoUnclaimed('only', N1);
    await new Promise(setImmediate);
    t.equal((await bob.lock(wanted, FIRST)).status, comes ? 'DENIED' : 'OK');
    t.same(n2.coordination.withdrawn, comes ? [] : ['forgot alice of n1']);
  }
});

t.test('it moves on: nothing is left behind, and who is in the middle of it hears of that', async (t) => {
  for (const comes of [false, true]) {
    const { there, n2 } = await moved(t);
    if (comes) await there.start();
    t.same(
      n2.server.inventoryIn('only').map(({ ownerId }) => nameOf(ownerId)),
      ['bob'],
    );
    n2.coordination.whereabouts = { kind: 'moved', to: N1 };
    n2.server.releaseMoved('only');
    t.equal(
      n2.server.summary().clients.reduce((sum, { opens, locks }) => sum + opens + locks, 0),
      0,
    );
    if (!comes) continue;
    await there.renew();
    t.not(there.statusFlags & nfs.SEQ4_STATUS_LEASE_MOVED, 0);
  }
});

t.test('row 8: what she has got since is not reclaimed with what was held for her', async (t) => {
  const { there, file } = await moved(t);
  await there.start();
  t.equal(await reclaimed(there, file), 'OK');
  const since = await there.opened('since');
  await there.locked(since);
  t.equal((await relocked(there, since)).status, 'NO_GRACE');
  t.equal((await relocked(there, file)).status, 'OK');
});

t.test('what came with a filesystem has its time whatever grace runs', async (t) => {
  const { n2, bob } = await moved(t);
  n2.coordination.grace = true;
  for (let ms = 0; ms < GRACE_MS + LEASE_MS; ms += 100) {
    await n2.clock.advance(100);
    await bob.renew();
  }
  t.same(n2.coordination.withdrawn, ['revoked alice of n1']);
});

t.test('what she has closed and locked anew is not let go with what was held for her', async (t) => {
  const { there, file, bob, wanted } = await moved(t);
  await there.start();
  await reclaimed(there, file);
  t.equal((await relocked(there, file)).status, 'OK');
  t.equal(await there.closeFile(file), 'OK');
  await there.locked(await there.opened('f'), SECOND);
  t.equal(await there.try(at(file.handle), ONE), 'OK');
  t.equal((await bob.lock(wanted, FIRST)).status, 'OK');
  t.equal((await bob.lock(wanted, SECOND)).status, 'DENIED');
});
