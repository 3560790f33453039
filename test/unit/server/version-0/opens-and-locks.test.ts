import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { NO_ATTRIBUTES } from '../../../../src/nfs4/attributes.ts';
import { call } from '../../../../src/nfs4/compound.ts';
import * as nfs from '../../../../src/nfs4/constants.ts';
import { putFh } from '../../../../src/nfs4/operations/put-fh.ts';
import { ANONYMOUS_STATEID, READ_BYPASS_STATEID } from '../../../../src/nfs4/types.ts';
import { NodeUnderTest } from '../fixtures/node-under-test.ts';
import { TestClient } from '../fixtures/test-client.ts';
import { type OpenFile, SessionlessTestClient } from './fixtures/sessionless-client.ts';

const READ = nfs.OPEN4_SHARE_ACCESS_READ;
const BOTH = nfs.OPEN4_SHARE_ACCESS_BOTH;

async function setup(t: Test, options = {}) {
  const node = new NodeUnderTest(t, options);
  const alice = await new SessionlessTestClient(node, 'alice').start();
  return { node, alice, bob: await new SessionlessTestClient(node, 'bob').start() };
}

/** An open that is not confirmed. */
async function unconfirmed(client: SessionlessTestClient, name = 'f'): Promise<OpenFile> {
  const file = await client.open(name);
  if (typeof file === 'string') throw new Error(file);
  return file;
}

t.test('section 16.18: a new open-owner has to confirm, a known one has not', async (t) => {
  const { alice } = await setup(t);
  const file = await unconfirmed(alice);
  t.ok((alice.rflags & nfs.OPEN4_RESULT_CONFIRM) !== 0);
  t.equal(file.stateid.seqid, 1);
  t.equal(await alice.confirmOpen(file), 'OK');
  t.equal(file.stateid.seqid, 2);
  const other = await alice.open('g');
  t.equal(alice.rflags & nfs.OPEN4_RESULT_CONFIRM, 0);
  t.type(other, 'object');
  t.equal(await alice.confirmOpen(file), 'BAD_STATEID', 'twice');
});

t.test(
  'section 9.1.11: an open that is not confirmed is good for nothing but its confirmation',
  async (t) => {
    const { alice, bob } = await setup(t);
    const file = await unconfirmed(alice);
    t.equal(await alice.read(file), 'BAD_STATEID');
    t.equal(await alice.write(file, 'x'), 'BAD_STATEID');
    t.equal((await alice.lock(file)).status, 'BAD_STATEID');
    t.equal(await alice.downgrade(file, READ), 'BAD_STATEID');
    t.equal(await alice.closeFile(file), 'BAD_STATEID');
    t.equal(
      await bob.open('f', 'app', { deny: nfs.OPEN4_SHARE_DENY_READ }),
      'SHARE_DENIED',
      'it binds others',
    );
    t.equal(await alice.confirmOpen(file), 'OK');
    t.equal(await alice.write(file, 'x'), 'OK');
  },
);

t.test('I6: the record is durable when the first open is confirmed, and not before', async (t) => {
  const { node, alice } = await setup(t);
  const { coordination } = node;
  const file = await unconfirmed(alice);
  t.notOk(coordination.records.has('alice'));
  coordination.hold();
  const confirming = alice.confirmOpen(file);
  await coordination.untilHolding(1);
  let answered = false;
  void confirming.then(() => {
    answered = true;
  });
  await new Promise(setImmediate);
  t.notOk(answered);
  coordination.letGo();
  t.equal(await confirming, 'OK');
  t.ok(coordination.records.has('alice'));
  await alice.opened('g', 'other owner');
  t.equal(coordination.journal.filter((line) => line === 'recorded alice').length, 1);
});

t.test('I7: where the record cannot be written the open is not confirmed', async (t) => {
  const { node, alice } = await setup(t);
  const file = await unconfirmed(alice);
  node.coordination.store = 'unavailable';
  t.equal(await alice.confirmOpen(file), 'DELAY');
  t.equal(await alice.read(file), 'BAD_STATEID');
  node.coordination.store = 'durable';
  t.equal(await alice.confirmOpen(file), 'OK', 'with the next seqid');
  t.equal(await alice.read(file), 'OK ');
});

