import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  type AttributeName,
  attributeBitmap,
  attributeSet,
  type FileAttributes,
} from '../../../src/nfs4/attributes.ts';
import { bitmapBits } from '../../../src/nfs4/bitmap.ts';
import { call, type OperationCall } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { access } from '../../../src/nfs4/operations/access.ts';
import { commit } from '../../../src/nfs4/operations/commit.ts';
import { create } from '../../../src/nfs4/operations/create.ts';
import { getAttr } from '../../../src/nfs4/operations/get-attr.ts';
import { getFh } from '../../../src/nfs4/operations/get-fh.ts';
import { link } from '../../../src/nfs4/operations/link.ts';
import { lookup } from '../../../src/nfs4/operations/lookup.ts';
import { lookupp } from '../../../src/nfs4/operations/lookupp.ts';
import { nverify } from '../../../src/nfs4/operations/nverify.ts';
import { putFh } from '../../../src/nfs4/operations/put-fh.ts';
import { putPubFh } from '../../../src/nfs4/operations/put-pub-fh.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { readDir } from '../../../src/nfs4/operations/read-dir.ts';
import { readLink } from '../../../src/nfs4/operations/read-link.ts';
import { remove } from '../../../src/nfs4/operations/remove.ts';
import { rename } from '../../../src/nfs4/operations/rename.ts';
import { restoreFh } from '../../../src/nfs4/operations/restore-fh.ts';
import { saveFh } from '../../../src/nfs4/operations/save-fh.ts';
import { secInfo } from '../../../src/nfs4/operations/sec-info.ts';
import { secInfoNoName } from '../../../src/nfs4/operations/sec-info-no-name.ts';
import { setAttr } from '../../../src/nfs4/operations/set-attr.ts';
import { verify } from '../../../src/nfs4/operations/verify.ts';
import { write } from '../../../src/nfs4/operations/write.ts';
import { statusName } from '../../../src/nfs4/status.ts';
import { ANONYMOUS_STATEID } from '../../../src/nfs4/types.ts';
import { NodeUnderTest } from './fixtures/node-under-test.ts';
import { TestClient } from './fixtures/test-client.ts';

const ROOT_FH = call(putRootFh, {});
const USER = { uid: 1000, machine: 'machine' };
const isRoot = process.getuid?.() === 0;

async function started(t: Test) {
  const node = new NodeUnderTest(t);
  return { node, alice: await new TestClient(node, 'alice').start() };
}

const to = (...names: string[]): OperationCall[] => [
  ROOT_FH,
  ...names.map((objName) => call(lookup, { objName })),
];

const mkdir = (objName: string, attributes: FileAttributes = {}) =>
  call(create, { objType: { type: nfs.NF4DIR }, objName, createAttrs: attributeSet(attributes) });

async function attributesOf(
  client: TestClient,
  path: string[],
  ...names: AttributeName[]
): Promise<FileAttributes> {
  const reply = await client.run([
    ROOT_FH,
    ...path.map((objName) => call(lookup, { objName })),
    call(getAttr, { attrRequest: attributeBitmap(names) }),
  ]);
  const last = reply.results.at(-1) as { objAttributes?: { values: FileAttributes } } | undefined;
  return last?.objAttributes?.values ?? {};
}

const set = (attributes: FileAttributes) =>
  call(setAttr, { stateid: ANONYMOUS_STATEID, objAttributes: attributeSet(attributes) });

