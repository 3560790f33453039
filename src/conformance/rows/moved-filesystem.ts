/** Rows 29 and 30: a filesystem goes to another server without its address; what its clients are told, and that they reclaim there. */

import { op } from '../../client/compound-probe.ts';
import { SEQ4_STATUS_LEASE_MOVED } from '../../nfs4/constants.ts';
import { renew } from '../../nfs4/operations/renew.ts';
import { GRACE_AT_MOST_MS } from '../life.ts';
import { ask, askWhere, pathThere, reach, serversOf, walk } from '../moved-export.ts';
import { Unjudged } from '../outcome.ts';
import type { OpenFile } from '../requests.ts';
import { KEPT, lockWanted } from '../rival.ts';
import type { RowTest } from '../row-test.ts';
import type { Trial } from '../trial.ts';
import type { WireClient } from '../wire-client.ts';

const EXISTING = { create: null } as const;

const MOVES = { movesExport: true, needsPeer: true, alone: 'after' } as const;

/** @returns what the next SEQUENCE says of moved leases */
async function leaseMoved(client: WireClient): Promise<string> {
  client.given('SEQUENCE', await client.renew());
  return (client.statusFlags & SEQ4_STATUS_LEASE_MOVED) === 0 ? 'not shown' : 'shown';
}

/** The same client, at the peer. */
const atPeer = (t: Trial, client: WireClient, directory?: Buffer): WireClient =>
  t.client(`${client.name} at the peer`, {
    as: client,
    sameVerifier: true,
    atPeer: true,
    ...(directory && { directory }),
  });

/** Where the directory of the run is at the peer, by what the server under test says. Null: it does not say. */
async function pathAtPeer(t: Trial, client: WireClient): Promise<string[] | null> {
  const { locations } = await askWhere(client, t.directory);
  return locations === null ? null : pathThere(locations, t.path);
}

const toldInSession: RowTest = {
  ...MOVES,
  row: 29,
  title: 'MOVED, fs_locations, and LEASE_MOVED until a client that held something has been there',
  async run(t) {
    const alice = await t.client('alice').start();
    const file = await alice.opened(t.file('f'));
    const held = await alice.locked(file);
    const bob = await t.client('bob').start();
    t.expect('LEASE_MOVED before', await leaseMoved(alice), 'not shown');
    await t.moveExport(async () => {
      t.expect('SEQUENCE', await alice.renew(), 'OK');
      t.expect('LEASE_MOVED', await leaseMoved(alice), 'shown');
      t.expect('READ', await alice.read(file), 'MOVED');
      t.expect('GETFH', await reach(alice, file.handle), 'MOVED');
      t.expect('GETATTR of the size', await ask(alice, file.handle, 'size'), 'MOVED');
      t.expect('LOCKU', await alice.unlock(held), 'MOVED');
      t.expect('CLOSE', await alice.closeFile(file), 'MOVED');
      t.expect('LEASE_MOVED after MOVED', await leaseMoved(alice), 'shown');
      await judgeLocations(t, alice, file);
      t.expect('LEASE_MOVED after fs_locations', await leaseMoved(alice), 'not shown');
      t.expect('READ after fs_locations', await alice.read(file), 'MOVED');
      t.expect('GETFH by a client that held nothing there', await reach(bob, file.handle), 'MOVED');
      t.expect('LEASE_MOVED of a client that held nothing there', await leaseMoved(bob), 'not shown');
      await judgePath(t, alice);
    });
  },
};

async function judgeLocations(t: Trial, alice: WireClient, file: OpenFile): Promise<void> {
  const { status, locations } = await askWhere(alice, file.handle);
  t.expect('GETATTR of fs_locations', status, 'OK');
  if (status !== 'OK') return;
  const { names, mayBe } = serversOf(locations ?? { fsRoot: [], locations: [] }, t.peerHost);
  t.hold(mayBe, 'the server in fs_locations', t.peerHost, names);
}

/** She follows, and has nothing to reclaim: so nobody waits for her. */
async function judgePath(t: Trial, alice: WireClient): Promise<void> {
  const path = await pathAtPeer(t, alice);
  const expected = `one that /${t.path.join('/')} is below`;
  t.hold(path !== null, 'the root in fs_locations', expected, 'another one, or none');
  if (path === null) return;
  const there = await atPeer(t, alice).start();
  const { status, handle } = await walk(there, path);
  t.expect(`LOOKUP of /${path.join('/')} at the peer`, status, 'OK');
  if (handle !== null) t.expect('RECLAIM_COMPLETE of it there', await there.completeOneFs(handle), 'OK');
}

