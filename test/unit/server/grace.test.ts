import { chmodSync, chownSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { attributeSet } from '../../../src/nfs4/attributes.ts';
import { call } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { lockT } from '../../../src/nfs4/operations/lock-t.ts';
import { putFh } from '../../../src/nfs4/operations/put-fh.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { reclaimComplete } from '../../../src/nfs4/operations/reclaim-complete.ts';
import { remove } from '../../../src/nfs4/operations/remove.ts';
import { rename } from '../../../src/nfs4/operations/rename.ts';
import { saveFh } from '../../../src/nfs4/operations/save-fh.ts';
import { setAttr } from '../../../src/nfs4/operations/set-attr.ts';
import { testStateid } from '../../../src/nfs4/operations/test-stateid.ts';
import { statusName } from '../../../src/nfs4/status.ts';
import { ANONYMOUS_STATEID, READ_BYPASS_STATEID } from '../../../src/nfs4/types.ts';
import { LEASE_MS, NodeUnderTest } from './fixtures/node-under-test.ts';
import { type OpenFile, TestClient } from './fixtures/test-client.ts';

const READ_ONLY = { access: nfs.OPEN4_SHARE_ACCESS_READ };

/** Alice has a file open and locked; then the node reboots, and she has a new session. */
async function afterReboot(t: Test) {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  const file = await alice.opened('f');
  await alice.write(file, 'content');
  await alice.locked(file);
  await node.reboot();
  await alice.connect();
  return { node, alice, file };
}

const reopened = (client: TestClient, file: OpenFile) => client.openByHandle(file, nfs.CLAIM_PREVIOUS);

t.test('row 4: a non-reclaim OPEN or LOCK during grace is GRACE, whoever asks', async (t) => {
  const { node, alice, file } = await afterReboot(t);
  await reopened(alice, file);
  t.equal(await alice.open('f'), 'GRACE');
  t.equal((await alice.lock(file)).status, 'GRACE');
  t.equal(await alice.open('new'), 'GRACE');
  t.same(
    node.filesystem.lookup(node.filesystem.root(), 'new'),
    { ok: false, errno: 'ENOENT' },
    'nothing was made',
  );

  const bob = await new TestClient(node, 'bob').start();
  t.equal(await bob.open('f'), 'GRACE', 'also of a client that is complete');
  t.equal(await bob.openByHandle(file, nfs.CLAIM_FH), 'GRACE');
});

t.test('row 4: LOCKT during grace is GRACE', async (t) => {
  const { alice, file } = await afterReboot(t);
  const test = call(lockT, {
    lockType: nfs.WRITE_LT,
    offset: 0n,
    length: 1n,
    owner: { clientId: alice.clientId, owner: Buffer.from('x') },
  });
  t.equal(await alice.try(call(putFh, { object: file.handle }), test), 'GRACE');
});

t.test('row 5: READ and WRITE during grace work with the stateid of a valid reclaim', async (t) => {
  const { alice, file } = await afterReboot(t);
  t.equal(await reopened(alice, file), 'OK');
  t.equal(await alice.read(file), 'OK content');
  t.equal(await alice.write(file, 'CONTENT'), 'OK');
  const { held } = await alice.lock(file, {}, nfs.WRITE_LT, true);
  t.equal(await alice.write(file, 'Content', held?.stateid), 'OK');
});

t.test('row 5: READ and WRITE without an open of their own are GRACE', async (t) => {
  const { node, alice, file } = await afterReboot(t);
  for (const stateid of [ANONYMOUS_STATEID, READ_BYPASS_STATEID]) {
    t.equal(await alice.read(file, stateid), 'GRACE');
    t.equal(await alice.write(file, 'x', stateid), 'GRACE');
  }
  node.coordination.lift();
  t.equal(await alice.read(file, ANONYMOUS_STATEID), 'OK content');
});

t.test('row 6: a client that has not completed gets no new state, not even after grace', async (t) => {
  const node = new NodeUnderTest(t);
  const bob = await new TestClient(node, 'bob').start();
  const file = await bob.opened('f');
  const alice = await new TestClient(node, 'alice').connect();
  t.equal(await alice.open('f'), 'GRACE');
  t.equal(await alice.open('new'), 'GRACE');
  t.same(node.filesystem.lookup(node.filesystem.root(), 'new'), { ok: false, errno: 'ENOENT' });
  t.equal(await alice.openByHandle({ ...file }, nfs.CLAIM_FH), 'GRACE', 'by filehandle neither');
  await alice.complete();
  t.equal(await alice.openByHandle({ ...file }, nfs.CLAIM_FH), 'OK');
});

t.test('row 6: LOCK on a reclaimed open before RECLAIM_COMPLETE is GRACE, also after the lift', async (t) => {
  const { node, alice, file } = await afterReboot(t);
  await reopened(alice, file);
  node.coordination.lift();
  t.equal((await alice.lock(file)).status, 'GRACE');
  await alice.complete();
  t.equal((await alice.lock(file)).status, 'OK');
});

t.test('row 7: a recorded client reclaims its open and its lock during grace', async (t) => {
  const { node, alice, file } = await afterReboot(t);
  t.equal(await reopened(alice, file), 'OK');
  t.equal((await alice.lock(file, {}, nfs.WRITE_LT, true)).status, 'OK');
  const grants = node.events.filter((event) => event.event === 'grant').slice(-2);
  t.match(grants, [
    { op: 'open', reclaim: true, client: 'alice', owner: 'app', file: 'f' },
    { op: 'lock', reclaim: true, client: 'alice', file: 'f', span: { start: 0, end: 8 }, mode: 'write' },
  ]);
  node.coordination.lift();
  await alice.complete();
  const bob = await new TestClient(node, 'bob').start();
  t.equal((await bob.lock(await bob.opened('f'))).status, 'DENIED', 'and really has it');
});

t.test('row 7: the same open is reclaimed once more, whatever it denies', async (t) => {
  const { alice, file } = await afterReboot(t);
  const wish = { access: nfs.OPEN4_SHARE_ACCESS_BOTH, deny: nfs.OPEN4_SHARE_DENY_BOTH };
  t.equal(await alice.openByHandle(file, nfs.CLAIM_PREVIOUS, wish), 'OK');
  t.equal(await alice.openByHandle(file, nfs.CLAIM_PREVIOUS, wish), 'OK');
  const another = { ...file, owner: 'another' };
  t.equal(await alice.openByHandle(another, nfs.CLAIM_PREVIOUS, wish), 'RECLAIM_CONFLICT');
});

t.test('row 7, I4: before the barrier a reclaim is told to wait', async (t) => {
  const { node, alice, file } = await afterReboot(t);
  node.coordination.beforeBarrier = true;
  t.equal(await reopened(alice, file), 'DELAY');
  node.coordination.beforeBarrier = false;
  t.equal(await reopened(alice, file), 'OK');
  t.equal((await alice.lock(file, {}, nfs.WRITE_LT, true)).status, 'OK');
});

t.test('row 8: a reclaim after RECLAIM_COMPLETE is NO_GRACE', async (t) => {
  const { alice, file } = await afterReboot(t);
  await reopened(alice, file);
  await alice.complete();
  t.equal((await alice.lock(file, {}, nfs.WRITE_LT, true)).status, 'NO_GRACE');
  t.equal(await reopened(alice, file), 'NO_GRACE');
});

t.test('row 9: a reclaim outside grace is NO_GRACE', async (t) => {
  const { node, alice, file } = await afterReboot(t);
  await reopened(alice, file);
  node.coordination.lift();
  t.equal((await alice.lock(file, {}, nfs.WRITE_LT, true)).status, 'NO_GRACE');
  t.equal(await reopened(alice, file), 'NO_GRACE');
});

t.test('row 10: a client without a record does not reclaim', async (t) => {
  const { node, file } = await afterReboot(t);
  const mallory = await new TestClient(node, 'mallory').connect();
  t.equal(await reopened(mallory, { ...file }), 'NO_GRACE');
});

/** Alice had a file open; then the node rebooted, and she has not come back yet. */
async function recorded(t: Test) {
  const node = new NodeUnderTest(t);
  const file = await (await new TestClient(node, 'alice').start()).opened('f');
  await node.reboot();
  return { node, file };
}

t.test('row 26: nor does a recorded one whose principal differs', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  const file = await alice.opened('f');
  await node.reboot();
  alice.sender = { uid: 0, machine: 'another' };
  await alice.connect();
  t.equal(await reopened(alice, file), 'RECLAIM_BAD');
});