t.test('LOOKUP, LOOKUPP, SAVEFH, RESTOREFH and GETFH walk about', async (t) => {
  const { node, alice } = await started(t);
  mkdirSync(join(node.dir, 'a/b'), { recursive: true });
  const { status, results } = await alice.run([
    ROOT_FH,
    call(lookup, { objName: 'a' }),
    call(getFh, {}),
    call(saveFh, {}),
    call(lookup, { objName: 'b' }),
    call(lookupp, {}),
    call(getFh, {}),
    call(putPubFh, {}),
    call(restoreFh, {}),
    call(getFh, {}),
  ]);
  t.equal(statusName(status), 'OK');
  t.same(results[7], results[3]);
  t.same(results[10], results[3]);
  t.equal(await alice.try(ROOT_FH, call(lookupp, {})), 'NOENT');
  t.equal(await alice.try(...to('a', 'missing')), 'NOENT');
  t.equal(await alice.try(call(lookup, { objName: 'a' })), 'NOFILEHANDLE');
  t.equal(await alice.try(call(restoreFh, {})), 'NOFILEHANDLE');
  t.equal(await alice.try(call(putFh, { object: Buffer.from('nonsense') })), 'BADHANDLE');
});

t.test('a filehandle means the same file after a restart', async (t) => {
  const { node, alice } = await started(t);
  const file = await alice.opened('f');
  await node.reboot();
  await alice.connect();
  t.equal(await alice.try(call(putFh, { object: file.handle }), call(getFh, {})), 'OK');
});

t.test('GETATTR answers what it can and leaves out the rest', async (t) => {
  const { node, alice } = await started(t);
  writeFileSync(join(node.dir, 'f'), '12345');
  const values = await attributesOf(
    alice,
    ['f'],
    'type',
    'size',
    'mode',
    'leaseTime',
    'fileid',
    'spaceTotal',
    'maxLink',
  );
  t.match(values, {
    type: nfs.NF4REG,
    size: 5n,
    leaseTime: 1,
    fileid: BigInt(statSync(join(node.dir, 'f')).ino),
  });
  t.type(values.spaceTotal, 'bigint');
  t.notOk('maxLink' in values);
  const all = (await attributesOf(alice, ['f'], 'supportedAttrs')).supportedAttrs ?? [];
  for (const number of bitmapBits(all)) {
    const asked = [
      ...to('f'),
      call(getAttr, {
        attrRequest: [0, 0, 0].map(
          (_, word) => (number >> 5 === word ? (1 << (number & 31)) >>> 0 : 0) >>> 0,
        ),
      }),
    ];
    const writeOnly = number === 48 || number === 54;
    t.equal(await alice.try(...asked), writeOnly ? 'INVAL' : 'OK', `attribute ${number}`);
  }
});

t.test('SETATTR sets what it may and says what it set', async (t) => {
  const { node, alice } = await started(t);
  const path = join(node.dir, 'f');
  writeFileSync(path, 'content');
  t.equal(
    await alice.try(
      ...to('f'),
      set({ mode: 0o600, size: 3n, timeModifySet: { seconds: 1000n, nseconds: 500_000_000 } }),
    ),
    'OK',
  );
  t.equal(readFileSync(path, 'utf8'), 'con');
  t.equal(statSync(path).mode & 0o7777, 0o600);
  t.equal(statSync(path).mtimeMs, 1_000_500);
  t.equal(await alice.try(...to('f'), set({ type: nfs.NF4REG })), 'INVAL');
  t.equal(await alice.try(...to('f'), set({ maxLink: 1 })), 'ATTRNOTSUPP');
  t.equal(await alice.try(...to('f'), set({ mode: 0o10000 })), 'INVAL');
  t.equal(await alice.try(...to('f'), set({ owner: 'root@example.org' })), 'BADOWNER');
  t.equal(await alice.try(...to('f'), set({ size: 2n ** 63n })), 'FBIG');
  t.equal(await alice.try(ROOT_FH, set({ size: 0n })), 'ISDIR');
  const open = await alice.opened('f', 'app', { access: nfs.OPEN4_SHARE_ACCESS_READ });
  const truncate = call(setAttr, { stateid: open.stateid, objAttributes: attributeSet({ size: 0n }) });
  t.equal(await alice.try(call(putFh, { object: open.handle }), truncate), 'OPENMODE');
});

