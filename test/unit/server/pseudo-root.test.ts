import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { attributeBitmap, attributeSet, type FileAttributes } from '../../../src/nfs4/attributes.ts';
import { call, type OperationCall } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { access } from '../../../src/nfs4/operations/access.ts';
import { create } from '../../../src/nfs4/operations/create.ts';
import { getAttr } from '../../../src/nfs4/operations/get-attr.ts';
import { getFh } from '../../../src/nfs4/operations/get-fh.ts';
import { link } from '../../../src/nfs4/operations/link.ts';
import { lookup } from '../../../src/nfs4/operations/lookup.ts';
import { lookupp } from '../../../src/nfs4/operations/lookupp.ts';
import { putFh } from '../../../src/nfs4/operations/put-fh.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { read } from '../../../src/nfs4/operations/read.ts';
import { readDir } from '../../../src/nfs4/operations/read-dir.ts';
import { remove } from '../../../src/nfs4/operations/remove.ts';
import { rename } from '../../../src/nfs4/operations/rename.ts';
import { saveFh } from '../../../src/nfs4/operations/save-fh.ts';
import { setAttr } from '../../../src/nfs4/operations/set-attr.ts';
import { statusName } from '../../../src/nfs4/status.ts';
import { ANONYMOUS_STATEID } from '../../../src/nfs4/types.ts';
import { NodeUnderTest } from './fixtures/node-under-test.ts';
import { TestClient } from './fixtures/test-client.ts';

const ROOT_FH = call(putRootFh, {});
const ASKED = attributeBitmap([
  'type',
  'change',
  'fsid',
  'fileid',
  'mountedOnFileid',
  'mode',
  'numLinks',
  'filesTotal',
  'timeModify',
]);

async function started(t: Test, names = ['first', 'second']) {
  const node = new NodeUnderTest(t, {}, names);
  return { node, alice: await new TestClient(node, 'alice').start() };
}

const to = (...names: string[]): OperationCall[] => [
  ROOT_FH,
  ...names.map((objName) => call(lookup, { objName })),
];

async function attributesOf(client: TestClient, ...way: OperationCall[]): Promise<FileAttributes> {
  const { status, results } = await client.run([...way, call(getAttr, { attrRequest: ASKED })]);
  const last = results.at(-1) as { status: number; objAttributes?: { values: FileAttributes } };
  if (last.objAttributes === undefined) throw new Error(`GETATTR: ${statusName(status)}`);
  return last.objAttributes.values;
}

async function list(client: TestClient, cookie = 0n, maxCount = 4096) {
  const cookieVerf = cookie === 0n ? Buffer.alloc(8) : Buffer.from('composit');
  const { status, results } = await client.run([
    ROOT_FH,
    call(readDir, { cookie, cookieVerf, dirCount: 0, maxCount, attrRequest: ASKED }),
  ]);
  const result = results[2];
  return result?.status === 0 ? result.reply : statusName(status);
}

async function handleOf(client: TestClient, ...way: OperationCall[]): Promise<Buffer | null> {
  const { results } = await client.run([...way, call(getFh, {})]);
  const last = results.at(-1) as { status: number; object?: Buffer };
  return last.object ?? null;
}

t.test('with one domain the root is its export, and its handles are the export’s own', async (t) => {
  const { node, alice } = await started(t, ['only']);
  const { filesystem } = node;
  t.same(await handleOf(alice, ROOT_FH), filesystem.handleOf(filesystem.root()));
  const file = await alice.opened('f');
  const found = filesystem.fromHandle(file.handle);
  t.ok(found.ok);
  t.equal(await alice.try(ROOT_FH, call(lookup, { objName: 'only' })), 'NOENT');
});

t.test('LOOKUP into a domain crosses into its filesystem, LOOKUPP comes back', async (t) => {
  const { node, alice } = await started(t);
  const root = await attributesOf(alice, ROOT_FH);
  t.match(root, { type: nfs.NF4DIR, mode: 0o555, numLinks: 4, fsid: { major: 0n, minor: 0n } });
  t.equal(root.mountedOnFileid, root.fileid);
  for (const { name, filesystem } of node.domains) {
    const exported = filesystem.attributes(filesystem.root());
    const inside = await attributesOf(alice, ...to(name));
    t.match(inside, exported.ok && { fsid: exported.value.fsid, fileid: exported.value.fileid });
    t.notSame(inside.fsid, root.fsid);
    t.not(inside.mountedOnFileid, inside.fileid, 'of the directory entry that it is mounted on');
    t.same(await attributesOf(alice, ...to(name), call(lookupp, {})), root);
  }
  t.notSame(
    (await attributesOf(alice, ...to('first'))).fsid,
    (await attributesOf(alice, ...to('second'))).fsid,
  );
  t.equal(await alice.try(...to('third')), 'NOENT');
  t.equal(await alice.try(ROOT_FH, call(lookupp, {})), 'NOENT');
});