t.test('I2: a stranger with the owner id of a recorded client does not take its record along', async (t) => {
  for (const ending of ['leaves', 'expires', 'restarts'] as const) {
    const { node, file } = await recorded(t);
    const stranger = new TestClient(node, 'alice', { uid: 0, machine: 'another' });
    await stranger.start();
    if (ending === 'leaves') {
      await stranger.leave();
    } else if (ending === 'restarts') {
      stranger.verifier = Buffer.from('another ');
      await stranger.connect();
    }
    if (ending !== 'leaves') await node.clock.advance(LEASE_MS * 1.5);
    const alice = await new TestClient(node, 'alice').connect();
    t.equal(await reopened(alice, { ...file }), 'OK', ending);
    t.equal(await alice.complete(), 'OK');
  }
});

t.test('row 11: an open that conflicts with what another has reclaimed is RECLAIM_CONFLICT', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  const bob = await new TestClient(node, 'bob').start();
  const file = await alice.opened('f');
  const bobs = await bob.opened('f');
  await node.reboot();
  await alice.connect();
  await bob.connect();
  const deny = { deny: nfs.OPEN4_SHARE_DENY_WRITE };
  t.equal(await alice.openByHandle(file, nfs.CLAIM_PREVIOUS, deny), 'OK');
  t.equal(await reopened(bob, bobs), 'RECLAIM_CONFLICT');
});