t.test(
  'only owners change modes and times, only root gives files away',
  { skip: !isRoot && 'needs root' },
  async (t) => {
    const { node } = await started(t);
    const carol = await new TestClient(node, 'carol', USER).start();
    writeFileSync(join(node.dir, 'roots'), '');
    writeFileSync(join(node.dir, 'hers'), '');
    chownSync(join(node.dir, 'hers'), USER.uid, USER.uid);
    t.equal(await carol.try(...to('roots'), set({ mode: 0o777 })), 'PERM');
    t.equal(await carol.try(...to('roots'), set({ timeModifySet: 'server' })), 'ACCESS');
    t.equal(await carol.try(...to('roots'), set({ size: 0n })), 'ACCESS');
    t.equal(await carol.try(...to('hers'), set({ mode: 0o700 })), 'OK');
    t.equal(await carol.try(...to('hers'), set({ owner: '0' })), 'PERM');
    t.equal(await carol.try(...to('hers'), set({ ownerGroup: '0' })), 'PERM');
    t.equal(await carol.try(...to('hers'), set({ ownerGroup: '1000', timeModifySet: 'server' })), 'OK');
    chmodSync(join(node.dir, 'roots'), 0o666);
    t.equal(await carol.try(...to('roots'), set({ timeModifySet: 'server' })), 'OK');
    t.equal(await carol.try(...to('roots'), set({ timeModifySet: { seconds: 0n, nseconds: 0 } })), 'PERM');
  },
);

t.test('what a user makes is the user’s', { skip: !isRoot && 'needs root' }, async (t) => {
  const { node } = await started(t);
  chmodSync(node.dir, 0o777);
  const carol = await new TestClient(node, 'carol', USER).start();
  t.equal(await carol.try(ROOT_FH, mkdir('d')), 'OK');
  await carol.opened('f');
  for (const name of ['d', 'f']) t.equal(statSync(join(node.dir, name)).uid, USER.uid);
  t.equal(await carol.try(ROOT_FH, mkdir('e', { owner: '0' })), 'PERM');
  chmodSync(node.dir, 0o2777);
  t.equal(await carol.try(ROOT_FH, mkdir('g')), 'OK');
  t.equal(statSync(join(node.dir, 'g')).gid, 0, 'the group of a set-group-id directory');
});

t.test(
  'in a sticky directory only owners remove and rename',
  { skip: !isRoot && 'needs root' },
  async (t) => {
    const { node } = await started(t);
    const carol = await new TestClient(node, 'carol', USER).start();
    writeFileSync(join(node.dir, 'roots'), '');
    chmodSync(node.dir, 0o1777);
    t.equal(await carol.try(ROOT_FH, call(remove, { target: 'roots' })), 'ACCESS');
    t.equal(
      await carol.try(ROOT_FH, call(saveFh, {}), call(rename, { oldName: 'roots', newName: 'x' })),
      'ACCESS',
    );
    await carol.opened('hers');
    t.equal(
      await carol.try(ROOT_FH, call(saveFh, {}), call(rename, { oldName: 'hers', newName: 'roots' })),
      'ACCESS',
    );
    t.equal(await carol.try(ROOT_FH, call(remove, { target: 'hers' })), 'OK');
  },
);

t.test('ACCESS tells what the caller may', async (t) => {
  const { node } = await started(t);
  const carol = await new TestClient(node, 'carol', USER).start();
  writeFileSync(join(node.dir, 'f'), '');
  chmodSync(join(node.dir, 'f'), 0o604);
  const { results } = await carol.run([
    ROOT_FH,
    call(lookup, { objName: 'f' }),
    call(access, { access: 0x3f }),
  ]);
  t.same(results[3], {
    status: 0,
    supported: nfs.ACCESS4_READ | nfs.ACCESS4_MODIFY | nfs.ACCESS4_EXTEND | nfs.ACCESS4_EXECUTE,
    access: nfs.ACCESS4_READ,
  });
  t.equal(await carol.try(ROOT_FH, call(access, { access: 0x40 })), 'INVAL');
});

