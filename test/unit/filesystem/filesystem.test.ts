import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { CreateHow } from '../../../src/server/filesystem/types.ts';
import { boot, errnoOf, good, scratchExport, touch, walk } from './fixtures/scratch.ts';

const UNCHECKED: CreateHow = { kind: 'unchecked' };
const GUARDED: CreateHow = { kind: 'guarded' };

t.test('a name is a single component: nothing leads out of a directory', (t) => {
  const filesystem = boot(t, scratchExport(t));
  const root = filesystem.root();
  touch(filesystem, 'file');
  const bad: [string, string][] = [
    ['', 'EINVAL'],
    ['.', 'EINVAL'],
    ['..', 'EINVAL'],
    ['a/b', 'EINVAL'],
    ['/', 'EINVAL'],
    ['../export', 'EINVAL'],
    ['file\0', 'EINVAL'],
    ['\ud800', 'EILSEQ'],
    ['x'.repeat(256), 'ENAMETOOLONG'],
    ['ä'.repeat(128), 'ENAMETOOLONG'],
  ];
  for (const [name, errno] of bad) {
    const shown = JSON.stringify(name.slice(0, 12));
    t.equal(errnoOf(filesystem.lookup(root, name)), errno, `lookup ${shown}`);
    t.equal(errnoOf(filesystem.create(root, name, UNCHECKED)), errno, `create ${shown}`);
    t.equal(errnoOf(filesystem.makeDirectory(root, name)), errno, `makeDirectory ${shown}`);
    t.equal(errnoOf(filesystem.remove(root, name)), errno, `remove ${shown}`);
    t.equal(errnoOf(filesystem.rename(root, 'file', root, name)), errno, `rename to ${shown}`);
    t.equal(errnoOf(filesystem.rename(root, name, root, 'new')), errno, `rename from ${shown}`);
    t.equal(errnoOf(filesystem.link(walk(filesystem, 'file'), root, name)), errno, `link ${shown}`);
  }
  t.ok(filesystem.create(root, 'ä'.repeat(127), GUARDED).ok, '254 bytes are fine');
  t.end();
});

t.test('the root has no parent; other directories have theirs', (t) => {
  const filesystem = boot(t, scratchExport(t));
  const { node: a } = good(filesystem.makeDirectory(filesystem.root(), 'a'));
  const { node: b } = good(filesystem.makeDirectory(a, 'b'));
  t.equal(good(filesystem.parent(b)).key, a.key);
  t.equal(good(filesystem.parent(a)).key, filesystem.root().key);
  t.equal(errnoOf(filesystem.parent(filesystem.root())), 'ENOENT');
  t.equal(errnoOf(filesystem.parent(touch(filesystem, 'file'))), 'ENOTDIR');
  t.end();
});

t.test('the server follows no symbolic link', (t) => {
  const dir = scratchExport(t);
  mkdirSync(join(dir, 'real'));
  symlinkSync('real', join(dir, 'inside'));
  symlinkSync('/etc', join(dir, 'outside'));
  const filesystem = boot(t, dir);
  for (const name of ['inside', 'outside']) {
    const link = walk(filesystem, name);
    t.equal(link.type, 'symlink');
    t.equal(errnoOf(filesystem.lookup(link, 'passwd')), 'ENOTDIR');
    t.equal(errnoOf(filesystem.readdir(link, 0n, 10)), 'ENOTDIR');
    t.equal(errnoOf(filesystem.read(link, 0n, 10)), 'ELOOP');
    t.equal(filesystem.setAttributes(link, { size: 0n }).errno, 'ELOOP');
  }
  t.equal(good(filesystem.readLink(walk(filesystem, 'outside'))), '/etc');
  t.equal(errnoOf(filesystem.readLink(walk(filesystem, 'real'))), 'EINVAL');
  t.end();
});