t.test('row 35: a LOCK reclaim that conflicts is RECLAIM_CONFLICT, not DENIED', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  const bob = await new TestClient(node, 'bob').start();
  const file = await alice.opened('f');
  const bobs = await bob.opened('f');
  await node.reboot();
  await alice.connect();
  await bob.connect();
  await reopened(alice, file);
  await reopened(bob, bobs);
  t.equal((await alice.lock(file, {}, nfs.WRITE_LT, true)).status, 'OK');
  t.equal((await bob.lock(bobs, {}, nfs.WRITE_LT, true)).status, 'RECLAIM_CONFLICT');
});

t.test('row 12: a reclaim gets no more than a normal request would', async (t) => {
  const user = { uid: 1000, machine: 'machine' };
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  const file = await alice.opened('f');
  const carol = await new TestClient(node, 'carol', user).start();
  await node.reboot();
  await carol.connect();
  const path = join(node.dir, 'f');
  if (process.getuid?.() === 0) chownSync(path, 0, 0);
  chmodSync(path, 0o600);
  t.equal(await reopened(carol, { ...file }), 'ACCESS');
  chmodSync(path, 0o604);
  const readable = { ...file };
  t.equal(await carol.openByHandle(readable, nfs.CLAIM_PREVIOUS, READ_ONLY), 'OK');
  t.equal((await carol.lock(readable, {}, nfs.WRITE_LT, true)).status, 'OPENMODE');
});

t.test('row 13: a second RECLAIM_COMPLETE is COMPLETE_ALREADY; a replay gets the kept reply', async (t) => {
  const { node, alice } = await afterReboot(t);
  alice.seqids[0]! += 1;
  const message = node.encode([alice.sequence(0, true), call(reclaimComplete, { oneFs: false })]);
  const first = await node.server.handleCall(message);
  t.same(await node.server.handleCall(message), first);
  t.equal(await alice.complete(), 'COMPLETE_ALREADY');
  t.equal(
    node.coordination.journal.filter((line) => line === 'completed alice').length,
    2,
    'once in each life',
  );
});

t.test('I6: RECLAIM_COMPLETE is not answered before the record is durable', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').connect();
  node.coordination.store = 'unavailable';
  t.equal(await alice.complete(), 'DELAY');
  t.equal(await alice.open('f'), 'GRACE', 'and gives no right to new state');
  node.coordination.store = 'fenced';
  t.equal(await alice.complete(), 'DELAY');
  node.coordination.store = 'durable';
  node.coordination.hold();
  let answered = false;
  const pending = alice.complete().then((status) => {
    answered = true;
    return status;
  });
  await node.clock.advance(10);
  t.notOk(answered);
  node.coordination.letGo();
  t.equal(await pending, 'OK');
});

t.test(
  'row 14: RECLAIM_COMPLETE of one filesystem needs a filehandle and completes nothing else',
  async (t) => {
    const { alice, file } = await afterReboot(t);
    const oneFs = call(reclaimComplete, { oneFs: true });
    t.equal(await alice.try(oneFs), 'NOFILEHANDLE');
    t.equal(await alice.try(call(putRootFh, {}), oneFs), 'OK');
    t.equal(await reopened(alice, file), 'OK', 'reclaims go on');
    t.equal(await alice.complete(), 'OK');
  },
);

t.test('row 34: a stateid of before the restart is BAD_STATEID', async (t) => {
  const { alice, file } = await afterReboot(t);
  const old = { ...file };
  t.equal(await alice.read(old), 'BAD_STATEID');
  t.equal((await alice.lock(old, {}, nfs.WRITE_LT, true)).status, 'BAD_STATEID');
  // The reclaimed open has the same number in this life as the lost one had in the earlier.
  await reopened(alice, file);
  t.equal(await alice.read(old), 'BAD_STATEID');
  const { results } = await alice.run([call(testStateid, { stateids: [old.stateid, file.stateid] })]);
  const tested = results[1];
  t.same(tested?.status === 0 && tested.statusCodes.map(statusName), ['BAD_STATEID', 'OK']);
});