t.test('CREATE, LINK, READLINK, RENAME and REMOVE change directories', async (t) => {
  const { node, alice } = await started(t);
  t.equal(await alice.try(ROOT_FH, mkdir('d', { mode: 0o711 })), 'OK');
  t.equal(statSync(join(node.dir, 'd')).mode & 0o7777, 0o711);
  const symlink = call(create, {
    objType: { type: nfs.NF4LNK, linkData: 'to/where' },
    objName: 'l',
    createAttrs: attributeSet({}),
  });
  const made = await alice.run([ROOT_FH, symlink, call(readLink, {})]);
  t.match(made.results[3], { link: 'to/where' });
  t.equal(await alice.try(ROOT_FH, call(readLink, {})), 'WRONG_TYPE');
  const regular = call(create, {
    objType: { type: nfs.NF4REG },
    objName: 'r',
    createAttrs: attributeSet({}),
  });
  t.equal(await alice.try(ROOT_FH, regular), 'BADTYPE');
  t.equal(await alice.try(ROOT_FH, mkdir('d')), 'EXIST');
  await alice.opened('f');
  t.equal(await alice.try(...to('f'), call(saveFh, {}), ROOT_FH, call(link, { newName: 'g' })), 'OK');
  t.equal(statSync(join(node.dir, 'g')).nlink, 2);
  t.equal(await alice.try(...to('d'), call(saveFh, {}), ROOT_FH, call(link, { newName: 'h' })), 'ISDIR');
  t.equal(
    await alice.try(ROOT_FH, call(saveFh, {}), ...to('d'), call(rename, { oldName: 'g', newName: 'g2' })),
    'OK',
  );
  t.equal(await alice.try(ROOT_FH, call(remove, { target: 'd' })), 'NOTEMPTY');
  t.equal(await alice.try(...to('d'), call(remove, { target: 'g2' })), 'OK');
  t.equal(await alice.try(ROOT_FH, call(remove, { target: 'd' })), 'OK');
  t.equal(await alice.try(ROOT_FH, call(remove, { target: 'd' })), 'NOENT');
  t.equal(await alice.try(ROOT_FH, call(remove, { target: '..' })), 'BADNAME');
});

t.test('READDIR: attributes, cookies and their verifier', async (t) => {
  const { node, alice } = await started(t);
  mkdirSync(join(node.dir, 'd'));
  writeFileSync(join(node.dir, 'f'), '');
  symlinkSync('x', join(node.dir, 'l'));
  const list = (cookie: bigint, cookieVerf: Buffer = Buffer.alloc(8), maxCount = 4096) =>
    call(readDir, { cookie, cookieVerf, dirCount: 0, maxCount, attrRequest: attributeBitmap(['type']) });
  const { results } = await alice.run([ROOT_FH, list(0n)]);
  const listed = results[2];
  if (listed?.status !== 0) return t.fail();
  const types = Object.fromEntries(listed.reply.entries.map(({ name, attrs }) => [name, attrs.values.type]));
  t.same(types, { d: nfs.NF4DIR, f: nfs.NF4REG, l: nfs.NF4LNK });
  t.ok(listed.reply.eof);
  t.equal(await alice.try(ROOT_FH, list(1n)), 'BAD_COOKIE');
  t.equal(await alice.try(ROOT_FH, list(listed.reply.entries[0]!.cookie)), 'NOT_SAME');
  t.equal(await alice.try(ROOT_FH, list(listed.reply.entries[0]!.cookie, listed.cookieVerf)), 'OK');
  t.equal(await alice.try(ROOT_FH, list(0n, undefined, 20)), 'TOOSMALL');
  t.equal(await alice.try(...to('f'), list(0n)), 'NOTDIR');
});

