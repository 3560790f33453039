/** C11: what was taken over for a client never goes before its record, whatever the client does when it comes, or does not do. */
import { readdirSync, readlinkSync } from 'node:fs';
import t, { type Test } from 'tap';
import { call } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { putFh } from '../../../src/nfs4/operations/put-fh.ts';
import { at, GRACE_MS, handOver, N1, nodesWithAddresses } from './fixtures/handed-over.ts';
import { LEASE_MS, type NodeUnderTest } from './fixtures/node-under-test.ts';
import { TestClient } from './fixtures/test-client.ts';
import { TestConnection } from './fixtures/test-connection.ts';
import { SessionlessTestClient } from './version-0/fixtures/sessionless-client.ts';

const FIRST = { offset: 0n, length: 8n };
const SECOND = { offset: 16n, length: 8n };

/** Ann, of version 4.0, has locked both ranges at n1, and her address has moved to n2, where bob is. */
async function annMoved(t: Test, options: Parameters<typeof nodesWithAddresses>[1] = {}) {
  const { n1, n2 } = nodesWithAddresses(t, options);
  const before = await new SessionlessTestClient(n1, 'ann').start();
  const file = await before.opened('f');
  await before.locked(file, 'locker', FIRST);
  await before.locked(file, 'second', SECOND);
  handOver(n1, n2);
  const bob = await new TestClient(n2, 'bob').start();
  return { n2, ann: new SessionlessTestClient(n2, 'ann'), file, bob, wanted: await bob.opened('f') };
}

async function pass(n2: NodeUnderTest, ms: number, ...renewing: { renew(): Promise<string> }[]) {
  for (let passed = 0; passed < ms; passed += 100) {
    await n2.clock.advance(100);
    for (const client of renewing) await client.renew();
  }
}

t.test(
  'row 17: who comes and goes silent loses what it had not asked for yet, its record first',
  async (t) => {
    const { n2, ann, file, bob, wanted } = await annMoved(t);
    await ann.start();
    t.equal(await ann.reclaim(file), 'OK');
    n2.coordination.store = 'unavailable';
    await pass(n2, 2 * LEASE_MS, bob);
    t.equal((await bob.lock(wanted, SECOND)).status, 'DELAY');
    await pass(n2, LEASE_MS, bob);
    t.equal((await bob.lock(wanted, SECOND)).status, 'DELAY');
    t.ok(n2.coordination.records.has('ann'));
    n2.coordination.store = 'durable';
    await pass(n2, LEASE_MS, bob);
    t.equal((await bob.lock(wanted, SECOND)).status, 'OK');
    t.notOk(n2.coordination.records.has('ann'));
  },
);

t.test('row 18: who only confirms its client id is not taken to be through with a good record', async (t) => {
  const { n2, ann, file, bob, wanted } = await annMoved(t);
  await ann.start();
  await pass(n2, 2 * LEASE_MS, ann, bob);
  t.equal((await bob.lock(wanted, SECOND)).status, 'OK');
  t.notOk(n2.coordination.records.has('ann'));
  t.not(await ann.reclaim(file), 'OK');
});

t.test('while grace runs nobody is taken to be through', async (t) => {
  const { n2, ann, file, bob } = await annMoved(t);
  await ann.start();
  n2.coordination.grace = true;
  await pass(n2, 3 * LEASE_MS, ann, bob);
  n2.coordination.grace = false;
  t.equal(await ann.reclaim(file), 'OK');
  t.equal((await ann.lock(file, 'locker', FIRST, { reclaim: true })).status, 'OK');
});

t.test('version 4.0: a reclaim that was refused does not stand in the way of one that is owed', async (t) => {
  const { ann, file } = await annMoved(t);
  await ann.start();
  await ann.reclaim(file);
  const wide = { offset: 0n, length: 9n };
  t.equal((await ann.lock(file, 'locker', wide, { reclaim: true })).status, 'NO_GRACE');
  t.equal((await ann.lock(file, 'locker', FIRST, { reclaim: true })).status, 'OK');
});

t.test('row 25: a stranger does not get the owner id of one for whom something is held', async (t) => {
  const { ann, file } = await annMoved(t);
  await ann.start();
  const mallory = new SessionlessTestClient(ann.node, 'ann', { uid: 7, machine: 'elsewhere' });
  t.equal(await mallory.introduce(), 'CLID_INUSE');
  t.equal(await ann.reclaim(file), 'OK');
});

t.test('I6: room for others is made of all that a client has, or of nothing', async (t) => {
  const { n2, ann, file, bob } = await annMoved(t, { courtesy: 'until-conflict', limits: { clients: 3 } });
  await pass(n2, GRACE_MS - LEASE_MS / 2, bob);
  await ann.start();
  t.equal(await ann.reclaim(file), 'OK');
  await pass(n2, 2 * LEASE_MS, bob);
  await new TestClient(n2, 'carol').exchange();
  await n2.clock.advance(1);
  t.same([await ann.renew(), n2.coordination.records.has('ann')], ['EXPIRED', false]);
});

