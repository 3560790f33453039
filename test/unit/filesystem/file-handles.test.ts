import {
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ExportedFilesystem } from '../../../src/server/filesystem/filesystem.ts';
import type { IdentityScheme } from '../../../src/server/filesystem/identity.ts';
import { boot, errnoOf, good, KEY, schemes, scratchExport, walk } from './fixtures/scratch.ts';

/** Runs a test once for every way to name and find files. */
function forEachScheme(name: string, run: (t: Test, dir: string, scheme: IdentityScheme) => void): void {
  t.test(name, (t) => {
    for (const scheme of schemes(scratchExport(t))) {
      t.test(`${scheme.form} handles, found by ${scheme.resolution}`, (t) => {
        run(t, scratchExport(t), scheme);
        t.end();
      });
    }
    t.end();
  });
}

/** The handle of a path, as one life of a node gave it out before it died. */
function handleFrom(dir: string, path: string, scheme: IdentityScheme): Buffer {
  const filesystem = new ExportedFilesystem({ exportDir: dir, handleKey: KEY, scheme });
  const handle = Buffer.from(filesystem.handleOf(path === '' ? filesystem.root() : walk(filesystem, path)));
  filesystem[Symbol.dispose]();
  return handle;
}

forEachScheme('a handle survives a reboot and means the same file on every node', (t, dir, scheme) => {
  mkdirSync(join(dir, 'a/b'), { recursive: true });
  writeFileSync(join(dir, 'a/b/file'), 'content');
  symlinkSync('nowhere', join(dir, 'a/link'));
  const other = boot(t, dir, { scheme });
  for (const path of ['', 'a', 'a/b', 'a/b/file', 'a/link']) {
    const handle = handleFrom(dir, path, scheme);
    const rebooted = boot(t, dir, { scheme });
    const node = good(rebooted.fromHandle(handle));
    const elsewhere = path === '' ? other.root() : walk(other, path);
    t.equal(node.key, elsewhere.key, `/${path}`);
    t.equal(node.type, elsewhere.type);
    t.strictSame(other.handleOf(elsewhere), handle);
    t.equal(good(rebooted.attributes(node)).fileid, good(other.attributes(elsewhere)).fileid);
    if (node.type === 'regular')
      t.strictSame(good(rebooted.read(node, 0n, 100)).data, Buffer.from('content'));
  }
});

forEachScheme('a handle follows its file wherever another node renames it to', (t, dir, scheme) => {
  mkdirSync(join(dir, 'a'));
  mkdirSync(join(dir, 'b'));
  writeFileSync(join(dir, 'a/file'), 'content');
  const filesystem = boot(t, dir, { scheme });
  const node = walk(filesystem, 'a/file');
  renameSync(join(dir, 'a/file'), join(dir, 'b/moved'));
  writeFileSync(join(dir, 'a/file'), 'impostor');
  filesystem.dropIdle();
  t.strictSame(good(filesystem.read(node, 0n, 100)).data, Buffer.from('content'));
  renameSync(join(dir, 'b'), join(dir, 'c'));
  filesystem.dropIdle();
  t.strictSame(good(filesystem.read(node, 0n, 100)).data, Buffer.from('content'), 'also with its directory');
});

forEachScheme('a handle of a removed file is stale, whoever removed it', (t, dir, scheme) => {
  writeFileSync(join(dir, 'file'), '');
  const handle = handleFrom(dir, 'file', scheme);
  const filesystem = boot(t, dir, { scheme });
  const node = walk(filesystem, 'file');
  unlinkSync(join(dir, 'file'));
  writeFileSync(join(dir, 'file'), '');
  t.equal(errnoOf(filesystem.attributes(node)), 'ESTALE', 'by somebody else');
  t.equal(errnoOf(filesystem.attributes(node)), 'ESTALE', 'and it stays so');
  t.equal(errnoOf(boot(t, dir, { scheme }).fromHandle(handle)), 'ESTALE', 'after a reboot');
  const second = walk(filesystem, 'file');
  good(filesystem.remove(filesystem.root(), 'file'));
  t.equal(errnoOf(filesystem.attributes(second)), 'ESTALE', 'by this node');
});