t.test('a client that goes while its record is being written gets no open', async (t) => {
  const { node, alice } = await setup(t);
  const file = await unconfirmed(alice);
  node.coordination.hold();
  const confirming = alice.confirmOpen(file);
  await node.coordination.untilHolding(1);
  const again = new SessionlessTestClient(node, 'alice');
  again.verifier = Buffer.from('new life');
  await again.introduce();
  const replacing = again.confirm();
  node.coordination.letGo();
  t.equal(await replacing, 'OK');
  t.notOk((await confirming) === 'OK');
  t.notOk(node.coordination.records.has('alice'), 'nor leaves a record');
});

t.test('section 9.1.4.4: what a stateid is answered', async (t) => {
  const { node, alice, bob } = await setup(t);
  const file = await alice.opened('f');
  const other = await alice.opened('g');
  const { stateid } = file;
  t.equal(await alice.read(file, { ...stateid, seqid: stateid.seqid - 1 }), 'OLD_STATEID');
  t.equal(await alice.read(file, { ...stateid, seqid: 0 }), 'OLD_STATEID', 'there is no "the newest"');
  t.equal(await alice.read(file, { ...stateid, seqid: stateid.seqid + 1 }), 'BAD_STATEID');
  t.equal(await alice.read(file, other.stateid), 'BAD_STATEID', 'of another file');
  t.equal(await alice.read(file, { ...ANONYMOUS_STATEID, seqid: 5 }), 'BAD_STATEID');
  t.equal(await alice.read(file, { ...READ_BYPASS_STATEID, seqid: 5 }), 'BAD_STATEID');
  const foreign = Buffer.from('00000001'.padEnd(24, '0'), 'hex');
  t.equal(await alice.read(file, { seqid: 1, other: foreign }), 'STALE_STATEID', 'pynfs makes stale ones so');
  t.equal(await bob.read(file), 'OK ', 'it says by itself whose it is');
  await alice.closeFile(file);
  t.equal(await alice.read(file), 'BAD_STATEID', 'closed');
  await node.reboot();
  t.equal(await alice.read(other), 'STALE_STATEID');
  const bobs = await new TestClient(node, 'carol').connect();
  t.equal(await bobs.read(other), 'BAD_STATEID', 'row 34: and in 4.1');
});

t.test('section 9.1.4.3: the special stateids', async (t) => {
  const { alice, bob } = await setup(t);
  const file = await alice.opened('f', 'app', { deny: nfs.OPEN4_SHARE_DENY_BOTH });
  await alice.write(file, 'x');
  t.equal(await bob.read(file, ANONYMOUS_STATEID), 'LOCKED');
  t.equal(await bob.read(file, READ_BYPASS_STATEID), 'OK x');
  t.equal(await bob.write(file, 'y', READ_BYPASS_STATEID), 'LOCKED');
  await alice.closeFile(file);
  t.equal(await bob.write(file, 'y', ANONYMOUS_STATEID), 'OK');
});

t.test('share reservations bind across versions', async (t) => {
  const { node, alice } = await setup(t);
  const carol = await new TestClient(node, 'carol').start();
  const file = await alice.opened('f', 'app', { deny: nfs.OPEN4_SHARE_DENY_WRITE });
  t.equal(await carol.open('f'), 'SHARE_DENIED');
  await alice.closeFile(file);
  const hers = await carol.opened('f', 'app', { deny: nfs.OPEN4_SHARE_DENY_WRITE });
  t.equal(await alice.open('f'), 'SHARE_DENIED');
  await carol.closeFile(hers);
  const again = await alice.opened('f');
  t.equal((await alice.lock(again)).status, 'OK');
  t.equal((await carol.lock(await carol.opened('f'))).status, 'DENIED');
});

t.test('an owner that opens again upgrades its open; OPEN_DOWNGRADE goes back', async (t) => {
  const { alice } = await setup(t);
  const file = await alice.opened('f', 'app', { access: READ });
  t.equal(await alice.write(file, 'x'), 'OPENMODE');
  const again = await alice.opened('f', 'app', { access: BOTH });
  t.same(again.stateid.other, file.stateid.other);
  t.equal(await alice.write(again, 'x'), 'OK');
  t.equal(await alice.read(file), 'OLD_STATEID');
  t.equal(await alice.downgrade(again, READ), 'OK');
  t.equal(await alice.write(again, 'x'), 'OPENMODE');
  t.equal(await alice.downgrade(again, BOTH), 'INVAL');
});

