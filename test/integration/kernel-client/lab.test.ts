/** Two clients of the Linux kernel, in virtual machines, and the nodes of a lab that they mount. */
import t, { type Test } from 'tap';
import type { GuestImage } from '../../../src/runtime/vm/guest-image.ts';
import { counters, pushedLocks, readers, seenSize, turns } from './delegations.ts';
import { Guest } from './guest.ts';
import { guestImage } from './guest-image.ts';
import { Lab } from './lab.ts';
import {
  holders,
  leaveStraggler,
  locks,
  type Mounted,
  mounted,
  powerCut,
  prints,
  readTree,
  tree,
  unmounted,
  version2,
  writeTree,
} from './mounts.ts';
import { ownerIdOf, Rival } from './rival.ts';

/** A lease long enough for a client on a busy machine to be back in time; an heir comes too late where a node boots again at once. */
const LAB = 'nodes: 3\nlease: 20s\ngrace: 20s\nfailover: 15s\nclients: {vm1: n1, vm2: n2, rival: n2}\n';
const VERSIONS = ['4.0', '4.1', '4.2'] as const;
const FILES = 2000;

interface Scene {
  readonly lab: Lab;
  /** Of n1, one for each version. */
  readonly first: readonly [Mounted, Mounted, Mounted];
  /** Of n2, by the other guest. */
  readonly second: Mounted;
  /** Clients of n2. */
  readonly rival: Rival;
}

async function setUp(t: Test, image: GuestImage): Promise<Scene> {
  const lab = await Lab.up(t, LAB);
  const start = async (name: string): Promise<Guest> => {
    const reachedAt = lab.clientAddresses[name] ?? '';
    const guest = await Guest.start({ image, name, within: lab.within(name), reachedAt });
    t.teardown(() => guest[Symbol.asyncDispose]());
    return guest;
  };
  const [one, two] = await Promise.all([start('vm1'), start('vm2')]);
  const [n1 = '', n2 = ''] = ['n1', 'n2'].map((node) => lab.addresses[node]);
  const by = (version: string) => mounted(t, one, `/mnt/${version}`, { version, address: n1 });
  return {
    lab,
    first: [await by('4.0'), await by('4.1'), await by('4.2')],
    second: await mounted(t, two, '/mnt', { version: '4.2', address: n2 }),
    rival: new Rival(t, { host: n2, port: 2049 }, lab.within('rival')),
  };
}

/** A directory of its own in each of two mounts of the same. */
async function roomsIn(
  t: Test,
  [mount, elsewhere]: readonly [Mounted, Mounted],
  name: string,
): Promise<[Mounted, Mounted]> {
  await prints(t, mount.guest, `mkdir ${mount.at}/${name}`, '');
  return [
    { ...mount, at: `${mount.at}/${name}` },
    { ...elsewhere, at: `${elsewhere.at}/${name}` },
  ];
}

/** By a version whose clients are called on their own connection, and by the one in which the node connects to them. */
async function delegations(t: Test, { first, second, rival }: Scene, version: string): Promise<void> {
  const mount = first.find((one) => one.version === version) as Mounted;
  const both = await roomsIn(t, [mount, second], `delegated-${version}`);
  await t.test('locks are sent when it is recalled', (t) => pushedLocks(t, mount, rival));
  await t.test('another node sees the size', (t) => seenSize(t, mount, second));
  await t.test('two that edit in turn see no old text', (t) => turns(t, both, 6));
  await t.test('two that read see what is written', (t) => readers(t, both, 4));
  await t.test('nobody counts from an old number', (t) => counters(t, both, 15));
}

/** Holders whose locks the server has: somebody else has the files open as well, so there is no delegation. */
const sharedHolders = (t: Test, mounts: readonly Mounted[], name: string, rival: Rival) =>
  holders(t, mounts, name, async (file) => {
    t.match(await rival.ask('witness', 'open', file, { retry: 'grace' }), { status: 'OK' });
  });