for (const namelessFiles of [true, false]) {
  t.test(`create, ${namelessFiles ? 'with' : 'without'} O_TMPFILE`, (t) => {
    t.test('row by row: unchecked finds, guarded refuses', (t) => {
      const filesystem = boot(t, scratchExport(t), { namelessFiles });
      const root = filesystem.root();
      const first = good(filesystem.create(root, 'file', { kind: 'unchecked', attributes: { mode: 0o640 } }));
      t.equal(first.created, true);
      t.equal(good(filesystem.attributes(first.node)).mode, 0o640);
      good(filesystem.write(first.node, 0n, Buffer.from('kept'), 'unstable'));
      const again = good(
        filesystem.create(root, 'file', { kind: 'unchecked', attributes: { size: 0n, mode: 0o600 } }),
      );
      t.equal(again.created, false);
      t.equal(again.node.key, first.node.key);
      t.equal(good(filesystem.attributes(again.node)).size, 4n, 'nothing of it was touched');
      t.equal(errnoOf(filesystem.create(root, 'file', GUARDED)), 'EEXIST');
      good(filesystem.makeDirectory(root, 'dir'));
      t.equal(good(filesystem.create(root, 'dir', UNCHECKED)).node.type, 'directory');
      t.end();
    });

    t.test('RFC 8881 18.16.3: an exclusive create is repeated by its verifier, after a reboot too', (t) => {
      const dir = scratchExport(t);
      const exclusive = (text: string): CreateHow => ({ kind: 'exclusive', verifier: Buffer.from(text) });
      const filesystem = boot(t, dir, { namelessFiles });
      const first = good(filesystem.create(filesystem.root(), 'file', exclusive('\xffverify')));
      t.equal(first.created, true);
      const rebooted = boot(t, dir, { namelessFiles });
      const again = good(rebooted.create(rebooted.root(), 'file', exclusive('\xffverify')));
      t.equal(again.created, false);
      t.equal(again.node.key, first.node.key);
      t.equal(errnoOf(rebooted.create(rebooted.root(), 'file', exclusive('another!'))), 'EEXIST');
      good(rebooted.write(again.node, 0n, Buffer.from('x'), 'unstable'));
      t.equal(errnoOf(rebooted.create(rebooted.root(), 'file', exclusive('\xffverify'))), 'EEXIST');
      good(rebooted.makeDirectory(rebooted.root(), 'dir'));
      t.equal(errnoOf(rebooted.create(rebooted.root(), 'dir', exclusive('another!'))), 'EEXIST');
      t.end();
    });

    t.test('attributes are all there, or the file is not', (t) => {
      const dir = scratchExport(t);
      const filesystem = boot(t, dir, { namelessFiles });
      const root = filesystem.root();
      const time = { seconds: 1_000_000_000n, nseconds: 123_000_000 };
      const { node, directory } = good(
        filesystem.create(root, 'file', {
          kind: 'guarded',
          attributes: { mode: 0o4711, size: 5n, accessTime: time, modifyTime: time },
        }),
      );
      t.ok(directory.before <= directory.after);
      t.equal(directory.after, good(filesystem.attributes(root)).change);
      t.match(good(filesystem.attributes(node)), {
        mode: 0o4711,
        size: 5n,
        accessTime: time,
        modifyTime: time,
      });
      for (const attributes of [
        { mode: 0o10000 },
        { uid: 0xffffffff },
        { size: 2n ** 63n },
        { accessTime: { seconds: 0n, nseconds: 0x3fffffff } },
      ]) {
        t.equal(filesystem.create(root, 'refused', { kind: 'guarded', attributes }).ok, false);
      }
      t.strictSame(readdirSync(dir), ['file']);
      t.end();
    });
    t.end();
  });
}

