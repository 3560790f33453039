import t, { type Test } from 'tap';
import { call } from '../../../../src/nfs4/compound.ts';
import * as nfs from '../../../../src/nfs4/constants.ts';
import { putFh } from '../../../../src/nfs4/operations/put-fh.ts';
import { ANONYMOUS_STATEID } from '../../../../src/nfs4/types.ts';
import { LEASE_MS, NodeUnderTest } from '../fixtures/node-under-test.ts';
import { TestClient } from '../fixtures/test-client.ts';
import { type OpenFile, SessionlessTestClient } from './fixtures/sessionless-client.ts';

/** Alice has a file open and locked; then the node reboots, and she has introduced herself again. */
async function afterReboot(t: Test, options = {}) {
  const node = new NodeUnderTest(t, options);
  const alice = await new SessionlessTestClient(node, 'alice').start();
  const file = await alice.opened('f');
  await alice.write(file, 'content');
  await alice.locked(file);
  await node.reboot();
  alice.seqids.clear();
  await alice.start();
  return { node, alice, file };
}

t.test('row 33: a reclaimed open needs no OPEN_CONFIRM', async (t) => {
  const { node, alice, file } = await afterReboot(t);
  t.equal(await alice.reclaim(file), 'OK');
  t.equal(alice.rflags & nfs.OPEN4_RESULT_CONFIRM, 0);
  t.equal(await alice.read(file), 'OK content', 'row 5');
  t.equal((await alice.lock(file, 'locker', {}, { reclaim: true })).status, 'OK', 'row 7');
  t.match(node.events.filter(({ event }) => event === 'grant').slice(-2), [
    { op: 'open', reclaim: true, client: 'alice', file: 'f' },
    { op: 'lock', reclaim: true, client: 'alice', span: { start: 0, end: 8 } },
  ]);
});

t.test('row 33: GRACE costs a seqid', async (t) => {
  const { node, alice, file } = await afterReboot(t);
  await alice.reclaim(file);
  t.equal(await alice.open('f'), 'GRACE');
  t.equal(await alice.open('f'), 'GRACE');
  t.equal(await alice.open('f', 'new owner'), 'GRACE');
  t.equal((await alice.lock(file)).status, 'GRACE');
  node.coordination.lift();
  t.type(await alice.open('g'), 'object');
  t.equal((await alice.lock(file)).status, 'OK');
});

t.test('row 4: in grace nobody gets new state, and no record for asking', async (t) => {
  const { node, alice } = await afterReboot(t);
  t.equal(await alice.open('f'), 'GRACE');
  t.notOk(node.coordination.records.has('alice'));
  const bob = await new SessionlessTestClient(node, 'bob').start();
  t.equal(await bob.open('f'), 'GRACE');
  t.equal(await bob.test((await reclaimed(alice)).file, 'x'), 'GRACE');
});

async function reclaimed(alice: SessionlessTestClient): Promise<{ file: OpenFile }> {
  const carol = await new TestClient(alice.node, 'carol').connect();
  const file = { handle: await carol.handleOf('f'), owner: 'app', stateid: ANONYMOUS_STATEID };
  t.equal(await alice.reclaim(file), 'OK');
  return { file };
}

t.test('row 6 is not for 4.0: new state as soon as there is no grace', async (t) => {
  const { node, alice } = await afterReboot(t);
  node.coordination.lift();
  t.type(await alice.opened('g'), 'object');
});

t.test('row 9 and row 10: a reclaim outside grace, or without a record, is NO_GRACE', async (t) => {
  const { node, alice, file } = await afterReboot(t);
  const bob = await new SessionlessTestClient(node, 'bob').start();
  t.equal(await bob.reclaim({ ...file }), 'NO_GRACE');
  t.notOk(node.coordination.records.has('bob'), 'and gets none for it');
  node.coordination.lift();
  t.equal(await alice.reclaim(file), 'NO_GRACE');
});

