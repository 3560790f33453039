/** As root the server acts as whoever asks: what the kernel would say to a local program, it says to a client. */
import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import * as nfs from '../../../src/nfs4/constants.ts';
import { place, Serving } from './fixtures/serving.ts';
import { User } from './fixtures/user.ts';

const READ = nfs.ACCESS4_READ;
const WRITE = nfs.ACCESS4_MODIFY | nfs.ACCESS4_EXTEND;
const SEARCH = nfs.ACCESS4_LOOKUP;
const CHANGE = WRITE | nfs.ACCESS4_DELETE;

const skip = process.geteuid?.() === 0 ? false : 'only root can act as others';

function file(name: string, { uid = 0, gid = 0, mode = 0o644 }, content = 'x'): string {
  writeFileSync(name, content);
  chownSync(name, uid, gid);
  chmodSync(name, mode);
  return name;
}

function directory(name: string, { uid = 0, gid = 0, mode = 0o755 }): string {
  mkdirSync(name);
  chownSync(name, uid, gid);
  chmodSync(name, mode);
  return name;
}

t.test('callers have their own rights', { skip }, async (t) => {
  const dir = place(t);
  const at = (name: string) => path.join(dir, name);
  const { ready } = await Serving.start(t, dir);
  const root = await User.arrive(t, ready, { uid: 0 });
  const alice = await User.arrive(t, ready, { uid: 1001, gids: [500, 501] });
  const bob = await User.arrive(t, ready, { uid: 1002, gid: 600 });

  await t.test('what they make is theirs', async (t) => {
    directory(at('open'), { mode: 0o777 });
    directory(at('group'), { gid: 500, mode: 0o2777 });
    t.equal(await alice.open('open/file'), 'OK');
    t.equal(await alice.mkdir('open/dir'), 'OK');
    t.equal(await alice.symlink('open/link', 'file'), 'OK');
    for (const name of ['file', 'dir', 'link'])
      t.match(await root.attributes(`open/${name}`), { owner: '1001', ownerGroup: '1001' }, name);
    t.equal(await bob.open('open/other'), 'OK');
    t.match(await root.attributes('open/other'), { owner: '1002', ownerGroup: '600' }, 'the next caller');
    t.equal(await bob.mkdir('group/dir'), 'OK');
    t.match(
      await root.attributes('group/dir'),
      { ownerGroup: '500', mode: 0o2755 },
      'of the group of a set-group-id directory',
    );
    t.equal(await root.open('open/roots'), 'OK');
    t.match(await root.attributes('open/roots'), { owner: '0', ownerGroup: '0' }, 'root after others');
  });

  await t.test('supplementary groups count, and only for who has them', async (t) => {
    directory(at('team'), { gid: 501, mode: 0o770 });
    file(at('team/file'), { gid: 500, mode: 0o660 });
    t.equal(await alice.lookup('team/file'), 'OK');
    t.equal(await alice.open('team/file', { create: false }), 'OK');
    t.equal(await alice.open('team/new'), 'OK');
    t.equal(await bob.lookup('team/file'), 'ACCESS');
    t.equal(await bob.open('team/file', { create: false }), 'ACCESS');
    t.equal(await bob.list('team'), 'ACCESS');
    t.same(await alice.list('team'), ['file', 'new']);
    t.equal(await bob.up('team'), 'ACCESS', 'the way up needs search as well');
  });

  await t.test('the owner of a file is bound by the bits for owners', async (t) => {
    file(at('odd'), { uid: 1001, gid: 1001, mode: 0o066 });
    t.equal(await alice.open('odd', { create: false }), 'ACCESS');
    t.equal(await alice.access('odd'), 0);
    t.equal(await bob.open('odd', { create: false }), 'OK');
    t.equal(await alice.set('odd', { mode: 0o600 }), 'OK', 'and may change them');
    t.equal(await alice.open('odd', { create: false }), 'OK');
    t.equal(await bob.set('odd', { mode: 0o666 }), 'PERM');
  });

  await t.test('a sticky directory: only owners take names away', async (t) => {
    directory(at('tmp'), { mode: 0o1777 });
    t.equal(await alice.open('tmp/hers'), 'OK');
    t.equal(await bob.open('tmp/his'), 'OK');
    t.equal(await bob.remove('tmp/hers'), 'PERM');
    t.equal(await bob.rename('tmp/hers', 'tmp/taken'), 'PERM');
    t.equal(await bob.rename('tmp/his', 'tmp/hers'), 'PERM', 'not over it either');
    t.equal(await alice.remove('tmp/hers'), 'OK');
    t.equal(await root.remove('tmp/his'), 'OK');
  });

  await t.test('owners give nothing away, and choose among their own groups', async (t) => {
    file(at('mine'), { uid: 1001, gid: 1001, mode: 0o600 });
    t.equal(await alice.set('mine', { owner: '1002' }), 'PERM');
    t.equal(await alice.set('mine', { ownerGroup: '600' }), 'PERM');
    t.equal(await alice.set('mine', { ownerGroup: '500' }), 'OK');
    t.equal(await bob.set('mine', { ownerGroup: '600' }), 'PERM');
    t.equal(await root.set('mine', { owner: '1002' }), 'OK');
    t.equal(await bob.set('mine', { ownerGroup: '600' }), 'OK');
  });

  await t.test('only root makes devices', async (t) => {
    directory(at('devices'), { mode: 0o777 });
    t.equal(await alice.device('devices/null'), 'PERM');
    t.equal(await root.device('devices/null'), 'OK');
  });

  await t.test('ACCESS answers what the kernel would', async (t) => {
    directory(at('seen'), { uid: 1001, gid: 600, mode: 0o750 });
    t.equal(await alice.access('seen'), READ | SEARCH | CHANGE);
    t.equal(await bob.access('seen'), READ | SEARCH);
    t.equal(await (await User.arrive(t, ready, { uid: 1003 })).access('seen'), 0);
    directory(at('blind'), { uid: 1001, mode: 0o600 });
    t.equal(await alice.access('blind'), READ, 'names in it cannot be changed without search');
    t.equal(await root.access('blind'), READ | SEARCH | CHANGE);
    file(at('script'), { uid: 1001, gid: 500, mode: 0o710 });
    t.equal(await alice.access('script'), READ | WRITE | nfs.ACCESS4_EXECUTE);
    t.equal(await bob.access('script'), 0);
  });

  await t.test('a directory that may be listed and not searched', async (t) => {
    file(path.join(directory(at('names'), { mode: 0o744 }), 'inside'), {});
    t.same(await alice.list('names'), ['inside']);
    t.equal(await alice.lookup('names/inside'), 'ACCESS');
    t.equal(await alice.open('names/inside', { access: 1, create: false }), 'ACCESS');
  });

  await t.test('writing takes set-id bits away, as a local write does', async (t) => {
    file(at('setuid'), { uid: 1001, gid: 1001, mode: 0o4777 });
    t.equal(await bob.write('setuid'), 'OK');
    t.equal(statSync(at('setuid')).mode & 0o7777, 0o777);
    file(at('setuid too'), { uid: 1001, gid: 1001, mode: 0o4777 });
    t.equal(await bob.set('setuid too', { size: 0n }), 'OK');
    t.equal(statSync(at('setuid too')).mode & 0o7777, 0o777);
  });

  await t.test('nobody is root by an id that is none', async (t) => {
    directory(at('private'), { mode: 0o700 });
    const none = await User.arrive(t, ready, { uid: 0xffff_ffff, gid: 0xffff_ffff });
    t.equal(await none.lookup('private/x'), 'ACCESS');
    t.equal(await none.open('open/none'), 'OK');
    t.match(await root.attributes('open/none'), { owner: '65534', ownerGroup: '65534' });
    const odd = await User.arrive(t, ready, { uid: 1004, gids: [0xffff_ffff] });
    t.equal(await odd.open('open/odd'), 'OK', 'nor by such a group');
    t.equal(await alice.lookup('team/file'), 'OK');
    t.equal(await odd.lookup('team/file'), 'ACCESS', 'nor with the groups of the caller before');
  });
});