t.test('row 36: REMOVE, RENAME and truncation during grace are GRACE', async (t) => {
  const { node, alice, file } = await afterReboot(t);
  const root = call(putRootFh, {});
  t.equal(await alice.try(root, call(remove, { target: 'f' })), 'GRACE');
  t.equal(await alice.try(root, call(saveFh, {}), call(rename, { oldName: 'f', newName: 'g' })), 'GRACE');
  const empty = (stateid = ANONYMOUS_STATEID) =>
    alice.try(
      call(putFh, { object: file.handle }),
      call(setAttr, { stateid, objAttributes: attributeSet({ size: 0n }) }),
    );
  t.equal(await empty(), 'GRACE');
  await reopened(alice, file);
  t.equal(await empty(file.stateid), 'OK', 'with a reclaimed open it is a write like any other');
  node.coordination.lift();
  t.equal(await alice.try(root, call(remove, { target: 'f' })), 'OK');
});

t.test('grant rule: a lock is given back when a beacon is missing after it was taken', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  const bob = await new TestClient(node, 'bob').start();
  const file = await alice.opened('f');
  const bobs = await bob.opened('f');
  node.coordination.beacons = 'grace';
  t.equal((await alice.lock(file)).status, 'GRACE');
  node.coordination.beacons = 'grant';
  t.equal((await bob.lock(bobs)).status, 'OK', 'nothing of it was left behind');
});

t.test('grant rule: giving a lock back restores what its owner had before', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  const bob = await new TestClient(node, 'bob').start();
  const held = await alice.locked(await alice.opened('f'), { length: 8n });
  const bobs = await bob.opened('f');
  node.coordination.beacons = 'grace';
  t.equal(await alice.lockAgain(held, { length: 16n }), 'GRACE');
  t.equal(await alice.lockAgain(held, { length: 8n }, nfs.READ_LT), 'GRACE');
  node.coordination.beacons = 'grant';
  t.equal((await bob.lock(bobs, { length: 1n }, nfs.READ_LT)).status, 'DENIED', 'still a write lock');
  t.equal((await bob.lock(bobs, { offset: 8n })).status, 'OK', 'and no wider');
});

t.test(
  'grant rule: an open is refused when a beacon is missing; what it would have emptied is not',
  async (t) => {
    const node = new NodeUnderTest(t);
    const alice = await new TestClient(node, 'alice').start();
    const file = await alice.opened('f');
    await alice.write(file, 'content');
    node.coordination.beacons = 'grace';
    const openHow = {
      openType: nfs.OPEN4_CREATE,
      how: { mode: nfs.UNCHECKED4, createAttrs: attributeSet({ size: 0n }) },
    } as const;
    t.equal(await alice.open('f', 'other', { openHow }), 'GRACE');
    t.equal(await alice.read(file), 'OK content');
    t.match(node.events.at(-1), { event: 'refuse', op: 'open', status: 'GRACE', file: 'f' });
    node.coordination.beacons = 'grant';
    t.type(await alice.open('f', 'other', { openHow }), 'object');
    t.equal(await alice.read(file), 'OK ');
  },
);

t.test('grant rule: no file is made for an open that a missing beacon refuses', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  const openHow = {
    openType: nfs.OPEN4_CREATE,
    how: { mode: nfs.GUARDED4, createAttrs: attributeSet({}) },
  } as const;
  node.coordination.beacons = 'grace';
  t.equal(await alice.open('new', 'app', { openHow }), 'GRACE');
  t.notOk(existsSync(join(node.dir, 'new')));
  t.match(node.events.at(-1), { event: 'refuse', op: 'open', status: 'GRACE', file: 'new' });
  node.coordination.beacons = 'grant';
  t.type(await alice.open('new', 'app', { openHow }), 'object', 'and not EXIST');
});

t.test('grant rule: a file that an open has made is open, though a beacon goes out just then', async (t) => {
  for (const mode of [nfs.GUARDED4, nfs.UNCHECKED4] as const) {
    const node = new NodeUnderTest(t);
    const alice = await new TestClient(node, 'alice').start();
    const openHow = { openType: nfs.OPEN4_CREATE, how: { mode, createAttrs: attributeSet({}) } } as const;
    // Lit when it is tested before the file is made, and out from then on.
    let tests = 0;
    node.coordination.confirmNewState = () => (tests++ === 0 ? 'grant' : 'grace');
    t.type(await alice.open('new', 'app', { openHow }), 'object');
    t.equal(await alice.open('new', 'other', { create: false }), 'GRACE', 'of a file that is there already');
  }
});

t.test('grant rule: the filesystem is not asked while the node enforces', async (t) => {
  const { node, alice, file } = await afterReboot(t);
  await reopened(alice, file);
  node.coordination.journal.length = 0;
  await alice.lock(file);
  await alice.open('f');
  t.same(node.coordination.journal, []);
});