t.test('row 9: outside grace a delegation is no part of what was held', async (t) => {
  const { n1, n2 } = nodesWithAddresses(t);
  const before = await new TestClient(n1, 'alice').start();
  const reading = { access: nfs.OPEN4_SHARE_ACCESS_READ };
  const file = await before.opened('f', 'app', { create: true, ...reading });
  handOver(n1, n2);
  const alice = at(n2, before);
  alice.connection = new TestConnection();
  await alice.connect();
  await alice.connection.called(1);
  const claim = { claim: nfs.CLAIM_PREVIOUS, delegateType: nfs.OPEN_DELEGATE_READ } as const;
  const { results } = await alice.run([
    call(putFh, { object: file.handle }),
    alice.openCall(file.owner, claim, reading),
  ]);
  t.match(results[2], { status: 0, delegation: { delegationType: nfs.OPEN_DELEGATE_NONE } });
});

t.test('who held nothing and never comes is off the records some day', async (t) => {
  const { n1, n2 } = nodesWithAddresses(t, { limits: { silentLeases: 4 } });
  await new TestClient(n1, 'alice').start();
  t.same(handOver(n1, n2), ['alice']);
  await n2.clock.advance(GRACE_MS + 6 * LEASE_MS);
  t.notOk(n2.coordination.records.has('alice'));
});

t.test(
  'while grace runs nobody’s time to come ends, and there is a lease for it from the lift on',
  async (t) => {
    const { n1, n2 } = nodesWithAddresses(t);
    await new TestClient(n1, 'alice').start();
    handOver(n1, n2);
    n2.coordination.grace = true;
    await pass(n2, 3 * GRACE_MS);
    t.ok(n2.coordination.records.has('alice'));
    n2.coordination.grace = false;
    await pass(n2, LEASE_MS);
    t.ok(n2.coordination.records.has('alice'));
    await pass(n2, 2 * LEASE_MS);
    t.notOk(n2.coordination.records.has('alice'));
  },
);

t.test('nor does a short grace take any of the time that a long one would give', async (t) => {
  const { n1, n2 } = nodesWithAddresses(t);
  await new TestClient(n1, 'alice').start();
  handOver(n1, n2);
  n2.coordination.grace = true;
  await pass(n2, LEASE_MS / 2);
  n2.coordination.grace = false;
  await pass(n2, GRACE_MS - LEASE_MS);
  t.ok(n2.coordination.records.has('alice'));
});

t.test('it has two leases to come in at least, however short a grace is', async (t) => {
  const { n1, n2 } = nodesWithAddresses(t);
  await new TestClient(n1, 'alice').start();
  const estates = n1.server.inventoryOf(N1);
  n1.server.releaseService(N1);
  n2.server.adopt(N1, estates, LEASE_MS / 2);
  n2.coordination.records.set('alice', estates[0]!.principal);
  await pass(n2, 2 * LEASE_MS - 100);
  t.ok(n2.coordination.records.has('alice'));
  await pass(n2, LEASE_MS);
  t.notOk(n2.coordination.records.has('alice'));
});

t.test(
  'version 4.0: whatever it does about what is held for it gives it another lease for the rest',
  async (t) => {
    const { n2, ann, file, bob } = await annMoved(t);
    const almostALease = () => pass(n2, 0.8 * LEASE_MS, ann, bob);
    await pass(n2, 1.6 * LEASE_MS, bob);
    await ann.start();
    await almostALease();
    t.equal(await ann.reclaim(file), 'OK', 'since it came');
    await almostALease();
    const lock = (owner: string, range: typeof FIRST) => ann.lock(file, owner, range, { reclaim: true });
    t.equal((await lock('locker', FIRST)).status, 'OK', 'since it opened');
    await almostALease();
    t.equal((await lock('second', SECOND)).status, 'OK', 'since it locked');
  },
);

t.test(
  'version 4.0: its record is there when it comes, and when it is through the next node is told of it',
  async (t) => {
    const { n2, ann, file, bob } = await annMoved(t);
    await ann.start();
    await ann.reclaim(file);
    t.equal((await ann.lock(file, 'locker', FIRST, { reclaim: true })).status, 'OK');
    const told = () => n2.server.inventoryOf(N1).map(({ ownerId }) => Buffer.from(ownerId, 'hex').toString());
    t.same(told(), ['bob']);
    await pass(n2, 1.5 * LEASE_MS, ann, bob);
    t.same(told().toSorted(), ['ann', 'bob']);
    await ann.opened('another');
    t.notOk(n2.coordination.journal.includes('recorded ann'), 'nothing had to be written for that');
  },
);

