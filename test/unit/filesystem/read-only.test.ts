import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { ExportedFilesystem } from '../../../src/server/filesystem/filesystem.ts';

t.test('a read-only export changes nothing, whoever asks', (t) => {
  const exportDir = t.testdir({ file: 'text', dir: {} });
  mkdirSync(path.join(exportDir, 'empty'));
  const filesystem = new ExportedFilesystem({ exportDir, handleKey: Buffer.alloc(32, 1), readOnly: true });
  t.teardown(() => filesystem[Symbol.dispose]());
  const root = filesystem.root();
  const file = filesystem.lookup(root, 'file');
  if (!file.ok) throw new Error(file.errno);
  const node = file.value;
  const device = { major: 1, minor: 3 };
  const changes = {
    create: filesystem.create(root, 'new', { kind: 'guarded' }),
    'create that finds a file': filesystem.create(root, 'file', { kind: 'unchecked' }),
    directory: filesystem.makeDirectory(root, 'new'),
    symlink: filesystem.makeSymlink(root, 'new', 'file'),
    special: filesystem.makeSpecial(root, 'new', 'fifo', device),
    link: filesystem.link(node, root, 'new'),
    remove: filesystem.remove(root, 'file'),
    'remove of a directory': filesystem.remove(root, 'empty'),
    rename: filesystem.rename(root, 'file', root, 'new'),
    open: filesystem.open(node, 'write'),
    write: filesystem.write(node, 0n, Buffer.from('x'), 'unstable'),
    'lock description': filesystem.openDescription(node, 'both'),
  };
  for (const [what, outcome] of Object.entries(changes)) t.same(outcome, { ok: false, errno: 'EROFS' }, what);
  t.same(filesystem.setAttributes(node, { mode: 0o777, size: 0n }), { applied: [], errno: 'EROFS' });
  t.ok(filesystem.isReadOnly());

  t.match(filesystem.permissions(node, { uid: 0, gid: 0, gids: [] }), {
    value: { read: true, write: false },
  });
  t.match(filesystem.read(node, 0n, 10), { ok: true, value: { eof: true } });
  t.match(filesystem.open(node, 'read'), { ok: true });
  t.match(filesystem.openDescription(node, 'read'), { ok: true });
  t.same(readdirSync(exportDir).sort(), ['dir', 'empty', 'file']);
  writeFileSync(path.join(exportDir, 'file'), 'others may');
  t.end();
});
