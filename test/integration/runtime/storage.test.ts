/** What each role sees of the lab's storage: stores, and further shared filesystems. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { NamespaceLab } from '../../../src/runtime/namespace/lab.ts';
import { type Container, NODE_PATHS } from '../../../src/runtime/runtime.ts';
import { tapInSandbox } from './programs/in-sandbox.ts';
import { Peer } from './programs/peer-control.ts';
import { realClock } from './programs/real-clock.ts';

const t = await tapInSandbox(import.meta.filename);
t.setTimeout(1_700_000);
const options = { clock: realClock, env: process.env, log: { line: () => undefined } } as const;
for (const [names, message] of [
  [['east', 'a name'], /^"a name" is no name of a filesystem/],
  [['east', 'east'], 'two filesystems are named "east"'],
] as const)
  await t.rejects(NamespaceLab.open({ ...options, filesystems: names }), { message });

const lab = await NamespaceLab.open({ ...options, filesystems: ['east', 'west'] });
const [n1, n2, n3, s1, s2] = await Promise.all([
  lab.container({ name: 'n1', role: 'node' }),
  lab.container({ name: 'n2', role: 'node', filesystems: ['west'] }),
  lab.container({ name: 'n3', role: 'node', filesystems: [] }),
  lab.container({ name: 's1', role: 'store' }),
  lab.container({ name: 's2', role: 'store' }),
]);
const EAST = NODE_PATHS.further('east');
const WEST = NODE_PATHS.further('west');

const sh = async (container: Container, command: string) => {
  const { code, stdout, stderr } = await container.exec(['sh', '-c', command]);
  return code === 0 ? stdout.trim() : `status ${code}: ${stderr.trim()}`;
};
const killAll = () => Promise.all([n1, n2, n3, s1, s2].map((container) => container.kill()));

t.test('a store has a network and stable storage that survives, and no shared filesystem', async (t) => {
  const [p1] = await Promise.all([s1, s2, n1].map(Peer.boot));
  t.strictSame([s1.address, s2.address], ['10.77.3.11', '10.77.3.12']);
  await sh(s1, `echo kept >${NODE_PATHS.stable}/f`);
  t.equal(await sh(s2, `ls ${NODE_PATHS.stable}`), '', "another's is not its own");
  for (const path of [NODE_PATHS.shared, EAST]) t.equal(await sh(s1, `ls -A ${path}`), '', path);
  t.equal(await sh(s1, 'test -x /usr/bin/etcd; echo $?'), existsSync('/usr/bin/etcd') ? '0' : '1');
  await p1?.listen();
  const p3 = await Peer.boot(n2);
  await p3.connect('to-store', s1.address);
  await s1.powerCut();
  await Peer.boot(s1);
  t.equal(await sh(s1, `cat ${NODE_PATHS.stable}/f`), 'kept');
  t.equal(await sh(s1, `ip -4 -o address show dev eth0 | cut -d' ' -f7`), '10.77.3.11/16');
  await killAll();
});

t.test('each stable storage is a filesystem of its own: one that is full fills no other', async (t) => {
  const all = [n1, n2, s1, s2];
  await Promise.all(all.map(Peer.boot));
  const devices = await Promise.all(all.map((container) => sh(container, `stat -c %d ${NODE_PATHS.stable}`)));
  t.equal(new Set(devices).size, all.length);
  await killAll();
});

t.test(
  'each further filesystem is its own, the same for the nodes that have it and for the lab',
  async (t) => {
    await Promise.all([n1, n2, n3].map(Peer.boot));
    t.equal(await sh(n1, `echo here >${WEST}/export/f && cat ${WEST}/export/f`), 'here');
    t.equal(await sh(n2, `cat ${WEST}/export/f`), 'here');
    t.equal(readFileSync(join(lab.sharedDirOf('west'), 'export', 'f'), 'utf8'), 'here\n');
    t.equal(await sh(n1, `ls ${EAST}/export ${NODE_PATHS.shared}/export | grep -c ^f`), 'status 1: ');
    const devices = [lab.sharedDir, lab.sharedDirOf('east'), lab.sharedDirOf('west')];
    t.equal(new Set(devices.map((path) => statSync(path).dev)).size, 3);
    for (const path of devices) {
      t.strictSame(readdirSync(path).sort(), ['.gracelab', 'export']);
      t.equal(statSync(join(path, '.gracelab')).mode & 0o777, 0o700);
    }
    await killAll();
  },
);

t.test('a node mounts only those that it was given, and always the first one', async (t) => {
  await Promise.all([n1, n2, n3].map(Peer.boot));
  const mounted = (container: Container) =>
    sh(container, `for d in ${NODE_PATHS.shared} ${EAST} ${WEST}; do [ -e $d/export ] && echo $d; done; :`);
  t.equal(await mounted(n1), [NODE_PATHS.shared, EAST, WEST].join('\n'));
  t.equal(await mounted(n2), [NODE_PATHS.shared, WEST].join('\n'));
  t.equal(await mounted(n3), NODE_PATHS.shared);
  t.match(
    await sh(n3, `: >${WEST}/f`),
    /Read-only file system/i,
    'where none is mounted nothing can be lost',
  );
  await killAll();
});

t.test('filesystems that are not there, or not for that role, are refused in one sentence', async (t) => {
  await t.rejects(lab.container({ name: 'n4', role: 'node', filesystems: ['north'] }), {
    message: 'the lab has no shared filesystem "north"',
  });
  t.throws(() => lab.sharedDirOf('north'), { message: 'the lab has no shared filesystem "north"' });
  await t.rejects(lab.container({ name: 'bob', role: 'client', filesystems: ['east'] }), {
    message: '"bob" can have no shared filesystem: its role is client',
  });
});

t.teardown(() => lab[Symbol.asyncDispose]());