t.test('row 12: a reclaim gets no more than a normal request would', async (t) => {
  const { alice, file } = await afterReboot(t);
  t.equal(await alice.reclaim(file), 'OK');
  const other = { ...file, owner: 'two' };
  t.equal(
    await alice.reclaim(other, { access: 1, deny: nfs.OPEN4_SHARE_DENY_WRITE }),
    'RECLAIM_CONFLICT',
    'row 11',
  );
});

t.test(
  'row 26: the owner string of a recorded client of 4.1 entitles nobody in 4.0, and the other way round',
  async (t) => {
    const node = new NodeUnderTest(t);
    const alice = await new TestClient(node, 'alice').start();
    const file = await alice.opened('f');
    await node.reboot();
    const impostor = await new SessionlessTestClient(node, 'alice').start();
    t.equal(await impostor.reclaim({ ...file }), 'RECLAIM_BAD');
    await alice.connect();
    t.equal(await alice.openByHandle(file, nfs.CLAIM_PREVIOUS), 'OK');
  },
);

t.test(
  'I6: the record is durable before the first reclaim is answered OK, and the client is expected as before',
  async (t) => {
    const { node, alice, file } = await afterReboot(t);
    const { coordination } = node;
    coordination.hold();
    const reclaiming = alice.reclaim(file);
    await coordination.untilHolding(1);
    t.notOk(coordination.records.has('alice'));
    coordination.letGo();
    t.equal(await reclaiming, 'OK');
    t.equal(coordination.records.get('alice'), '4.0 sys:0@machine');
    t.notOk(coordination.journal.includes('completed alice'));
  },
);

t.test('I7: a reclaim whose record cannot be written is told DELAY, and holds nothing', async (t) => {
  const { node, alice, file } = await afterReboot(t);
  node.coordination.store = 'unavailable';
  t.equal(await alice.reclaim(file), 'DELAY');
  t.equal(node.server.summary().clients.find(({ name }) => name === 'alice')?.opens, 0);
  node.coordination.store = 'durable';
  t.equal(await alice.reclaim(file), 'OK');
});

t.test('a reclaim before the barrier is DELAY, and costs a seqid', async (t) => {
  const { node, alice, file } = await afterReboot(t);
  node.coordination.beforeBarrier = true;
  t.equal(await alice.reclaim(file), 'DELAY');
  node.coordination.beforeBarrier = false;
  t.equal(await alice.reclaim(file), 'OK');
});

t.test('row 33: a client that reclaims counts as complete half a lease after its last reclaim', async (t) => {
  const { node, alice, file } = await afterReboot(t);
  const completed = () => node.coordination.journal.includes('completed alice');
  await alice.reclaim(file);
  await node.clock.advance(LEASE_MS * 0.4);
  t.equal((await alice.lock(file, 'locker', {}, { reclaim: true })).status, 'OK');
  await node.clock.advance(LEASE_MS * 0.4);
  t.notOk(completed(), 'each reclaim gives it half a lease more');
  await alice.renew();
  await node.clock.advance(LEASE_MS * 0.1);
  t.ok(completed());
  t.equal(await alice.reclaim({ ...file, owner: 'two' }), 'OK', 'and may go on while there is grace');
});

t.test('row 33: one that has reclaimed nothing is waited for', async (t) => {
  const { node, alice } = await afterReboot(t);
  for (let time = 0; time < 8; time += 1) {
    await node.clock.advance(LEASE_MS / 2);
    t.equal(await alice.renew(), 'OK');
  }
  t.notOk(node.coordination.journal.includes('completed alice'));
  t.notOk(node.coordination.records.has('alice'), 'row 18: and has no record in the new epoch');
});

t.test('row 33: where the store does not answer the client is told to be complete later', async (t) => {
  const { node, alice, file } = await afterReboot(t);
  await alice.reclaim(file);
  node.coordination.store = 'unavailable';
  await node.clock.advance(LEASE_MS * 0.7);
  await alice.renew();
  node.coordination.store = 'durable';
  await node.clock.advance(LEASE_MS * 0.5);
  t.ok(node.coordination.journal.includes('completed alice'));
});