forEachScheme('a file with two names goes on under the other one', (t, dir, scheme) => {
  writeFileSync(join(dir, 'one'), 'content');
  linkSync(join(dir, 'one'), join(dir, 'two'));
  const filesystem = boot(t, dir, { scheme });
  const node = walk(filesystem, 'one');
  t.equal(walk(filesystem, 'two').key, node.key);
  good(filesystem.remove(filesystem.root(), 'two'));
  filesystem.dropIdle();
  t.equal(good(filesystem.attributes(node)).links, 1);
  good(filesystem.link(node, filesystem.root(), 'three'));
  good(filesystem.remove(filesystem.root(), 'one'));
  filesystem.dropIdle();
  t.equal(good(filesystem.attributes(node)).links, 1);
});

forEachScheme('a directory that was moved out of the export is out of reach', (t, dir, scheme) => {
  mkdirSync(join(dir, 'a/b'), { recursive: true });
  writeFileSync(join(dir, 'a/b/secret'), '');
  const handle = handleFrom(dir, 'a/b', scheme);
  const filesystem = boot(t, dir, { scheme });
  const inside = walk(filesystem, 'a/b');
  renameSync(join(dir, 'a'), join(dir, '../outside'));
  t.equal(errnoOf(filesystem.parent(inside)), 'ESTALE', 'the way up is closed');
  t.equal(errnoOf(boot(t, dir, { scheme }).fromHandle(handle)), 'ESTALE');
});

forEachScheme(
  'a directory that is moved out while it is used gives nothing away any more',
  (t, dir, scheme) => {
    mkdirSync(join(dir, 'a/b'), { recursive: true });
    writeFileSync(join(dir, 'a/b/secret'), '');
    const filesystem = boot(t, dir, { scheme });
    const inside = walk(filesystem, 'a/b');
    good(filesystem.lookup(inside, 'secret'));
    renameSync(join(dir, 'a'), join(dir, '../outside'));
    t.teardown(() => rmSync(join(dir, '../outside'), { recursive: true, force: true }));
    const root = filesystem.root();
    const attempts = {
      lookup: filesystem.lookup(inside, 'secret'),
      readdir: filesystem.readdir(inside, 0n, 10),
      create: filesystem.create(inside, 'new', { kind: 'guarded' }),
      makeDirectory: filesystem.makeDirectory(inside, 'new'),
      remove: filesystem.remove(inside, 'secret'),
      'rename from it': filesystem.rename(inside, 'secret', root, 'secret'),
      'rename into it': filesystem.rename(root, 'other', inside, 'other'),
      parent: filesystem.parent(inside),
    };
    for (const [what, outcome] of Object.entries(attempts)) t.equal(errnoOf(outcome), 'ESTALE', what);
    t.same(readdirSync(join(dir, '../outside/b')), ['secret']);
    renameSync(join(dir, '../outside'), join(dir, 'back'));
    good(filesystem.lookup(good(filesystem.lookup(good(filesystem.lookup(root, 'back')), 'b')), 'secret'));
  },
);

forEachScheme('an export that gets another name is the same export', (t, dir, scheme) => {
  mkdirSync(join(dir, 'a/b'), { recursive: true });
  const filesystem = boot(t, dir, { scheme });
  const inside = walk(filesystem, 'a/b');
  renameSync(dir, `${dir}-renamed`);
  t.teardown(() => renameSync(`${dir}-renamed`, dir));
  for (let count = 0; count < 3; count += 1) {
    good(filesystem.makeDirectory(inside, `new ${count}`));
    good(filesystem.parent(inside));
  }
  t.same(readdirSync(join(`${dir}-renamed`, 'a/b')), ['new 0', 'new 1', 'new 2']);
});

t.test('a handle that was forged, or comes from another domain, is EBADHANDLE', (t) => {
  const dir = scratchExport(t);
  writeFileSync(join(dir, 'file'), '');
  const filesystem = boot(t, dir);
  const handle = filesystem.handleOf(walk(filesystem, 'file'));
  const altered = (at: number) => {
    const copy = Buffer.from(handle);
    copy.writeUInt8(handle.readUInt8(at) ^ 1, at);
    return copy;
  };
  const forgeries = Array.from({ length: handle.length }, (_, at) => altered(at));
  for (const bad of [
    ...forgeries,
    Buffer.alloc(0),
    Buffer.alloc(128),
    Buffer.alloc(200),
    handle.subarray(0, 18),
  ]) {
    t.equal(errnoOf(filesystem.fromHandle(bad)), 'EBADHANDLE');
  }
  const stranger = boot(t, dir, { handleKey: Buffer.alloc(32) });
  t.equal(errnoOf(stranger.fromHandle(handle)), 'EBADHANDLE');
  t.equal(good(filesystem.fromHandle(handle)).key, walk(filesystem, 'file').key);
  t.end();
});