t.test('LOOKUPP inside a domain stays in it', async (t) => {
  const { node, alice } = await started(t);
  mkdirSync(join(node.domain('second').dir, 'd/e'), { recursive: true });
  t.same(
    await handleOf(alice, ...to('second', 'd', 'e'), call(lookupp, {})),
    await handleOf(alice, ...to('second', 'd')),
  );
  const below = await attributesOf(alice, ...to('second', 'd'));
  t.equal(below.mountedOnFileid, below.fileid);
});

t.test('READDIR of the root shows the domains, with the attributes of what is mounted there', async (t) => {
  const { alice } = await started(t, ['a', 'b', 'c']);
  const whole = await list(alice);
  if (typeof whole === 'string') throw new Error(whole);
  t.same(whole.entries.map(({ name }) => name).sort(), ['a', 'b', 'c']);
  t.ok(whole.eof);
  for (const { name, attrs } of whole.entries) t.same(attrs.values, await attributesOf(alice, ...to(name)));

  const [first, ...rest] = whole.entries;
  const onwards = await list(alice, first?.cookie);
  t.same(
    typeof onwards === 'object' && onwards.entries.map(({ name }) => name),
    rest.map(({ name }) => name),
  );
  const least = await list(alice, 0n, 260);
  t.match(least, { eof: false }, 'as many as fit');
  t.equal(await list(alice, 77n), 'BAD_COOKIE');
});

t.test('the root is the same on all nodes and after a reboot, in whatever order it was made', async (t) => {
  const { node, alice } = await started(t);
  const other = await started(t, ['second', 'first']);
  const seen = async (client: TestClient) => {
    const listed = await list(client);
    return {
      handle: await handleOf(client, ROOT_FH),
      attributes: await attributesOf(client, ROOT_FH),
      entries: typeof listed === 'object' && listed.entries.map(({ name, cookie }) => ({ name, cookie })),
      mountedOn: (await attributesOf(client, ...to('second'))).mountedOnFileid,
    };
  };
  const before = await seen(alice);
  t.same(await seen(other.alice), before);
  const inside = await alice.handleOf('second');
  node.domains.reverse();
  await node.reboot();
  await alice.connect();
  t.same(await seen(alice), before);
  t.same(await alice.handleOf('second'), inside);
  const file = await attributesOf(alice, call(putFh, { object: inside }));
  t.same(file, await attributesOf(alice, ...to('second')), 'a handle means what it meant');

  const more = await started(t, ['first', 'second', 'third']);
  t.not((await attributesOf(more.alice, ROOT_FH)).change, before.attributes.change);
});

t.test('nothing can be made or changed in the root', async (t) => {
  const { node, alice } = await started(t);
  const second = await alice.handleOf('second');
  const file = await alice.opened('f', 'app', { create: true, directory: second });
  const newDirectory = call(create, {
    objType: { type: nfs.NF4DIR },
    objName: 'd',
    createAttrs: attributeSet({}),
  });
  t.equal(await alice.try(ROOT_FH, newDirectory), 'ROFS');
  t.equal(await alice.try(ROOT_FH, call(remove, { target: 'first' })), 'ROFS');
  const renamed = call(rename, { oldName: 'first', newName: 'third' });
  t.equal(await alice.try(ROOT_FH, call(saveFh, {}), renamed), 'ROFS');
  const moved = call(rename, { oldName: 'f', newName: 'f' });
  t.equal(await alice.try(call(putFh, { object: second }), call(saveFh, {}), ROOT_FH, moved), 'ROFS');
  const linked = call(link, { newName: 'g' });
  t.equal(await alice.try(call(putFh, { object: file.handle }), call(saveFh, {}), ROOT_FH, linked), 'ROFS');
  for (const set of [{ mode: 0o777 }, { size: 0n }]) {
    const change = call(setAttr, { stateid: ANONYMOUS_STATEID, objAttributes: attributeSet(set) });
    t.equal(await alice.try(ROOT_FH, change), 'ROFS');
  }
  const everything = call(access, { access: 0x1f });
  const { results } = await alice.run([ROOT_FH, everything]);
  t.match(results[2], { access: nfs.ACCESS4_READ | nfs.ACCESS4_LOOKUP });
  t.same(node.defects, []);
});