t.test('EXCLUSIVE4: the same verifier finds its file again, another is EXIST', async (t) => {
  const { alice } = await setup(t);
  const exclusive = (verifier: string) =>
    ({
      openHow: {
        openType: nfs.OPEN4_CREATE,
        how: { mode: nfs.EXCLUSIVE4, createVerf: Buffer.from(verifier) },
      },
    }) as const;
  await alice.opened('f', 'app', exclusive('12345678'));
  t.equal(await alice.open('f', 'app', exclusive('87654321')), 'EXIST');
  t.type(await alice.open('f', 'app', exclusive('12345678')), 'object');
});

t.test('OPEN says what stands in its way', async (t) => {
  const { node, alice } = await setup(t);
  mkdirSync(join(node.dir, 'dir'));
  symlinkSync('target', join(node.dir, 'link'));
  writeFileSync(join(node.dir, 'file'), 'x');
  t.equal(await alice.open('dir', 'app', { create: false }), 'ISDIR');
  t.equal(await alice.open('link', 'app', { create: false }), 'SYMLINK');
  t.equal(await alice.open('missing', 'app', { create: false }), 'NOENT');
  const guarded = { mode: nfs.GUARDED4, createAttrs: NO_ATTRIBUTES } as const;
  t.equal(
    await alice.open('file', 'app', { openHow: { openType: nfs.OPEN4_CREATE, how: guarded } }),
    'EXIST',
  );
});

t.test('CLOSE takes the locks along, and the stateids with them', async (t) => {
  const { alice, bob } = await setup(t);
  const file = await alice.opened('f');
  const held = await alice.locked(file);
  const bobs = await bob.opened('f');
  t.equal((await bob.lock(bobs)).status, 'DENIED');
  t.equal(await alice.closeFile(file), 'OK');
  t.equal((await bob.lock(bobs)).status, 'OK');
  t.equal(await alice.unlock(held), 'BAD_STATEID');
});

t.test('LOCK by an owner of a client that is not the one of the open is BAD_STATEID', async (t) => {
  const { alice, bob } = await setup(t);
  const file = await alice.opened('f');
  const at = call(putFh, { object: file.handle });
  t.equal(await alice.try(at, alice.newLockCall(file, 'x', {}, { clientId: bob.clientId })), 'BAD_STATEID');
  t.equal(await alice.try(at, alice.newLockCall(file, 'x', {}, { clientId: 0n })), 'STALE_CLIENTID');
});

t.test('a DENIED says by whom', async (t) => {
  const { alice, bob } = await setup(t);
  await alice.locked(await alice.opened('f'), 'hers', { offset: 3n, length: 4n });
  const { result } = await bob.lock(await bob.opened('f'));
  const owner = { clientId: alice.clientId, owner: Buffer.from('hers') };
  t.match(result, { denied: { offset: 3n, length: 4n, lockType: nfs.WRITE_LT, owner } });
});

t.test('section 16.11: LOCKT asks for the owner that it names', async (t) => {
  const { alice, bob } = await setup(t);
  const file = await alice.opened('f');
  await alice.locked(file);
  t.equal(await alice.test(file, 'locker'), 'OK');
  t.equal(await alice.test(file, 'other'), 'DENIED');
  t.equal(await bob.test(file, 'locker'), 'DENIED');
  t.equal(await bob.test(file, 'locker', 0n), 'STALE_CLIENTID');
});

t.test('section 16.37: RELEASE_LOCKOWNER is LOCKS_HELD until nothing is locked, on any file', async (t) => {
  const { alice } = await setup(t);
  const held = await alice.locked(await alice.opened('f'));
  const other = await alice.locked(await alice.opened('g'));
  t.equal(await alice.release('locker'), 'LOCKS_HELD');
  t.equal(await alice.unlock(held), 'OK');
  t.equal(await alice.release('locker'), 'LOCKS_HELD');
  t.equal(await alice.unlock(other), 'OK');
  t.equal(await alice.release('locker'), 'OK');
  t.equal(await alice.unlock(other), 'BAD_STATEID', 'its lock stateids are gone');
  t.equal(await alice.release('locker'), 'OK', 'nobody by that name');
});

t.test('the numbers of owners and stateids are limited', async (t) => {
  const { node, alice } = await setup(t, { limits: { stateids: 2, ownersPerClient: 2 } });
  const file = await alice.opened('a', 'one');
  await alice.opened('b', 'two');
  t.equal(await alice.open('c', 'three'), 'RESOURCE');
  t.equal(await alice.open('c', 'two'), 'DELAY');
  t.equal((await alice.lock(file)).status, 'DELAY');
  t.notOk(existsSync(join(node.dir, 'c')));
});
