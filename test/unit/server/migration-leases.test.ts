/** Rows 29 and 30: how a client learns that its lease is another server's to renew, and how it reclaims there. */
import t, { type Test } from 'tap';
import { call } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { getFh } from '../../../src/nfs4/operations/get-fh.ts';
import { reclaimComplete } from '../../../src/nfs4/operations/reclaim-complete.ts';
import {
  asking,
  at,
  attributes,
  comesBack,
  delegated,
  GOES,
  holding,
  moves,
  N1_ADDRESS,
  nodeOfTwo,
  openIn,
  STAYS,
  to,
} from './fixtures/moved-filesystem.ts';
import { LEASE_MS } from './fixtures/node-under-test.ts';
import { type OpenFile, TestClient } from './fixtures/test-client.ts';

const PRINCIPAL = 'sys:0@machine';
const ONE = call(reclaimComplete, { oneFs: true });

/** What the next SEQUENCE says. */
async function leaseMoved(client: TestClient): Promise<boolean> {
  if ((await client.renew()) !== 'OK') throw new Error(`SEQUENCE of ${client.name}`);
  return (client.statusFlags & nfs.SEQ4_STATUS_LEASE_MOVED) !== 0;
}

const locate = (client: TestClient, domain: string) => client.try(...to(domain), asking('fsLocations'));

t.test('row 29: LEASE_MOVED until the client has met MOVED and then asked where it is', async (t) => {
  const { node, alice, goes } = await holding(t);
  t.notOk(await leaseMoved(alice));
  moves(node);
  t.ok(await leaseMoved(alice));
  t.equal(await locate(alice, GOES), 'OK');
  t.ok(await leaseMoved(alice), 'it has not met MOVED');
  t.equal(await alice.read(goes), 'MOVED');
  t.ok(await leaseMoved(alice), 'nor asked since');
  t.equal(await alice.try(...to(STAYS), asking('fsLocations')), 'OK');
  t.equal(await alice.try(...to(GOES), asking('fsid')), 'MOVED');
  t.ok(await leaseMoved(alice));
  t.equal(await locate(alice, GOES), 'OK');
  t.notOk(await leaseMoved(alice));
  t.equal(await alice.read(goes), 'MOVED', 'though it is there no more than before');
  t.notOk(await leaseMoved(alice));
});

t.test('row 29: a client that held nothing there meets MOVED, and no LEASE_MOVED', async (t) => {
  const { node, goes } = await holding(t);
  const bob = await new TestClient(node, 'bob').start();
  await openIn(bob, STAYS);
  moves(node);
  t.equal(await bob.read(goes), 'MOVED');
  t.notOk(await leaseMoved(bob));
});

t.test('row 29: one that gave back what it held there before is owed nothing', async (t) => {
  const { node, alice, goes } = await holding(t);
  t.equal(await alice.closeFile(goes), 'OK');
  moves(node);
  t.notOk(await leaseMoved(alice));
});

t.test('row 29: LEASE_MOVED until the client knows of each filesystem', async (t) => {
  const { node, alice } = await holding(t);
  moves(node, GOES);
  moves(node, STAYS);
  for (const domain of [GOES, STAYS]) {
    t.ok(await leaseMoved(alice));
    t.equal(await alice.try(...to(domain), call(getFh, {})), 'MOVED');
    t.equal(await locate(alice, domain), 'OK');
  }
  t.notOk(await leaseMoved(alice));
});

t.test('I5: to whom it was not told, a filesystem that has come home has moved all the same', async (t) => {
  const { node, alice, goes } = await holding(t);
  const bob = await new TestClient(node, 'bob').start();
  moves(node);
  comesBack(node);
  const directory = await bob.handleOf(GOES);
  t.equal(
    await bob.open('of bob', 'app', { create: true, directory }),
    'DELAY',
    'its record there went, too',
  );
  t.type(await openIn(bob, GOES, 'of bob'), 'object', 'who had nothing there has lost nothing');
  t.ok(await leaseMoved(alice), 'also one that does nothing but renew is told');
  t.equal(await alice.read(goes), 'MOVED');
  t.match(await attributes(alice, to(GOES), 'fsLocations'), {
    fsLocations: { fsRoot: [GOES], locations: [{ server: [N1_ADDRESS], rootPath: [GOES] }] },
  });
  t.notOk(await leaseMoved(alice));
  t.equal(await alice.read(goes), 'BAD_STATEID', 'it was let go of');
  t.match(await attributes(alice, to(GOES), 'fsLocations', 'type'), {
    fsLocations: { locations: [] },
    type: 2,
  });
});

t.test('row 29: a delegation alone is something that is held there', async (t) => {
  const { node, alice, goes } = await delegated(t);
  t.equal(await alice.closeFile(goes), 'OK');
  moves(node);
  t.ok(await leaseMoved(alice));
});