t.test('a handle of another form than this node uses is stale', (t) => {
  const dir = scratchExport(t);
  writeFileSync(join(dir, 'file'), '');
  const handle = handleFrom(dir, 'file', { form: 'inode', resolution: 'search' });
  const filesystem = boot(t, dir, { scheme: { form: 'kernel', resolution: 'search' } });
  t.equal(errnoOf(filesystem.fromHandle(handle)), 'ESTALE');
  t.end();
});

t.test('one search after a reboot finds all files, and gives up at its limit', (t) => {
  const dir = scratchExport(t);
  const scheme: IdentityScheme = { form: 'kernel', resolution: 'search' };
  for (let index = 0; index < 20; index += 1) writeFileSync(join(dir, `file-${index}`), '');
  const last = readdirSync(dir).at(-1) as string;
  const handle = handleFrom(dir, last, scheme);
  t.ok(boot(t, dir, { scheme }).fromHandle(handle).ok);
  unlinkSync(join(dir, last));
  t.equal(errnoOf(boot(t, dir, { scheme }).fromHandle(handle)), 'ESTALE');
  const hasty = boot(t, dir, { scheme, limits: { searched: 5 } });
  t.equal(errnoOf(hasty.fromHandle(handle)), 'EIO', 'it cannot be sure that the file is gone');
  t.end();
});

t.test('nodes that were forgotten for lack of room go on working', (t) => {
  const dir = scratchExport(t);
  for (const scheme of schemes(dir)) {
    const filesystem = boot(t, dir, { scheme, limits: { nodes: 4, descriptors: 4 } });
    mkdirSync(join(dir, 'a'));
    for (let index = 0; index < 20; index += 1) writeFileSync(join(dir, `a/file-${index}`), `${index}`);
    const nodes = Array.from({ length: 20 }, (_, index) => walk(filesystem, `a/file-${index}`));
    filesystem.dropIdle();
    for (const [index, node] of nodes.entries()) {
      t.equal(good(filesystem.read(node, 0n, 10)).data.toString(), `${index}`);
    }
    rmSync(join(dir, 'a'), { recursive: true });
  }
  t.end();
});

t.test('descriptors stay within their limit, and disposing closes all of them', (t) => {
  const dir = scratchExport(t);
  for (let index = 0; index < 100; index += 1) writeFileSync(join(dir, `file-${index}`), 'x');
  const openDescriptors = () => readdirSync('/proc/self/fd').length;
  const before = openDescriptors();
  const filesystem = new ExportedFilesystem({
    exportDir: dir,
    handleKey: KEY,
    limits: { descriptors: 10 },
  });
  for (let index = 0; index < 100; index += 1) {
    const node = walk(filesystem, `file-${index}`);
    good(filesystem.read(node, 0n, 1));
    good(filesystem.write(node, 0n, Buffer.from('y'), 'unstable'));
  }
  // The root, O_PATH descriptors, and up to 64 idle ones for each of reading and writing, plus the last
  // operation's.
  t.ok(openDescriptors() - before <= 1 + 10 + 2 * 64 + 3, `${openDescriptors() - before}`);
  filesystem.dropIdle();
  t.equal(openDescriptors() - before, 1);
  filesystem[Symbol.dispose]();
  t.equal(openDescriptors(), before);
  t.end();
});

t.test('what cannot be exported says so in one sentence', (t) => {
  const dir = scratchExport(t);
  writeFileSync(join(dir, 'file'), '');
  t.throws(() => new ExportedFilesystem({ exportDir: join(dir, 'file'), handleKey: KEY }), {
    message: /cannot export .*ENOTDIR/,
  });
  t.throws(() => new ExportedFilesystem({ exportDir: dir, handleKey: Buffer.alloc(8) }), RangeError);
  t.end();
});
