import { chmodSync, chownSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { attributeSet, type FileAttributes } from '../../../src/nfs4/attributes.ts';
import { call } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { close } from '../../../src/nfs4/operations/close.ts';
import { freeStateid } from '../../../src/nfs4/operations/free-stateid.ts';
import { lockU } from '../../../src/nfs4/operations/lock-u.ts';
import type { OpenArgs } from '../../../src/nfs4/operations/open.ts';
import { openDowngrade } from '../../../src/nfs4/operations/open-downgrade.ts';
import { putFh } from '../../../src/nfs4/operations/put-fh.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { read } from '../../../src/nfs4/operations/read.ts';
import { statusName } from '../../../src/nfs4/status.ts';
import { ANONYMOUS_STATEID, CURRENT_STATEID, READ_BYPASS_STATEID } from '../../../src/nfs4/types.ts';
import { NodeUnderTest } from './fixtures/node-under-test.ts';
import { type OpenFile, type OpenWish, TestClient } from './fixtures/test-client.ts';

const { OPEN4_SHARE_ACCESS_READ: READ, OPEN4_SHARE_ACCESS_WRITE: WRITE, OPEN4_SHARE_ACCESS_BOTH: BOTH } = nfs;
const USER = { uid: 1000, machine: 'machine' };

async function pair(t: Test, options = {}) {
  const node = new NodeUnderTest(t, options);
  const alice = await new TestClient(node, 'alice').start();
  return { node, alice, bob: await new TestClient(node, 'bob').start() };
}

const created = (
  mode: typeof nfs.UNCHECKED4 | typeof nfs.GUARDED4,
  attributes: FileAttributes = {},
): OpenWish => ({
  openHow: { openType: nfs.OPEN4_CREATE, how: { mode, createAttrs: attributeSet(attributes) } },
});

const exclusively = (verifier: string): OpenWish => ({
  openHow: {
    openType: nfs.OPEN4_CREATE,
    how: {
      mode: nfs.EXCLUSIVE4_1,
      createBoth: { verf: Buffer.from(verifier), attrs: attributeSet({ mode: 0o400 }) },
    },
  },
});

async function downgrade(
  client: TestClient,
  file: OpenFile,
  shareAccess: number,
  shareDeny = 0,
): Promise<string> {
  const { status, results } = await client.run([
    call(putFh, { object: file.handle }),
    call(openDowngrade, { openStateid: file.stateid, seqid: 0, shareAccess, shareDeny }),
  ]);
  const result = results[2];
  if (result?.status === 0) file.stateid = result.openStateid;
  return statusName(status);
}

t.test('share reservations: every combination of what one has and the other wants', async (t) => {
  const { alice, bob } = await pair(t);
  let number = 0;
  for (const access of [READ, WRITE, BOTH]) {
    for (const deny of [0, 1, 2, 3]) {
      for (const wanted of [READ, WRITE, BOTH]) {
        for (const denied of [0, 1, 2, 3]) {
          number += 1;
          const name = `f${number}`;
          const file = await alice.opened(name, 'app', { create: true, access, deny });
          const got = await bob.open(name, 'app', { access: wanted, deny: denied });
          const conflict = (wanted & deny) !== 0 || (denied & access) !== 0;
          if ((got === 'SHARE_DENIED') !== conflict)
            t.fail(`${access}/${deny} against ${wanted}/${denied}: ${got}`);
          await alice.closeFile(file);
          if (conflict) t.type(await bob.open(name, 'app', { access: wanted, deny: denied }), 'object');
        }
      }
    }
  }
});

t.test('an owner that opens again upgrades its open and keeps its stateid', async (t) => {
  const { alice, bob } = await pair(t);
  const file = await alice.opened('f', 'app', { create: true, access: READ });
  t.equal(await alice.write(file, 'x'), 'OPENMODE');
  const again = await alice.opened('f', 'app', { access: WRITE, deny: nfs.OPEN4_SHARE_DENY_WRITE });
  t.same(again.stateid.other, file.stateid.other);
  t.equal(again.stateid.seqid, file.stateid.seqid + 1);
  t.equal(await alice.write(again, 'x'), 'OK');
  t.equal(await alice.read(file), 'OLD_STATEID');
  t.equal(await alice.read(again), 'OK x');
  t.equal(await bob.open('f', 'app', { access: WRITE }), 'SHARE_DENIED');
  t.equal(await alice.open('f', 'app', { access: WRITE }), 'SHARE_DENIED', 'an owner denies itself as well');
  t.type(await alice.open('f', 'app', { access: READ }), 'object');
});

t.test('an upgrade that conflicts changes nothing', async (t) => {
  const { alice, bob } = await pair(t);
  await bob.opened('f', 'app', { create: true, access: READ, deny: nfs.OPEN4_SHARE_DENY_WRITE });
  const file = await alice.opened('f', 'app', { access: READ });
  t.equal(await alice.open('f', 'app', { access: BOTH }), 'SHARE_DENIED');
  t.equal(await alice.write(file, 'x'), 'OPENMODE');
});

t.test('OPEN_DOWNGRADE goes back to a union of opens in effect, and nowhere else', async (t) => {
  const { alice, bob } = await pair(t);
  let file = await alice.opened('f', 'app', { create: true, access: READ });
  file = await alice.opened('f', 'app', { access: WRITE, deny: nfs.OPEN4_SHARE_DENY_WRITE });
  t.equal(await downgrade(alice, file, WRITE), 'INVAL', 'no open had write access without the denial');
  t.equal(await downgrade(alice, file, BOTH), 'INVAL');
  t.equal(await downgrade(alice, file, 0), 'INVAL');
  t.equal(await downgrade(alice, file, READ), 'OK');
  t.equal(await alice.write(file, 'x'), 'OPENMODE');
  t.type(await bob.open('f', 'app', { access: WRITE }), 'object');
  t.equal(await downgrade(alice, file, BOTH), 'INVAL');
});

t.test('deny modes bind I/O without an open; the bypass stateid reads past them', async (t) => {
  const { alice, bob } = await pair(t);
  const file = await alice.opened('f', 'app', { create: true, deny: nfs.OPEN4_SHARE_DENY_BOTH });
  await alice.write(file, 'x');
  t.equal(await bob.read(file, ANONYMOUS_STATEID), 'LOCKED');
  t.equal(await bob.read(file, READ_BYPASS_STATEID), 'OK x');
  t.equal(await bob.write(file, 'y', ANONYMOUS_STATEID), 'LOCKED');
  t.equal(await bob.write(file, 'y', READ_BYPASS_STATEID), 'LOCKED');
});

t.test('CLOSE takes the locks along, and the stateids with them', async (t) => {
  const { alice, bob } = await pair(t);
  const file = await alice.opened('f');
  const held = await alice.locked(file);
  const bobs = await bob.opened('f');
  t.equal(await alice.closeFile(file), 'OK');
  t.equal((await bob.lock(bobs)).status, 'OK');
  t.equal(await alice.unlock(held), 'BAD_STATEID');
  t.equal(await alice.closeFile(file), 'BAD_STATEID');
});

t.test("another client's stateid is BAD_STATEID, and so is one of another file", async (t) => {
  const { alice, bob } = await pair(t);
  const file = await alice.opened('f');
  t.equal(await bob.read(file), 'BAD_STATEID');
  t.equal(await bob.free(file.stateid), 'BAD_STATEID');
  const other = await alice.opened('g');
  t.equal(await alice.read({ ...file, stateid: other.stateid }), 'BAD_STATEID');
  t.equal(await alice.read(file, { ...file.stateid, seqid: file.stateid.seqid + 1 }), 'BAD_STATEID');
});

t.test('FREE_STATEID of an open is LOCKS_HELD', async (t) => {
  const { alice } = await pair(t);
  const file = await alice.opened('f');
  t.equal(await alice.try(call(freeStateid, { stateid: file.stateid })), 'LOCKS_HELD');
});

t.test('the current stateid is what OPEN returned, until the filehandle changes', async (t) => {
  const { alice } = await pair(t);
  const root = call(putRootFh, {});
  const openF = alice.openCall('app', { claim: nfs.CLAIM_NULL, file: 'f' }, { create: true });
  const readIt = call(read, { stateid: CURRENT_STATEID, offset: 0n, count: 1 });
  t.equal(
    await alice.try(root, openF, readIt, call(close, { seqid: 0, openStateid: CURRENT_STATEID })),
    'OK',
  );
  const file = await alice.opened('f');
  t.equal(await alice.try(root, openF, call(putFh, { object: file.handle }), readIt), 'BAD_STATEID');
  t.equal(await alice.try(call(putFh, { object: file.handle }), readIt), 'BAD_STATEID');
});

t.test('LOCKU and FREE_STATEID take the current stateid of LOCK', async (t) => {
  const { alice } = await pair(t);
  const file = await alice.opened('f');
  const range = { offset: 0n, length: 8n };
  const unlock = call(lockU, { lockType: nfs.WRITE_LT, seqid: 0, lockStateid: CURRENT_STATEID, ...range });
  const free = call(freeStateid, { stateid: CURRENT_STATEID });
  const { status, results } = await alice.run([
    call(putFh, { object: file.handle }),
    alice.lockCall(file, range),
    unlock,
    free,
  ]);
  t.equal(statusName(status), 'OK');
  const locked = results[2];
  if (locked?.status !== 0) return t.fail('LOCK');
  t.equal(await alice.free(locked.lockStateid), 'BAD_STATEID', 'it is free already');
  t.equal(await alice.try(call(putFh, { object: file.handle }), free), 'BAD_STATEID', 'there is none');
});

t.test('UNCHECKED4 takes an existing file as it is, or empties it; GUARDED4 is EXIST', async (t) => {
  const { alice } = await pair(t);
  const file = await alice.opened('f', 'app', created(nfs.GUARDED4, { mode: 0o640 }));
  await alice.write(file, 'content');
  t.equal(await alice.open('f', 'two', created(nfs.GUARDED4)), 'EXIST');
  t.type(await alice.open('f', 'two', created(nfs.UNCHECKED4)), 'object');
  t.equal(await alice.read(file), 'OK content');
  t.type(await alice.open('f', 'two', created(nfs.UNCHECKED4, { size: 0n })), 'object');
  t.equal(await alice.read(file), 'OK ');
});

t.test('emptying a file is writing: a deny mode and a missing permission stop it', async (t) => {
  const { node, alice, bob } = await pair(t);
  const file = await alice.opened('f', 'app', { create: true, deny: nfs.OPEN4_SHARE_DENY_WRITE });
  await alice.write(file, 'content');
  const empty = { ...created(nfs.UNCHECKED4, { size: 0n }), access: READ };
  t.equal(await bob.open('f', 'app', empty), 'SHARE_DENIED');
  await alice.closeFile(file);
  chmodSync(join(node.dir, 'f'), 0o644);
  const carol = await new TestClient(node, 'carol', USER).start();
  if (process.getuid?.() === 0) chownSync(join(node.dir, 'f'), 0, 0);
  t.equal(await carol.open('f', 'app', empty), 'ACCESS');
  t.type(await carol.open('f', 'app', { access: READ }), 'object');
});

t.test('EXCLUSIVE4_1: the same verifier finds its file again, another is EXIST', async (t) => {
  const { alice } = await pair(t);
  const first = await alice.opened('f', 'app', exclusively('verifier'));
  t.equal(await alice.write(first, ''), 'OK', 'the mode does not bind the maker');
  t.type(await alice.open('f', 'app', exclusively('verifier')), 'object');
  t.equal(await alice.open('f', 'app', exclusively('otherone')), 'EXIST');
  const times: OpenArgs['openHow'] = {
    openType: nfs.OPEN4_CREATE,
    how: {
      mode: nfs.EXCLUSIVE4_1,
      createBoth: { verf: Buffer.from('verifier'), attrs: attributeSet({ timeModifySet: 'server' }) },
    },
  };
  t.equal(await alice.open('g', 'app', { openHow: times }), 'INVAL');
});

t.test('EXCLUSIVE4 works without attributes', async (t) => {
  const { alice } = await pair(t);
  const exclusive: OpenWish = {
    openHow: {
      openType: nfs.OPEN4_CREATE,
      how: { mode: nfs.EXCLUSIVE4, createVerf: Buffer.from('12345678') },
    },
  };
  t.type(await alice.open('f', 'app', exclusive), 'object');
  t.type(await alice.open('f', 'app', exclusive), 'object');
});

t.test('no file is made for an open that is refused whatever the file is', async (t) => {
  const { node, alice } = await pair(t, { limits: { stateids: 1 } });
  t.type(await alice.open('f', 'app', created(nfs.GUARDED4)), 'object');
  t.equal(await alice.open('g', 'app', created(nfs.GUARDED4)), 'DELAY');
  t.notOk(existsSync(join(node.dir, 'g')));
});

t.test('OPEN says what stands in its way', async (t) => {
  const { node, alice } = await pair(t);
  mkdirSync(join(node.dir, 'dir'));
  symlinkSync('target', join(node.dir, 'link'));
  t.equal(await alice.open('missing', 'app', {}), 'NOENT');
  t.equal(await alice.open('dir', 'app', {}), 'ISDIR');
  t.equal(await alice.open('link', 'app', {}), 'SYMLINK');
  t.equal(await alice.open('', 'app', {}), 'INVAL');
  t.equal(await alice.open('..', 'app', {}), 'BADNAME');
  t.equal(await alice.open('a/b', 'app'), 'BADCHAR');
  t.equal(await alice.open('x'.repeat(256), 'app'), 'NAMETOOLONG');
  t.equal(await alice.open('f', 'app', { create: true, access: 0 }), 'INVAL');
  t.equal(await alice.open('f', 'app', { create: true, access: 0x80000001 }), 'INVAL');
  t.equal(await alice.open('f', 'app', { create: true, deny: 4 }), 'INVAL');
  const open = alice.openCall('app', { claim: nfs.CLAIM_NULL, file: 'f' }, { create: true });
  t.equal(await alice.try(open), 'NOFILEHANDLE');
  const file = await alice.opened('f');
  t.equal(await alice.try(call(putFh, { object: file.handle }), open), 'NOTDIR');
  t.equal(await alice.openByHandle(file, nfs.CLAIM_FH, { create: true }), 'INVAL');
  const delegation = { claim: nfs.CLAIM_DELEG_CUR_FH, delegateStateid: ANONYMOUS_STATEID } as const;
  t.equal(
    await alice.try(call(putFh, { object: file.handle }), alice.openCall('app', delegation)),
    'BAD_STATEID',
  );
  const previous = { claim: nfs.CLAIM_DELEG_PREV_FH } as const;
  t.equal(await alice.try(call(putFh, { object: file.handle }), alice.openCall('app', previous)), 'NOTSUPP');
});

t.test('a client that says what it wants of delegations is told why it gets none', async (t) => {
  const { alice } = await pair(t);
  const delegation = async (want: number) => {
    const { results } = await alice.run([
      call(putRootFh, {}),
      alice.openCall('app', { claim: nfs.CLAIM_NULL, file: 'f' }, { create: true, access: READ | want }),
    ]);
    const opened = results[2];
    return opened?.status === 0 ? opened.delegation : null;
  };
  t.same(await delegation(0), { delegationType: nfs.OPEN_DELEGATE_NONE });
  t.match(await delegation(nfs.OPEN4_SHARE_ACCESS_WANT_NO_DELEG), { whyNone: { why: nfs.WND4_NOT_WANTED } });
  t.match(await delegation(nfs.OPEN4_SHARE_ACCESS_WANT_READ_DELEG), { whyNone: { why: nfs.WND4_RESOURCE } });
});

t.test('mode bits bind users; the owner of a file may open it by handle all the same', async (t) => {
  const { node } = await pair(t);
  chmodSync(node.dir, 0o777);
  const carol = await new TestClient(node, 'carol', USER).start();
  const file = await carol.opened('f', 'app', created(nfs.GUARDED4, { mode: 0o200 }));
  await carol.closeFile(file);
  if (process.getuid?.() === 0) {
    t.equal(await carol.open('f', 'app', {}), 'ACCESS');
    t.equal(await carol.openByHandle(file, nfs.CLAIM_FH), 'OK');
  }
  const dave = await new TestClient(node, 'dave', { uid: 1001, machine: 'machine' }).start();
  t.equal(await dave.openByHandle({ ...file }, nfs.CLAIM_FH), 'ACCESS');
  chmodSync(node.dir, 0o755);
  t.equal(await dave.open('new'), 'ACCESS');
});

t.test('the number of stateids is limited', async (t) => {
  const { alice } = await pair(t, { limits: { stateids: 2 } });
  await alice.opened('a');
  const file = await alice.opened('b');
  t.equal(await alice.open('c'), 'DELAY');
  t.equal((await alice.lock(file)).status, 'DELAY');
});