/** N2 has taken over: alice had this file open and locked at the node that it came from, and is new here. */
async function arriving(t: Test) {
  const node = nodeOfTwo(t);
  const alice = await new TestClient(node, 'alice').start();
  const goes = await openIn(alice, GOES);
  const stays = await openIn(alice, STAYS);
  await alice.closeFile(goes);
  const { coordination } = node.domain(GOES);
  coordination.grace = true;
  coordination.recoverable = new Map(coordination.records);
  coordination.arriving.add('alice');
  return { node, alice, goes, stays, coordination };
}

const reclaimed = (client: TestClient, file: OpenFile) => client.openByHandle(file, nfs.CLAIM_PREVIOUS);
const relocked = async (client: TestClient, file: OpenFile) =>
  (await client.lock(file, {}, nfs.WRITE_LT, true)).status;

t.test(
  'row 30: what came with the filesystem is reclaimed after the client’s own RECLAIM_COMPLETE',
  async (t) => {
    const { node, alice, goes, stays, coordination } = await arriving(t);
    t.equal(await reclaimed(alice, goes), 'OK');
    t.equal(await relocked(alice, goes), 'OK');
    t.equal(await alice.open('new', 'app', { create: true, directory: await alice.handleOf(GOES) }), 'GRACE');
    t.equal(await reclaimed(alice, stays), 'NO_GRACE', 'row 8: elsewhere it is through');
    const before = node.domain(STAYS).coordination.journal.length;
    t.equal(await alice.try(at(goes.handle), ONE), 'OK');
    t.match(coordination.journal.at(-1), 'arrived alice');
    t.equal(node.domain(STAYS).coordination.journal.length, before);
    t.equal(await reclaimed(alice, goes), 'NO_GRACE', 'row 8');
    t.equal(await alice.try(at(goes.handle), ONE), 'COMPLETE_ALREADY');
    coordination.lift();
    t.type(await openIn(alice, GOES, 'new'), 'object');
    moves(node);
    comesBack(node);
    t.equal(await alice.try(at(goes.handle), ONE), 'MOVED');
    t.equal(await locate(alice, GOES), 'OK');
    t.equal(await alice.try(at(goes.handle), ONE), 'OK', 'another time');
  },
);

t.test('row 30: somebody whose claims did not come with it reclaims nothing', async (t) => {
  const { node, goes } = await arriving(t);
  const bob = await new TestClient(node, 'bob').start();
  t.equal(await reclaimed(bob, goes), 'NO_GRACE');
  t.equal(await bob.try(at(goes.handle), ONE), 'OK', 'row 14: passed over');
  t.equal(await bob.try(at(goes.handle), ONE), 'OK');
});

t.test('row 30: it is through when that is durable', async (t) => {
  const { alice, goes, coordination } = await arriving(t);
  for (const answer of ['unavailable', 'fenced'] as const) {
    coordination.store = answer;
    t.equal(await alice.try(at(goes.handle), ONE), 'DELAY');
    t.equal(await reclaimed(alice, goes), 'OK', 'until then it reclaims');
  }
  coordination.store = 'durable';
  t.equal(await alice.try(at(goes.handle), ONE), 'OK');
});

t.test('row 6: the end of reclaims in one filesystem is not that of the client’s own', async (t) => {
  const { node, coordination, goes } = await arriving(t);
  await node.reboot();
  node.domain(STAYS).coordination.lift();
  coordination.recoverable.set('alice', PRINCIPAL);
  const alice = await new TestClient(node, 'alice').connect();
  t.equal(await alice.try(at(goes.handle), ONE), 'OK');
  coordination.lift();
  for (const domain of [GOES, STAYS]) {
    const directory = await alice.handleOf(domain);
    t.equal(await alice.open('g', 'app', { create: true, directory }), 'GRACE', domain);
  }
  t.equal(await alice.complete(), 'OK');
  t.type(await openIn(alice, GOES, 'g'), 'object');
});

t.test('row 30: whoever lost something here acknowledges that before it goes on', async (t) => {
  const { node, alice, goes, stays, coordination } = await arriving(t);
  t.equal(await reclaimed(alice, goes), 'OK');
  await node.clock.advance(LEASE_MS * 1.5);
  coordination.arriving.add('alice');
  t.equal(await alice.try(at(goes.handle), ONE), 'DELAY');
  t.equal(await reclaimed(alice, goes), 'DELAY');
  for (const { stateid } of [goes, stays]) t.equal(await alice.free(stateid), 'OK');
  t.equal(await reclaimed(alice, goes), 'NO_GRACE', 'that was here, and went with its lease');
  coordination.recoverable.set('alice', PRINCIPAL);
  t.equal(await reclaimed(alice, goes), 'OK');
  t.equal(await alice.try(at(goes.handle), ONE), 'OK');
});

t.test(
  'row 14: RECLAIM_COMPLETE of the pseudo root, and of a filesystem that nothing came with',
  async (t) => {
    const { alice, stays } = await holding(t);
    t.equal(await alice.try(ONE), 'NOFILEHANDLE');
    for (const way of [to(), [at(stays.handle)]]) {
      t.equal(await alice.try(...way, ONE), 'OK');
      t.equal(await alice.try(...way, ONE), 'OK');
    }
  },
);