t.test('a client whose lease runs out in the middle of its reclaims is not complete', async (t) => {
  const { node, alice, file } = await afterReboot(t);
  await alice.reclaim(file);
  node.coordination.store = 'unavailable';
  await node.clock.advance(LEASE_MS);
  node.coordination.store = 'durable';
  await node.clock.advance(LEASE_MS);
  t.notOk(node.coordination.records.has('alice'));
  t.notOk(node.coordination.journal.includes('completed alice'));
  t.equal(await alice.read(file), 'EXPIRED');
});

t.test(
  'row 17: edge condition 1: it expired, another had the lock; after a restart its reclaim is NO_GRACE',
  async (t) => {
    const node = new NodeUnderTest(t);
    const alice = await new SessionlessTestClient(node, 'alice').start();
    const file = await alice.opened('f');
    await alice.locked(file);
    await node.clock.advance(LEASE_MS * 1.5);
    const bob = await new SessionlessTestClient(node, 'bob').start();
    const held = await bob.locked(await bob.opened('f'));
    await bob.unlock(held);
    await node.reboot();
    t.equal(await alice.renew(), 'STALE_CLIENTID');
    await alice.start();
    alice.seqids.clear();
    t.equal(await alice.reclaim(file), 'NO_GRACE');
  },
);

t.test(
  'row 18: edge condition 2: confirmed again and nothing reclaimed; after the next restart NO_GRACE',
  async (t) => {
    const { node, alice, file } = await afterReboot(t);
    node.coordination.lift();
    const bob = await new SessionlessTestClient(node, 'bob').start();
    const held = await bob.locked(await bob.opened('f'));
    await bob.unlock(held);
    t.equal(await alice.renew(), 'OK');
    await node.reboot();
    await alice.start();
    alice.seqids.clear();
    t.equal(await alice.reclaim(file), 'NO_GRACE');
  },
);

t.test('what was reclaimed can be reclaimed again after the next restart', async (t) => {
  const { node, alice, file } = await afterReboot(t);
  await alice.reclaim(file);
  node.coordination.lift();
  await node.reboot();
  await alice.start();
  alice.seqids.clear();
  t.equal(await alice.reclaim(file), 'OK');
});

t.test('grace that begins between OPEN and OPEN_CONFIRM does not undo the open', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new SessionlessTestClient(node, 'alice').start();
  const file = await alice.open('f');
  if (typeof file === 'string') throw new Error(file);
  node.coordination.grace = true;
  t.equal(await alice.confirmOpen(file), 'OK');
  t.equal((await alice.lock(file)).status, 'GRACE');
  t.notOk(node.coordination.journal.includes('completed alice'), 'and ends nobody’s chance to reclaim');
});

t.test('the beacons are tested after the state was taken, and a missing one costs the open', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new SessionlessTestClient(node, 'alice').start();
  const file = await alice.opened('f');
  node.coordination.beacons = 'grace';
  t.equal(await alice.open('f', 'two', { create: false }), 'GRACE');
  t.equal((await alice.lock(file)).status, 'GRACE');
  node.coordination.beacons = 'grant';
  const two = await alice.opened('f', 'two');
  t.equal((await alice.lock(two, 'other')).status, 'OK');
  t.equal(await alice.try(call(putFh, { object: file.handle }), alice.closeCall(file)), 'OK');
});

t.test('C11: a reclaim that waits for its record while everything is let go takes nothing', async (t) => {
  const { node, alice, file } = await afterReboot(t);
  node.coordination.hold();
  const reclaiming = alice.reclaim(file).catch(() => 'no answer');
  await node.coordination.untilHolding(1);
  const grants = () => node.events.filter(({ event }) => event === 'grant').length;
  const before = grants();
  node.server.releaseAllState();
  node.coordination.letGo();
  t.equal(await reclaiming, 'no answer');
  t.equal(grants(), before);
});
