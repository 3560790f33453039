/** C11: what was taken over for a client never goes before its record, whatever the client does when it comes, or does not do. */
import t, { type Test } from 'tap';
import { call } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { putFh } from '../../../src/nfs4/operations/put-fh.ts';
import { at, GRACE_MS, handOver, nodesWithAddresses } from './fixtures/handed-over.ts';
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