async function cutPower(t: Test, { lab, first, rival }: Scene): Promise<void> {
  const straggler = new Rival(t, { host: lab.addresses.n1 ?? '', port: 2049 }, lab.within('rival'));
  const shared = await sharedHolders(t, first, 'shared', rival);
  const delegated = await holders(t, first, 'delegated');
  const asBefore = async () => {
    const clients = await lab.clients('n1', /NFSv4\.[012] vm1/);
    t.equal(clients.length, 3);
    // Of locks under a delegation they have told nobody.
    for (const client of clients) {
      t.match(client, { opens: 4, locks: 2 }, client.name);
      // It may keep those of files that it has closed, for as long as nobody wants them back.
      t.ok(client.delegations >= 2, `${client.delegations} delegations`);
    }
  };
  await asBefore();
  await leaveStraggler(t, straggler);
  const cut = () => lab.fault('power-cut', 'n1');
  await powerCut(t, [...shared, ...delegated], { rival, cut, recovered: asBefore });
}

/** The node stays down: the guest comes to its address as before, and reclaims from the heir there. The thief is of a third node. */
async function failOver(t: Test, { lab, first }: Scene): Promise<void> {
  const rival = new Rival(t, { host: lab.addresses.n3 ?? '', port: 2049 }, lab.within('rival'));
  const [oldest, , newest] = first;
  const shared = await sharedHolders(t, [oldest, newest], 'inherited', rival);
  const delegated = await holders(t, [oldest, newest], 'inherited-delegated');
  const recovered = async () => {
    const clients = await lab.clients('n2', /NFSv4\.[02] vm1/);
    t.equal(clients.length, 2);
    for (const client of clients) {
      t.match(client, { opens: 4, locks: 2 }, client.name);
      t.ok(client.delegations >= 2, `${client.delegations} delegations`);
    }
  };
  const cut = () => lab.fault('power-cut', 'n1', '--stay-down');
  await powerCut(t, [...shared, ...delegated], { rival, cut, recovered });
}

t.setTimeout(1_700_000);
const image = await guestImage(t);
t.test('clients of the Linux kernel in a lab', { skip: typeof image === 'string' && image }, async (t) => {
  const scene = await setUp(t, image as GuestImage);
  const { first, second, rival, lab } = scene;
  const written = writeTree(t, second, FILES);
  for (const [at, version] of VERSIONS.entries()) {
    const mount = first[at] as Mounted;
    const rooms = await roomsIn(t, [mount, second], `room-${version}`);
    await t.test(`a tree is made, changed and removed by ${version}`, (t) => tree(t, ...rooms));
    if (version === '4.2') await t.test('what came with 4.2', (t) => version2(t, ...rooms));
    await t.test(`POSIX locks by ${version}`, (t) => locks(t, mount, 'posix', rival));
    await t.test(`flock by ${version}`, (t) => locks(t, mount, 'flock', rival));
  }
  await t.test('the rival is no client of the lab that came back', async (t) => {
    const clients = await lab.clients('n2', /^rival/);
    t.same(clients.map(({ name }) => name).sort(), ['rival', ownerIdOf('rival')]);
  });
  await written;
  await t.test(`${FILES} files are read back by another node`, (t) => readTree(t, first[1], FILES));
  for (const version of ['4.2', '4.0'])
    await t.test(`delegations of ${version}`, (t) => delegations(t, scene, version));
  const session = lab.kernelClient(t, 'rival', [
    'echo seen >shell',
    'mount-node n3 4.0',
    'cat /mnt/n3-4.0/shell',
    'mount-node n9',
    'exit',
  ]);
  await t.test('locks survive a power cut of the node', (t) => cutPower(t, scene));
  await t.test('gracelab kernel-client: a shell with the nodes of the lab', async (t) => {
    const { status, output } = await session;
    t.equal(status, 0);
    t.match(output, /n2 is mounted at \/mnt\/n2 \(vers=4\.2\)/);
    t.match(output, /n3 is mounted at \/mnt\/n3-4\.0 \(vers=4\.0\)\s/);
    t.match(output, /^seen\r?$/m);
    t.match(output, /there is no node n9/);
    await t.rejects(lab.kernelClient(t, 'nobody', []), {
      message: /there is no client "nobody" in this lab; there are vm1,/,
    });
  });
  await t.test('C6: locks survive the end of the node, at its heir', (t) => failOver(t, scene));
  await t.test('unmounted, the clients are gone', async (t) => {
    for (const mount of [...first, second]) await unmounted(t, mount);
    t.same(await lab.clients('n2', /NFSv4\.[12] vm/), []);
  });
});