t.test('directories, links and special files are made with their attributes, or not at all', (t) => {
  const dir = scratchExport(t);
  const filesystem = boot(t, dir);
  const root = filesystem.root();
  const { node: sub } = good(filesystem.makeDirectory(root, 'sub', { mode: 0o2770 }));
  t.match(good(filesystem.attributes(sub)), { type: 'directory', mode: 0o2770 });
  const { node: inner } = good(filesystem.makeDirectory(sub, 'inner'));
  t.equal(good(filesystem.attributes(inner)).mode, 0o2755, 'set-group-id is inherited');
  const { node: link } = good(filesystem.makeSymlink(root, 'link', 'any where', { mode: 0o600 }));
  t.equal(good(filesystem.readLink(link)), 'any where');
  const { node: fifo } = good(filesystem.makeSpecial(root, 'fifo', 'fifo', { major: 0, minor: 0 }));
  t.match(good(filesystem.attributes(fifo)), { type: 'fifo', mode: 0o644 });
  t.equal(errnoOf(filesystem.read(fifo, 0n, 1)), 'EINVAL', 'and never opened, which would block');
  t.equal(good(filesystem.makeSpecial(root, 'socket', 'socket', { major: 0, minor: 0 })).node.type, 'socket');
  const device = filesystem.makeSpecial(root, 'device', 'character', { major: 300, minor: 70_000 });
  if (device.ok)
    t.strictSame(good(filesystem.attributes(device.value.node)).device, { major: 300, minor: 70_000 });
  else t.equal(device.errno, 'EPERM', 'an ordinary user may not');
  t.equal(errnoOf(filesystem.makeSymlink(root, 'bad', '')), 'EINVAL');
  t.equal(errnoOf(filesystem.makeSymlink(root, 'bad', 'x'.repeat(4096))), 'ENAMETOOLONG');
  t.equal(errnoOf(filesystem.makeDirectory(root, 'bad', { mode: 0o10000 })), 'EINVAL');
  t.equal(errnoOf(filesystem.makeDirectory(root, 'sub')), 'EEXIST');
  t.notOk(existsSync(join(dir, 'bad')));
  t.end();
});

t.test('attributes are what the filesystem says', (t) => {
  const dir = scratchExport(t);
  const filesystem = boot(t, dir);
  const node = touch(filesystem, 'file', 'x'.repeat(5000));
  const stat = lstatSync(join(dir, 'file'), { bigint: true });
  const attributes = good(filesystem.attributes(node));
  t.match(attributes, {
    type: 'regular',
    size: 5000n,
    links: 1,
    fileid: stat.ino,
    spaceUsed: stat.blocks * 512n,
    change: stat.ctimeNs,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
  });
  t.equal(
    attributes.modifyTime.seconds * 1_000_000_000n + BigInt(attributes.modifyTime.nseconds),
    stat.mtimeNs,
  );
  t.strictSame(
    good(boot(t, dir).attributes(filesystem.root())).fsid,
    attributes.fsid,
    'fsid is the domain’s',
  );
  const space = good(filesystem.space());
  t.ok(space.bytesTotal >= space.bytesFree && space.bytesFree >= space.bytesAvailable);
  t.end();
});

t.test('setAttributes says what it applied before something failed', (t) => {
  const dir = scratchExport(t);
  const filesystem = boot(t, dir);
  const node = touch(filesystem, 'file', 'content');
  const modifyTime = { seconds: 5n, nseconds: 7 };
  t.strictSame(filesystem.setAttributes(node, { size: 3n, mode: 0o600, modifyTime }), {
    applied: ['size', 'mode', 'modifyTime'],
    errno: null,
  });
  t.match(good(filesystem.attributes(node)), { size: 3n, mode: 0o600, modifyTime });
  t.strictSame(filesystem.setAttributes(node, { size: 1n, mode: 0o77777, modifyTime: 'now' }), {
    applied: ['size'],
    errno: 'EINVAL',
  });
  const before = good(filesystem.attributes(node));
  t.strictSame(filesystem.setAttributes(node, { accessTime: 'now' }).errno, null);
  const after = good(filesystem.attributes(node));
  t.strictSame(after.modifyTime, before.modifyTime, 'what is not given stays');
  t.equal(after.change, lstatSync(join(dir, 'file'), { bigint: true }).ctimeNs);
  t.equal(filesystem.setAttributes(filesystem.root(), { size: 0n }).errno, 'EISDIR');
  t.end();
});

t.test('reading says where the file ends, and nothing lies beyond 2^63', (t) => {
  const filesystem = boot(t, scratchExport(t));
  const node = touch(filesystem, 'file', '0123456789');
  const read = (offset: bigint, count: number) => {
    const { data, eof } = good(filesystem.read(node, offset, count));
    return [data.toString(), eof];
  };
  t.strictSame(read(0n, 4), ['0123', false]);
  t.strictSame(read(6n, 4), ['6789', true], 'exactly to the end');
  t.strictSame(read(6n, 100), ['6789', true]);
  t.strictSame(read(10n, 5), ['', true]);
  t.strictSame(read(2n ** 64n - 1n, 5), ['', true]);
  t.strictSame(read(0n, 0), ['', false]);
  t.equal(errnoOf(filesystem.write(node, 2n ** 63n - 1n, Buffer.from('x'), 'unstable')), 'EFBIG');
  for (const stability of ['unstable', 'data', 'file'] as const) {
    t.equal(good(filesystem.write(node, 2n, Buffer.from('ab'), stability)).count, 2);
  }
  good(filesystem.commit(node));
  t.strictSame(read(0n, 20), ['01ab456789', true]);
  t.equal(errnoOf(filesystem.read(filesystem.root(), 0n, 1)), 'EISDIR');
  t.equal(errnoOf(filesystem.open(filesystem.root(), 'read')), 'EISDIR');
  t.end();
});

