import { statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { call } from '../../../../src/nfs4/compound.ts';
import * as nfs from '../../../../src/nfs4/constants.ts';
import { access } from '../../../../src/nfs4/operations/access.ts';
import { getXattr } from '../../../../src/nfs4/operations/get-xattr.ts';
import { type ListXattrsResult, listXattrs } from '../../../../src/nfs4/operations/list-xattrs.ts';
import { removeXattr } from '../../../../src/nfs4/operations/remove-xattr.ts';
import { type SetXattrResult, setXattr } from '../../../../src/nfs4/operations/set-xattr.ts';
import { statusName } from '../../../../src/nfs4/status.ts';
import type { TestClient } from '../fixtures/test-client.ts';
import { clientOf, fill, ROOT_FH, started, to } from './fixtures/started.ts';

const set = (name: string, value: string | Buffer, option: nfs.SetXattrOption = nfs.SETXATTR4_EITHER) =>
  call(setXattr, { name, value: Buffer.from(value), option });
const remove = (name: string) => call(removeXattr, { name });

/** Null: the filesystem has none. */
async function withFile(t: Test) {
  const { node, alice } = await started(t);
  fill(node, 'f', '');
  if (!node.filesystem.xattrs.supported()) {
    t.equal(await alice.try(...to('f'), set('a', 'b')), 'NOTSUPP');
    return null;
  }
  return { node, alice };
}

async function xattrOf(client: TestClient, name: string, ...path: string[]): Promise<string> {
  const { status, results } = await client.run([...to(...path), call(getXattr, { name })]);
  const result = results.at(-1) as { value?: Buffer } | undefined;
  return result?.value === undefined ? statusName(status) : `OK ${result.value.toString()}`;
}

async function page(client: TestClient, cookie: bigint, maxCount: number) {
  const { status, results } = await client.run([...to('f'), call(listXattrs, { cookie, maxCount })]);
  const result = results.at(-1) as ListXattrsResult | undefined;
  return result?.status === 0 ? result : statusName(status);
}

async function listed(client: TestClient, maxCount = 1000): Promise<string[]> {
  const names: string[] = [];
  let cookie = 0n;
  for (;;) {
    const next = await page(client, cookie, maxCount);
    if (typeof next === 'string') throw new Error(`LISTXATTRS: ${next}`);
    names.push(...next.names);
    if (names.length > 100) throw new Error('LISTXATTRS comes to no end');
    if (next.eof) return names.sort();
    cookie = next.cookie;
  }
}

t.test('values are set, read, replaced and removed', async (t) => {
  const found = await withFile(t);
  if (found === null) return t.comment('no extended attributes in this filesystem');
  const { alice } = found;
  t.equal(await xattrOf(alice, 'colour', 'f'), 'NOXATTR');
  t.equal(await alice.try(...to('f'), set('colour', 'red', nfs.SETXATTR4_REPLACE)), 'NOXATTR');
  t.equal(await alice.try(...to('f'), set('colour', 'red', nfs.SETXATTR4_CREATE)), 'OK');
  t.equal(await alice.try(...to('f'), set('colour', 'blue', nfs.SETXATTR4_CREATE)), 'EXIST');
  t.equal(await xattrOf(alice, 'colour', 'f'), 'OK red');
  t.equal(await alice.try(...to('f'), set('colour', 'blue', nfs.SETXATTR4_REPLACE)), 'OK');
  t.equal(await alice.try(...to('f'), set('größe', '')), 'OK');
  t.equal(await xattrOf(alice, 'colour', 'f'), 'OK blue');
  t.equal(await xattrOf(alice, 'größe', 'f'), 'OK ');
  t.same(await listed(alice), ['colour', 'größe']);
  t.equal(await alice.try(...to('f'), remove('colour')), 'OK');
  t.equal(await alice.try(...to('f'), remove('colour')), 'NOXATTR');
  t.same(await listed(alice), ['größe']);
  t.equal(await alice.try(ROOT_FH, set('of', 'a directory')), 'OK');
  t.equal(await xattrOf(alice, 'of'), 'OK a directory');
  return undefined;
});

t.test('the change of the file is told', async (t) => {
  const found = await withFile(t);
  if (found === null) return t.comment('no extended attributes in this filesystem');
  const { node, alice } = found;
  const change = () => statSync(join(node.dir, 'f'), { bigint: true }).ctimeNs;
  const before = change();
  const { results } = await alice.run([...to('f'), set('a', '1')]);
  const result = results.at(-1) as SetXattrResult | undefined;
  if (result?.status !== 0) throw new Error('SETXATTR failed');
  t.equal(result.cinfo.before, before);
  t.equal(result.cinfo.after, change());
  return undefined;
});

t.test('names and values have limits', async (t) => {
  const found = await withFile(t);
  if (found === null) return t.comment('no extended attributes in this filesystem');
  const { node, alice } = found;
  t.equal(await alice.try(...to('f'), set('', 'x')), 'INVAL');
  t.equal(await alice.try(...to('f'), set('a\0b', 'x')), 'INVAL');
  t.equal(await alice.try(...to('f'), set('n'.repeat(250), 'x')), 'OK');
  t.equal(await alice.try(...to('f'), set('n'.repeat(251), 'x')), 'NAMETOOLONG');
  t.equal(await alice.try(...to('f'), set('large', Buffer.alloc(65_537))), 'XATTR2BIG');
  t.equal(await alice.try(set('a', 'x')), 'NOFILEHANDLE');
  symlinkSync('f', join(node.dir, 'l'));
  t.equal(await alice.try(...to('l'), set('a', 'x')), 'PERM', 'Linux keeps none for links');
  t.equal(await xattrOf(alice, 'a', 'l'), 'NOXATTR');
  return undefined;
});

t.test('a list comes in pages, whose cookies stay good when names come and go', async (t) => {
  const found = await withFile(t);
  if (found === null) return t.comment('no extended attributes in this filesystem');
  const { alice } = found;
  const names = Array.from({ length: 9 }, (_, index) => `name-${index}`);
  for (const name of names) await alice.try(...to('f'), set(name, 'x'));
  // The names have 12 bytes each with their length, what is around them 16.
  t.equal(await page(alice, 0n, 15), 'TOOSMALL');
  t.equal(await page(alice, 0n, 27), 'TOOSMALL');
  for (const maxCount of [28, 40, 64, 123, 124])
    t.same(await listed(alice, maxCount), names, `${maxCount} bytes`);
  const first = await page(alice, 0n, 52);
  if (typeof first === 'string') throw new Error(first);
  t.equal(first.names.length, 3);
  t.notOk(first.eof);
  for (const name of first.names) await alice.try(...to('f'), remove(name));
  const second = await page(alice, first.cookie, 1000);
  if (typeof second === 'string') throw new Error(second);
  t.same([...first.names, ...second.names].sort(), names);
  t.ok(second.eof);
  return undefined;
});

t.test('whoever may read or write the file may do so with its attributes', async (t) => {
  const found = await withFile(t);
  if (found === null) return t.comment('no extended attributes in this filesystem');
  const { node, alice } = found;
  const bob = await clientOf(node, 'bob', { uid: 1000, machine: 'machine' });
  await alice.try(...to('f'), set('a', '1'));
  t.equal(await xattrOf(bob, 'a', 'f'), 'OK 1');
  t.equal(await bob.try(...to('f'), set('a', '2')), 'ACCESS');
  t.equal(await bob.try(...to('f'), remove('a')), 'ACCESS');
  const all = nfs.ACCESS4_READ | nfs.ACCESS4_XAREAD | nfs.ACCESS4_XAWRITE | nfs.ACCESS4_XALIST;
  const rightsOf = async (client: TestClient, asked: number) => {
    const { results, status } = await client.run([...to('f'), call(access, { access: asked })]);
    const result = results.at(-1) as { supported?: number; access?: number } | undefined;
    return result?.supported === undefined ? statusName(status) : [result.supported, result.access];
  };
  t.same(await rightsOf(alice, all), [all, all]);
  t.same(await rightsOf(bob, all), [all, all & ~nfs.ACCESS4_XAWRITE]);
  t.same(await rightsOf(bob, nfs.ACCESS4_XAWRITE), [nfs.ACCESS4_XAWRITE, 0]);
  t.equal(await rightsOf(bob, 0x200), 'INVAL');
  return undefined;
});