t.test('row 6: a record that was taken over does not stand for its RECLAIM_COMPLETE', async (t) => {
  const { n1, n2 } = nodesWithAddresses(t);
  const before = await new TestClient(n1, 'alice').start();
  handOver(n1, n2);
  const alice = await at(n2, before).connect();
  t.equal(await alice.open('new'), 'GRACE');
  t.equal(await alice.complete(), 'OK');
  t.type(await alice.open('new'), 'object');
});

t.test('row 17: who comes in the moment in which its time is over gets nothing of it any more', async (t) => {
  const { n1, n2 } = nodesWithAddresses(t);
  const before = await new TestClient(n1, 'alice').start();
  const file = await before.opened('f');
  handOver(n1, n2);
  await pass(n2, GRACE_MS - LEASE_MS / 2);
  const alice = at(n2, before);
  await alice.exchange();
  n2.coordination.hold();
  const comes = alice.createSession();
  await n2.coordination.untilHolding(1);
  await pass(n2, LEASE_MS);
  n2.coordination.letGoOldest();
  t.equal(await comes, 'OK');
  await n2.coordination.untilHolding(1);
  t.equal(await alice.openByHandle(file, nfs.CLAIM_PREVIOUS), 'NO_GRACE', 'its record is about to go');
  n2.coordination.letGo();
  t.equal(await alice.complete(), 'OK');
});

t.test('row 9: where a part of a range was held in a weaker mode all of it was', async (t) => {
  const { n1, n2 } = nodesWithAddresses(t);
  const before = await new TestClient(n1, 'alice').start();
  const file = { ...(await before.opened('f')) };
  const { held } = await before.lock(file, FIRST, nfs.READ_LT);
  await before.lockAgain(held!, { offset: 8n });
  handOver(n1, n2);
  const alice = await at(n2, before).connect();
  t.equal(await alice.openByHandle(file, nfs.CLAIM_PREVIOUS), 'OK');
  const reclaimed = async (offset: bigint, length: bigint) =>
    (await alice.lock(file, { offset, length }, nfs.WRITE_LT, true)).status;
  t.equal(await reclaimed(0n, 16n), 'NO_GRACE');
  t.equal(await reclaimed(8n, 8n), 'OK');
});

t.test('version 4.0: who had nothing open loses nothing when its time for that is over', async (t) => {
  const { n1, n2 } = nodesWithAddresses(t);
  const before = await new SessionlessTestClient(n1, 'ann').start();
  await before.closeFile(await before.opened('f'));
  t.same(handOver(n1, n2), ['ann']);
  const ann = await new SessionlessTestClient(n2, 'ann').start();
  await pass(n2, 2 * LEASE_MS, ann);
  t.equal(await ann.renew(), 'OK');
  t.ok(n2.coordination.records.has('ann'));
});

t.test('what it did not ask for does not count against it any more when it has gone', async (t) => {
  const { n1, n2 } = nodesWithAddresses(t, { limits: { rangesPerClient: 3 } });
  const before = await new TestClient(n1, 'alice').start();
  const file = { ...(await before.opened('f')) };
  await before.lockAgain(await before.locked(file, FIRST), SECOND);
  handOver(n1, n2);
  const alice = await at(n2, before).connect();
  await alice.openByHandle(file, nfs.CLAIM_PREVIOUS);
  t.equal((await alice.lock(file, FIRST, nfs.WRITE_LT, true)).status, 'OK');
  t.equal(await alice.complete(), 'OK');
  const held = await alice.locked(await alice.opened('g'), FIRST);
  t.equal(await alice.lockAgain(held, SECOND), 'OK', 'that makes three');
  t.equal(await alice.lockAgain(held, { offset: 100n }), 'DELAY');
});

t.test('C13: where a client of another node denies what it had open nothing is kept of it', async (t) => {
  const { n1, n2 } = nodesWithAddresses(t);
  const alice = await new TestClient(n1, 'alice').start();
  await alice.opened('f');
  const estates = n1.server.inventoryOf(N1);
  n1.server.releaseService(N1);
  const carol = await new TestClient(n1, 'carol').start();
  await carol.opened('f', 'app', { deny: nfs.OPEN4_SHARE_DENY_BOTH });
  n2.filesystem.dropIdle();
  const before = openFiles(n2);
  t.same(n2.server.adopt(N1, estates, GRACE_MS), []);
  n2.filesystem.dropIdle();
  t.same(openFiles(n2), before);
});

/** What this process has open in the directory of that node, which is its neighbour's, too. */
const openFiles = ({ dir }: NodeUnderTest): readonly string[] =>
  readdirSync('/proc/self/fd')
    .map((fd) => readlink(`/proc/self/fd/${fd}`))
    .filter((path) => path.startsWith(`${dir}/`));

function readlink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // The one by which they were listed.
    return '';
  }
}