t.test('a file that is open stays within reach after its last name is gone', (t) => {
  const dir = scratchExport(t);
  const filesystem = boot(t, dir);
  const node = touch(filesystem, 'file', 'content');
  good(filesystem.open(node, 'read'));
  good(filesystem.open(node, 'read'));
  good(filesystem.remove(filesystem.root(), 'file'));
  filesystem.close(node, 'read');
  filesystem.dropIdle();
  t.equal(good(filesystem.attributes(node)).links, 0);
  t.equal(good(filesystem.read(node, 0n, 100)).data.toString(), 'content');
  good(filesystem.write(node, 0n, Buffer.from('C'), 'unstable'));
  t.equal(filesystem.setAttributes(node, { size: 2n }).errno, null);
  t.equal(good(filesystem.read(node, 0n, 100)).data.toString(), 'Co');
  filesystem.close(node, 'read');
  t.equal(errnoOf(filesystem.attributes(node)), 'ESTALE');
  t.end();
});

t.test('rename replaces, refuses and reports both directories', (t) => {
  const dir = scratchExport(t);
  const filesystem = boot(t, dir);
  const root = filesystem.root();
  const { node: sub } = good(filesystem.makeDirectory(root, 'sub'));
  const node = touch(filesystem, 'file', 'new');
  const victim = good(filesystem.create(sub, 'target', GUARDED)).node;
  const { from, to } = good(filesystem.rename(root, 'file', sub, 'target'));
  t.ok(from.before <= from.after && to.before <= to.after);
  t.equal(from.after, good(filesystem.attributes(root)).change);
  t.equal(to.after, good(filesystem.attributes(sub)).change);
  t.equal(good(filesystem.lookup(sub, 'target')).key, node.key);
  t.equal(errnoOf(filesystem.attributes(victim)), 'ESTALE');
  t.equal(errnoOf(filesystem.rename(root, 'sub', sub, 'inner')), 'EINVAL', 'a directory into itself');
  t.equal(errnoOf(filesystem.rename(root, 'missing', root, 'x')), 'ENOENT');
  t.end();
});

t.test('remove takes files and empty directories', (t) => {
  const dir = scratchExport(t);
  const filesystem = boot(t, dir);
  const root = filesystem.root();
  const { node: sub } = good(filesystem.makeDirectory(root, 'sub'));
  good(filesystem.create(sub, 'file', GUARDED));
  t.equal(errnoOf(filesystem.remove(root, 'sub')), 'ENOTEMPTY');
  const change = good(filesystem.remove(sub, 'file'));
  t.equal(change.after, good(filesystem.attributes(sub)).change);
  good(filesystem.remove(root, 'sub'));
  t.equal(errnoOf(filesystem.remove(root, 'sub')), 'ENOENT');
  t.equal(errnoOf(filesystem.link(root, root, 'again')), 'EISDIR');
  t.strictSame(readdirSync(dir), []);
  t.end();
});

t.test('a directory is listed once, page by page, from any cookie, on any node', (t) => {
  const dir = scratchExport(t);
  const names = Array.from({ length: 1500 }, (_, index) => `a-name-of-some-length-${index}`);
  for (const name of names) writeFileSync(join(dir, name), '');
  const lives = [boot(t, dir), boot(t, dir)];
  const seen: string[] = [];
  let cookie = 0n;
  for (let pages = 0; ; pages += 1) {
    const filesystem = lives[pages % 2] as (typeof lives)[number];
    const page = good(filesystem.readdir(filesystem.root(), cookie, 70));
    for (const entry of page.entries) {
      t.ok(entry.cookie > 2n, '0, 1 and 2 are reserved');
      seen.push(entry.name);
      cookie = entry.cookie;
    }
    // What was listed is removed meanwhile: the rest must still come, each once.
    for (const { name } of page.entries.slice(0, 10)) unlinkSync(join(dir, name));
    if (page.eof) break;
  }
  t.strictSame(seen.sort(), names.sort());
  const [first, second] = lives;
  t.strictSame(first?.cookieVerifier, second?.cookieVerifier);
  t.equal(first?.cookieVerifier.length, 8);
  t.end();
});

