/** What clients may reach of the machine, and as whom. */

import { chmodSync, mkdirSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { systemClock } from '../../../src/cli/agents/surroundings.ts';
import { CompoundProbe, op } from '../../../src/client/compound-probe.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { lookup } from '../../../src/nfs4/operations/lookup.ts';
import { NFS4_OK, NFS4ERR_NOSPC } from '../../../src/nfs4/status.ts';
import { place, type Ready, Serving } from './fixtures/serving.ts';
import { User } from './fixtures/user.ts';

t.setTimeout(1_700_000);

const skip = process.geteuid?.() === 0 ? false : 'only root can act as others';

/** A directory to serve, with something beside it that is not. */
function exported(t: Test): string {
  const dir = place(t);
  writeFileSync(path.join(dir, 'file'), 'text');
  mkdirSync(path.join(dir, 'sub'));
  writeFileSync(path.join(dir, '..', 'secret'), 'text');
  return dir;
}

const probe = (t: Test, { address, port }: Ready) =>
  CompoundProbe.connect({ host: address, port, clock: systemClock, random: Math.random }).then((probe) => {
    t.teardown(() => probe.close());
    return probe;
  });

t.test('an export with a name', async (t) => {
  const dir = exported(t);
  const { ready } = await Serving.start(t, dir, '--export', '/data');
  t.equal(ready.export, '/data');
  const root = await User.arrive(t, ready, { uid: 0 });
  t.same(await root.list('/'), ['data']);
  t.same(await root.list('/data'), ['file', 'sub']);
  t.equal(await root.open('/data/new'), 'OK');
  t.ok(statSync(path.join(dir, 'new')).isFile());
  t.equal(await root.mkdir('/other'), 'ROFS');
  t.equal(await root.lookup('/x'), 'NOENT');
});

t.test('a read-only export', async (t) => {
  const { ready } = await Serving.start(t, exported(t), '--read-only');
  const root = await User.arrive(t, ready, { uid: 0 });
  t.equal(await root.open('file', { access: 1, create: false }), 'OK');
  t.equal(await root.open('file', { access: 1 }), 'OK', 'there already, so nothing is made');
  const changes = {
    'open for writing': root.open('file', { create: false }),
    'open that makes a file': root.open('new'),
    mkdir: root.mkdir('new'),
    symlink: root.symlink('new', 'file'),
    device: root.device('new'),
    'write without an open': root.write('file'),
    mode: root.set('file', { mode: 0o777 }),
    size: root.set('file', { size: 0n }),
    remove: root.remove('file'),
    rename: root.rename('file', 'new'),
    link: root.link('file', 'new'),
  };
  for (const [what, status] of Object.entries(changes)) t.equal(await status, 'ROFS', what);
  t.equal(await root.access('file'), nfs.ACCESS4_READ);
  t.equal(await root.access('sub'), nfs.ACCESS4_READ | nfs.ACCESS4_LOOKUP);
});

t.test('root of a client is root, unless it is squashed', { skip }, async (t) => {
  const dir = exported(t);
  chmodSync(dir, 0o1777);
  const { ready, end } = await Serving.start(t, dir).then((serving) => ({
    ready: serving.ready,
    end: () => serving.end('SIGTERM'),
  }));
  t.equal(await (await User.arrive(t, ready, { uid: 0 })).open('by root'), 'OK');
  t.equal(statSync(path.join(dir, 'by root')).uid, 0);
  await end();

  const squashing = ['--root-squash', '--anonuid', '777', '--anongid', '778'];
  const { ready: squashed } = await Serving.start(t, dir, ...squashing);
  const root = await User.arrive(t, squashed, { uid: 0 });
  t.equal(await root.open('by nobody'), 'OK');
  t.match(statSync(path.join(dir, 'by nobody')), { uid: 777, gid: 778 });
  t.equal(await root.set('file', { mode: 0o777 }), 'PERM');
  t.equal(await root.remove('by root'), 'PERM');
  t.equal(await root.device('device'), 'PERM');
  writeFileSync(path.join(dir, 'for group root'), '');
  chmodSync(path.join(dir, 'for group root'), 0o660);
  const sly = await User.arrive(t, squashed, { uid: 1001, gid: 1001, gids: [0] });
  t.equal(await sly.open('for group root', { create: false }), 'ACCESS', 'nor by a group');
  t.equal(await sly.open('her own'), 'OK', 'everybody else is who they are');
  t.match(statSync(path.join(dir, 'her own')), { uid: 1001, gid: 1001 });
});

t.test('networks that are not allowed are told so by RPC', async (t) => {
  const dir = exported(t);
  const closed = await Serving.start(t, dir, '--allow', '192.0.2.0/24', '--allow', '2001:db8::/32');
  const stranger = await probe(t, closed.ready);
  await t.rejects(stranger.exchangeId('stranger'), /rejected the call: .*authentication/);
  await closed.end('SIGTERM');
  const open = await Serving.start(t, dir, '--allow', '192.0.2.0/24', '--allow', '127.0.0.0/8');
  t.match(await (await probe(t, open.ready)).exchangeId('friend'), { status: 0 });
});

t.test('limits are those that were typed', async (t) => {
  const { ready } = await Serving.start(
    t,
    exported(t),
    '--limit',
    'sessionsPerClient=1',
    '--limit',
    'connections=3',
  );
  const client = await probe(t, ready);
  const known = await client.exchangeId('greedy');
  if (known.status !== NFS4_OK) throw new Error('no client id');
  t.match(await client.createSession(known.clientId, known.sequenceId), { status: NFS4_OK });
  t.match(await client.createSession(known.clientId, known.sequenceId + 1), { status: NFS4ERR_NOSPC });
  const others = [await probe(t, ready), await probe(t, ready), await probe(t, ready)];
  for (const [index, other] of others.entries())
    t.match(await other.exchangeId(`other ${index}`), { status: NFS4_OK }, 'who comes is heard');
  await t.rejects(client.exchangeId('greedy'), /connection/, 'the one who was silent for longest had to go');
});

t.test('an export cannot be left by names', async (t) => {
  const { ready } = await Serving.start(t, exported(t));
  const root = await User.arrive(t, ready, { uid: 0 });
  const names = ['..', '../secret', 'sub/../../secret', '/etc/passwd', '.'];
  for (const objName of names)
    t.match(await root.from(op(lookup, { objName })), /^BAD(NAME|CHAR)$/, `LOOKUP of ${objName}`);
  t.equal(await root.up('/'), 'NOENT', 'nothing is above the root');
  t.equal(await root.up('sub'), 'OK');
});

t.test('an export cannot be left by symbolic links: the server follows none', async (t) => {
  const dir = exported(t);
  symlinkSync('..', path.join(dir, 'up'));
  symlinkSync('../secret', path.join(dir, 'out'));
  const { ready } = await Serving.start(t, dir);
  const root = await User.arrive(t, ready, { uid: 0 });
  t.equal(await root.lookup('up'), 'OK', 'the link itself');
  t.equal(await root.lookup('up/secret'), 'SYMLINK');
  t.equal(await root.open('out', { create: false }), 'SYMLINK');
  t.equal(await root.write('out'), 'SYMLINK');
  t.equal(await root.list('up'), 'SYMLINK');
});

t.test('an export cannot be left by handles', async (t) => {
  const dir = exported(t);
  mkdirSync(path.join(dir, 'moved'));
  writeFileSync(path.join(dir, 'moved', 'inside'), '');
  const serving = await Serving.start(t, dir);
  const root = await User.arrive(t, serving.ready, { uid: 0 });
  const file = await root.handle('file');
  t.equal(await root.byHandle(file), 'OK');
  for (const at of [0, 1, 2, 17, 18, file.length - 1]) {
    const forged = Buffer.from(file);
    forged.writeUInt8(forged.readUInt8(at) ^ 1, at);
    t.equal(await root.byHandle(forged), 'BADHANDLE', `byte ${at} changed`);
  }
  t.equal(await root.byHandle(file.subarray(0, 12)), 'BADHANDLE');

  const beside = path.join(path.dirname(dir), 'secret dir');
  mkdirSync(beside);
  const foreign = await Serving.start(t, beside);
  const elsewhere = await (await User.arrive(t, foreign.ready, { uid: 0 })).handle('/');
  t.equal(await root.byHandle(elsewhere), 'BADHANDLE', 'of another server');

  const moved = await root.handle('moved');
  renameSync(path.join(dir, 'moved'), path.join(dir, '..', 'moved'));
  await serving.end('SIGKILL');
  const next = await User.arrive(t, (await Serving.start(t, dir)).ready, { uid: 0 });
  t.equal(await next.byHandle(file), 'OK', 'from the life before');
  t.equal(await next.insideOf(moved, 'inside'), 'STALE', 'a directory that was moved out');
});

t.test('what is mounted below an export is not part of it', { skip }, async (t) => {
  const dir = exported(t);
  const mounting = ['unshare', '--mount', 'sh', '-c', `mount -t tmpfs tmpfs '${dir}/sub' && exec "$@"`, 'sh'];
  const { ready } = await Serving.startWithin(t, mounting, dir);
  const root = await User.arrive(t, ready, { uid: 0 });
  t.equal(await root.lookup('sub'), 'XDEV');
  t.equal(await root.open('sub/new'), 'XDEV');
  t.equal(await root.lookup('file'), 'OK');
});