t.test('WRITE and COMMIT return the verifier of this life', async (t) => {
  const { node, alice } = await started(t);
  const verifier = async () => {
    const file = await alice.opened('f');
    const { results } = await alice.run([
      call(putFh, { object: file.handle }),
      call(write, { stateid: file.stateid, offset: 0n, stable: nfs.UNSTABLE4, data: Buffer.from('x') }),
      call(commit, { offset: 0n, count: 0 }),
    ]);
    const [written, committed] = [results[2], results[3]];
    if (written?.status !== 0 || committed?.status !== 0) throw new Error('WRITE failed');
    t.same(written.writeVerf, committed.writeVerf);
    return written.writeVerf.toString('hex');
  };
  const first = await verifier();
  t.equal(await verifier(), first);
  await node.reboot();
  node.coordination.lift();
  await alice.start();
  t.not(await verifier(), first);
});

t.test('VERIFY and NVERIFY compare', async (t) => {
  const { node, alice } = await started(t);
  writeFileSync(join(node.dir, 'f'), '123');
  const size = (value: bigint) => ({ objAttributes: attributeSet({ size: value }) });
  t.equal(await alice.try(...to('f'), call(verify, size(3n))), 'OK');
  t.equal(await alice.try(...to('f'), call(verify, size(4n))), 'NOT_SAME');
  t.equal(await alice.try(...to('f'), call(nverify, size(3n))), 'SAME');
  t.equal(await alice.try(...to('f'), call(nverify, size(4n))), 'OK');
  t.equal(
    await alice.try(...to('f'), call(verify, { objAttributes: attributeSet({ rdattrError: 0 }) })),
    'INVAL',
  );
});

t.test('SECINFO and SECINFO_NO_NAME name the flavors and use up the filehandle', async (t) => {
  const { alice } = await started(t);
  await alice.opened('f');
  for (const ask of [call(secInfo, { name: 'f' }), call(secInfoNoName, { style: 0 })]) {
    const { results } = await alice.run([ROOT_FH, ask]);
    t.match(results[2], { flavors: [{ flavor: 1 }, { flavor: 0 }] });
    t.equal(await alice.try(ROOT_FH, ask, call(getFh, {})), 'NOFILEHANDLE');
  }
  t.equal(await alice.try(ROOT_FH, call(secInfo, { name: 'missing' })), 'NOENT');
  t.equal(await alice.try(ROOT_FH, call(secInfoNoName, { style: 1 })), 'NOENT', 'nothing is above the root');
});

t.test('the history knows files by their path, also after renames and restarts', async (t) => {
  const { node, alice } = await started(t);
  mkdirSync(join(node.dir, 'a/b'), { recursive: true });
  writeFileSync(join(node.dir, 'a/b/f'), '');
  const { results } = await alice.run([...to('a', 'b', 'f'), call(getFh, {})]);
  const handle = (results.at(-1) as { object: Buffer }).object;
  const seen = async () => {
    const file = { handle, owner: 'app', stateid: ANONYMOUS_STATEID };
    t.equal(await alice.openByHandle(file, nfs.CLAIM_FH), 'OK');
    const path = node.events.at(-1)?.file;
    await alice.closeFile(file);
    return path;
  };
  t.equal(await seen(), 'a/b/f');
  const moved = [...to('a', 'b'), call(saveFh, {}), call(rename, { oldName: 'f', newName: 'g' })];
  t.equal(await alice.try(...moved), 'OK');
  t.equal(await seen(), 'a/b/g');
  t.equal(await alice.try(ROOT_FH, call(saveFh, {}), call(rename, { oldName: 'a', newName: 'z' })), 'OK');
  t.equal(await seen(), 'z/b/g');
  await node.reboot();
  node.coordination.lift();
  await alice.start();
  t.equal(await seen(), 'z/b/g');
  t.equal(await alice.try(...to('z', 'b'), call(remove, { target: 'g' })), 'OK');
});