t.test('entries carry the inode number; reserved cookies and names that are not UTF-8 are refused', (t) => {
  const dir = scratchExport(t);
  const filesystem = boot(t, dir);
  writeFileSync(join(dir, 'ä'), '');
  writeFileSync(Buffer.concat([Buffer.from(`${dir}/`), Buffer.from([0xff, 0xfe])]), '');
  const { entries, eof } = good(filesystem.readdir(filesystem.root(), 0n, 10));
  t.strictSame(
    entries.map((entry) => [entry.name, entry.fileid]),
    [['ä', lstatSync(join(dir, 'ä'), { bigint: true }).ino]],
  );
  t.equal(eof, true);
  for (const cookie of [1n, 2n, 2n ** 64n - 1n]) {
    t.equal(errnoOf(filesystem.readdir(filesystem.root(), cookie, 10)), 'EINVAL');
  }
  t.end();
});

t.test('a name that begins like a byte order mark is listed as it is', (t) => {
  const dir = scratchExport(t);
  const filesystem = boot(t, dir);
  const name = '\uFEFFmarked';
  writeFileSync(join(dir, name), '');
  const { entries } = good(filesystem.readdir(filesystem.root(), 0n, 10));
  t.strictSame(
    entries.map((entry) => entry.name),
    [name],
  );
  t.equal(good(filesystem.lookup(filesystem.root(), name)).type, 'regular');
  t.end();
});

t.test('permissions: the first class that fits decides, and root is bound by nothing but missing x', (t) => {
  const dir = scratchExport(t);
  const filesystem = boot(t, dir);
  const node = touch(filesystem, 'file');
  // Root's own file would show nothing of the owner's bits.
  if (process.getuid?.() === 0) filesystem.setAttributes(node, { uid: 4242 });
  const { uid, gid } = good(filesystem.attributes(node));
  const other = { uid: uid + 1000, gid: gid + 1000, gids: [] };
  const letters = (mode: number, who: { uid: number; gid: number; gids: number[] }) => {
    chmodSync(join(dir, 'file'), mode);
    const { read, write, execute } = good(filesystem.permissions(node, who));
    return `${read ? 'r' : '-'}${write ? 'w' : '-'}${execute ? 'x' : '-'}`;
  };
  if (uid !== 0) t.equal(letters(0o077, { uid, gid, gids: [] }), '---', 'the owner, even if others may');
  t.equal(letters(0o707, { ...other, gid }), '---', 'the group likewise');
  t.equal(letters(0o750, { ...other, gids: [1, gid] }), 'r-x', 'by a supplementary group');
  t.equal(letters(0o751, other), '--x');
  t.equal(letters(0o000, { uid: 0, gid: 0, gids: [] }), 'rw-');
  t.equal(letters(0o010, { uid: 0, gid: 0, gids: [] }), 'rwx');
  t.equal(good(filesystem.permissions(node, other)).owner, false);
  t.equal(good(filesystem.permissions(node, { ...other, uid })).owner, true);
  t.equal(good(filesystem.permissions(filesystem.root(), { uid: 0, gid: 0, gids: [] })).execute, true);
  t.end();
});

t.test('what one node writes the other reads', (t) => {
  const dir = scratchExport(t);
  const [here, there] = [boot(t, dir), boot(t, dir)];
  const node = touch(here, 'file', 'one');
  t.equal(good(there.read(walk(there, 'file'), 0n, 10)).data.toString(), 'one');
  good(there.write(walk(there, 'file'), 0n, Buffer.from('two'), 'file'));
  t.equal(good(here.read(node, 0n, 10)).data.toString(), 'two');
  t.equal(readFileSync(join(dir, 'file'), 'utf8'), 'two');
  t.end();
});