t.test('OPEN in the root: only directories are there, and grace has no part in it', async (t) => {
  const { node, alice } = await started(t);
  const existing = { openHow: { openType: nfs.OPEN4_NOCREATE } } as const;
  const guarded = {
    openHow: {
      openType: nfs.OPEN4_CREATE,
      how: { mode: nfs.GUARDED4, createAttrs: attributeSet({}) },
    },
  } as const;
  for (const grace of [false, true]) {
    for (const { coordination } of node.domains) coordination.grace = grace;
    t.equal(await alice.open('new'), 'ROFS');
    t.equal(await alice.open('first'), 'ISDIR');
    t.equal(await alice.open('first', 'app', existing), 'ISDIR');
    t.equal(await alice.open('first', 'app', guarded), 'EXIST');
    t.equal(await alice.open('new', 'app', existing), 'NOENT');
  }
  const handle = (await handleOf(alice, ROOT_FH)) ?? Buffer.alloc(0);
  const root = { handle, owner: 'app', stateid: ANONYMOUS_STATEID };
  t.equal(await alice.openByHandle(root, nfs.CLAIM_FH), 'ISDIR');
  t.equal(await alice.openByHandle(root, nfs.CLAIM_PREVIOUS), 'ISDIR');
  t.equal(await alice.write(root, 'x'), 'ISDIR');
  t.equal(
    await alice.try(ROOT_FH, call(read, { stateid: ANONYMOUS_STATEID, offset: 0n, count: 1 })),
    'ISDIR',
  );
  t.equal((await alice.lock(root)).status, 'ISDIR');
});

t.test('RENAME and LINK from one domain into another are XDEV, whatever grace says', async (t) => {
  const { node, alice } = await started(t);
  const [first, second] = [await alice.handleOf('first'), await alice.handleOf('second')];
  const file = await alice.opened('f', 'app', { create: true, directory: first });
  node.domain('second').coordination.grace = true;
  const renamed = call(rename, { oldName: 'f', newName: 'f' });
  const across = [call(putFh, { object: first }), call(saveFh, {}), call(putFh, { object: second })];
  t.equal(await alice.try(...across, renamed), 'XDEV');
  const linked = call(link, { newName: 'g' });
  const fileAcross = [
    call(putFh, { object: file.handle }),
    call(saveFh, {}),
    call(putFh, { object: second }),
  ];
  t.equal(await alice.try(...fileAcross, linked), 'XDEV');
});

t.test('a handle of one domain is good for nothing in another, and none can be made', async (t) => {
  const { node, alice } = await started(t);
  const { handle } = await alice.opened('f', 'app', {
    create: true,
    directory: await alice.handleOf('first'),
  });
  const put = (object: Buffer) => alice.try(call(putFh, { object }));
  t.equal(await put(handle), 'OK');
  for (let at = 0; at < handle.length; at += 1) {
    const altered = Buffer.from(handle);
    altered[at]! ^= 1;
    t.equal(await put(altered), 'BADHANDLE', `byte ${at}`);
  }
  const tag = (await alice.handleOf('second')).subarray(0, 8);
  t.equal(
    await put(Buffer.concat([tag, handle.subarray(8)])),
    'BADHANDLE',
    'with the mark of the other domain',
  );
  t.equal(await put(handle.subarray(8)), 'BADHANDLE', 'without any');
  const inner = node.domain('second').filesystem;
  t.equal(await put(inner.handleOf(inner.root())), 'BADHANDLE');
  const root = await handleOf(alice, ROOT_FH);
  t.equal(await put(root!), 'OK');
  t.equal(await put(root!.subarray(0, 9)), 'BADHANDLE');
  t.equal(await put(Buffer.alloc(8)), 'BADHANDLE');
});

t.test('domains that could not be told apart are not served', async (t) => {
  const { node } = await started(t);
  const [first, second] = node.domains;
  const serve = (...domains: readonly object[]) =>
    new NodeUnderTest(t, { domains: domains as typeof node.domains }).server;
  t.throws(() => serve(first!, { ...second, name: 'first' }), /by the name first/);
  t.throws(
    () => serve(first!, { ...second, name: 'second', filesystem: first!.filesystem }),
    /domain second has the same handle key as first/,
  );
  t.throws(() => serve(first!, { ...second, name: 'a/b' }), /"a\/b" cannot be the name/);
  t.throws(() => serve(), /nothing to serve/);
});