const toldByRenew: RowTest = {
  ...MOVES,
  row: 29,
  title: 'RENEW says LEASE_MOVED until it comes behind GETATTR of fs_locations',
  versions: [0],
  async run(t) {
    const alice = await t.client0('alice').start();
    const file = await alice.opened(t.file('f'));
    const locked = await alice.lock(file);
    if (locked !== 'OK') throw new Unjudged(`LOCK by alice was answered ${locked}`);
    const bob = await t.client0('bob').start();
    t.expect('RENEW before', await alice.renew(), 'OK');
    await t.moveExport(async () => {
      t.expect('RENEW', await alice.renew(), 'LEASE_MOVED');
      t.expect('READ', await alice.read(file), 'MOVED');
      t.expect('CLOSE', await alice.closeFile(file), 'MOVED');
      t.expect('RENEW after MOVED', await alice.renew(), 'LEASE_MOVED');
      const who = op(renew, { clientId: alice.clientId });
      const { status } = await askWhere(alice, file.handle, who);
      t.expect('GETATTR of fs_locations', status, 'OK');
      t.expect('RENEW after fs_locations', await alice.renew(), 'OK');
      t.expect('READ after fs_locations', await alice.read(file), 'MOVED');
      t.expect('RENEW of a client that held nothing there', await bob.renew(), 'OK');
    });
  },
};

/** What its clients find at the peer. */
interface Arrival {
  readonly directory: Buffer;
  readonly file: (name: string) => Promise<OpenFile>;
}

/** @throws {Unjudged} when they do not find it: row 29 says why */
async function arrivalOf(t: Trial, client: WireClient): Promise<Arrival> {
  const scout = await t.client('scout', { atPeer: true }).start();
  const path = await pathAtPeer(t, client);
  const found = async (...names: string[]): Promise<Buffer> => {
    const { status, handle } = await walk(scout, [...(path ?? []), ...names]);
    if (path === null || handle === null)
      throw new Unjudged(`what was moved is not found at the peer by fs_locations: ${status}`);
    return handle;
  };
  const stateid = { seqid: 0, other: Buffer.alloc(12) };
  return {
    directory: await found(),
    file: async (name) => ({ name, handle: await found(name), owner: 'app', stateid }),
  };
}

const reclaimed: RowTest = {
  ...MOVES,
  row: 30,
  title: 'those who held something reclaim it at the peer, until they say RECLAIM_COMPLETE of the filesystem',
  async run(t) {
    const alice = await t.client('alice').start();
    const dave = await t.client('dave').start();
    const mallory = await t.client('mallory').start();
    for (const client of [alice, dave]) await client.locked(await client.opened(t.file(client.name)));
    await t.moveExport(async () => {
      const arrival = await arrivalOf(t, alice);
      const [alices, daves] = [await arrival.file(t.file('alice')), await arrival.file(t.file('dave'))];
      const bob = await t.client('bob', { atPeer: true, directory: arrival.directory }).start();
      const asBob = async () => (await bob.open(alices.name, EXISTING)).status;
      const wanted = () => lockWanted(bob, alices.name);
      t.expect("another's LOCK at the peer", await wanted(), ...KEPT);
      const there = atPeer(t, alice);
      const davesThere = atPeer(t, dave);
      await t.whileKept(wanted, async () => {
        await refusedThere(t, mallory, { ...alices });
        t.expect('EXCHANGE_ID', (await there.exchange()).status, 'OK');
        t.expect('CREATE_SESSION', await there.createSession(), 'OK');
        t.expect('RECLAIM_COMPLETE, global', await there.complete(), 'OK');
        t.expect('OPEN, reclaim', await there.reclaimOpen(alices), 'OK');
        t.expect('LOCK, reclaim', await there.reclaimLock(alices), 'OK');
        t.expect("another's LOCK meanwhile", await wanted(), ...KEPT);
        t.expect('RECLAIM_COMPLETE, one_fs', await there.completeOneFs(arrival.directory), 'OK');
        t.expect('OPEN, reclaim, after that', await there.reclaimOpen({ ...alices }), 'NO_GRACE');
        await davesThere.start();
        t.expect('OPEN, reclaim, of the last one', await davesThere.reclaimOpen(daves), 'OK');
      });
      t.expect('RECLAIM_COMPLETE of the last one', await davesThere.completeOneFs(arrival.directory), 'OK');
      t.expect('OPEN when all have come', await t.until('OK', GRACE_AT_MOST_MS, asBob), 'OK');
      const bobs = await bob.opened(alices.name, EXISTING);
      t.expect('LOCK of what was reclaimed', (await bob.lock(bobs)).status, 'DENIED');
    });
  },
};

/** She was known to the first server and held nothing there. */
async function refusedThere(t: Trial, mallory: WireClient, hers: OpenFile): Promise<void> {
  const there = await atPeer(t, mallory).connect();
  const refusals = ['NO_GRACE', 'RECLAIM_BAD'];
  t.expect('OPEN, reclaim, of one that held nothing', await there.reclaimOpen(hers), ...refusals);
}

export const MOVED_FILESYSTEM: readonly RowTest[] = [toldInSession, toldByRenew, reclaimed];
