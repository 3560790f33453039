/** What the filesystem itself says, asked with the rights of a caller or through a read-only export. */
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { KernelRights } from '../../../../src/server/filesystem/caller-rights.ts';
import { ExportedFilesystem, type ExportOptions } from '../../../../src/server/filesystem/filesystem.ts';
import type { FsResult } from '../../../../src/server/filesystem/result.ts';
import { setXattr } from '../../../../src/server/filesystem/syscalls.ts';
import type { FileNode } from '../../../../src/server/filesystem/types.ts';

const isRoot = process.getuid?.() === 0;
const USER = { uid: 1000, gid: 1000, gids: [] };

function exported(t: Test, options: Partial<ExportOptions>) {
  const dir = mkdtempSync(join(tmpdir(), 'gracelab-rights-'));
  chmodSync(dir, 0o755);
  const filesystem = new ExportedFilesystem({
    exportDir: dir,
    handleKey: Buffer.from('a key for this test'),
    ...options,
  });
  t.teardown(() => {
    filesystem[Symbol.dispose]();
    rmSync(dir, { recursive: true, force: true });
  });
  const named = (name: string): FileNode => {
    const node = filesystem.lookup(filesystem.root(), name);
    if (!node.ok) throw new Error(`no ${name}`);
    return node.value;
  };
  return { dir, filesystem, named };
}

/** A list as Linux keeps it: everything for the owner, reading for the others. */
function accessList(): Buffer {
  const entries = [
    { tag: 0x01, rights: 7 },
    { tag: 0x04, rights: 5 },
    { tag: 0x20, rights: 5 },
  ];
  const list = Buffer.alloc(4 + entries.length * 8);
  list.writeUInt32LE(2, 0);
  for (const [index, { tag, rights }] of entries.entries()) {
    list.writeUInt16LE(tag, 4 + index * 8);
    list.writeUInt16LE(rights, 6 + index * 8);
    list.writeUInt32LE(0xffff_ffff, 8 + index * 8);
  }
  return list;
}

const said = (result: FsResult<unknown>): string => (result.ok ? 'OK' : result.errno);

t.test('through a read-only export nothing is changed', async (t) => {
  const { dir, filesystem, named } = exported(t, { readOnly: true });
  const { extents, xattrs } = filesystem;
  for (const name of ['f', 'g']) writeFileSync(join(dir, name), 'contents');
  const [f, g] = [named('f'), named('g')];
  t.equal(said(extents.allocate(f, 0n, 100n)), 'EROFS');
  t.equal(said(extents.deallocate(f, 0n, 4n)), 'EROFS');
  t.equal(said(extents.copy(f, 0n, g, 0n, 4)), 'EROFS');
  t.equal(said(extents.clone(f, 0n, g, 0n, 0n)), 'EROFS');
  t.equal(said(xattrs.set(f, 'a', Buffer.from('1'), 'either')), 'EROFS');
  t.equal(said(xattrs.remove(f, 'a')), 'EROFS');
  t.equal(said(extents.seek(f, 0n, 'data')), 'OK');
});

t.test('the kernel judges the caller, and takes set-id bits away', { skip: !isRoot }, async (t) => {
  const before = process.umask();
  const rights = new KernelRights({ uid: 65_534, gid: 65_534 });
  t.teardown(() => process.umask(before));
  const { dir, filesystem, named } = exported(t, { rights });
  const { extents, xattrs } = filesystem;
  const asUser = <T>(act: () => T): T => rights.during(USER, act);
  writeFileSync(join(dir, 'root'), 'contents', { mode: 0o600 });
  writeFileSync(join(dir, 'own'), 'contents');
  chownSync(join(dir, 'own'), USER.uid, USER.gid);
  chmodSync(join(dir, 'own'), 0o4755);
  const [root, own] = [named('root'), named('own')];
  if (xattrs.supported()) {
    const one = Buffer.from('1');
    t.equal(said(asUser(() => xattrs.set(root, 'a', one, 'either'))), 'EACCES');
    t.equal(said(asUser(() => xattrs.get(root, 'a'))), 'EACCES');
    t.equal(said(asUser(() => xattrs.set(own, 'a', one, 'either'))), 'OK');
    t.equal(said(asUser(() => xattrs.remove(own, 'a'))), 'OK');
    // A sticky directory is its owner's.
    mkdirSync(join(dir, 'shared'));
    chmodSync(join(dir, 'shared'), 0o1777);
    t.equal(said(asUser(() => xattrs.set(named('shared'), 'a', one, 'either'))), 'EPERM');
  }
  t.equal(said(asUser(() => extents.copy(root, 0n, own, 0n, 4))), 'OK', 'who may read it was asked before');
  t.equal(statSync(join(dir, 'own')).mode & 0o7777, 0o755, 'no set-user-id bit on what was written');
});

t.test('a directory tells whether it gives access control lists on', { skip: !isRoot }, async (t) => {
  const { dir, filesystem, named } = exported(t, {});
  for (const name of ['plain', 'giving']) mkdirSync(join(dir, name));
  const fd = openSync(join(dir, 'giving'), constants.O_RDONLY);
  const status = setXattr(fd, 'system.posix_acl_default', accessList(), 0);
  closeSync(fd);
  if (status < 0) return t.comment('no access control lists in this filesystem');
  t.equal(filesystem.xattrs.inheritsAccessList(named('plain')), false);
  t.equal(filesystem.xattrs.inheritsAccessList(named('giving')), true);
  return undefined;
});
