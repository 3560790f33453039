/** Row 29: what is recorded of the clients of a filesystem that moves to another node, and what is not (I6). */
import t from 'tap';
import { call } from '../../../src/nfs4/compound.ts';
import { getFh } from '../../../src/nfs4/operations/get-fh.ts';
import { NFS4ERR_MOVED } from '../../../src/nfs4/status.ts';
import { Grants } from '../../../src/server/grants.ts';
import { ClientRecords } from '../../../src/server/records.ts';
import { Client } from '../../../src/server/state/clients.ts';
import {
  asking,
  comesBack,
  GOES,
  holding,
  moves,
  N2,
  nodeOfTwo,
  openIn,
  STAYS,
  to,
} from './fixtures/moved-filesystem.ts';
import { LEASE_MS } from './fixtures/node-under-test.ts';
import { TestClient } from './fixtures/test-client.ts';

t.test('row 29: records stay as they are, whatever becomes of the client here', async (t) => {
  const { node, alice, held } = await holding(t);
  const bob = await new TestClient(node, 'bob').start();
  moves(node);
  const { journal, records } = node.domain(GOES).coordination;
  const before = journal.length;
  t.equal(await alice.unlock(held.stays), 'OK');
  t.equal(await alice.closeFile(held.stays.file), 'OK');
  await alice.leave();
  await node.clock.advance(LEASE_MS * 2);
  t.equal(await bob.renew(), 'OK');
  t.same(journal.slice(before), []);
  t.same([...records.keys()].sort(), ['alice', 'bob']);
  t.notOk(node.domain(STAYS).coordination.records.has('alice'));
});

t.test(
  'row 29: whoever waits for its record to be removed there does not wait for what is gone',
  async (t) => {
    const { node, alice } = await holding(t);
    node.domain(GOES).coordination.removals = 'unavailable';
    await node.clock.advance(LEASE_MS * 1.5);
    t.equal(await alice.renew(), 'OK');
    moves(node);
    await node.clock.advance(LEASE_MS * 0.3);
    const reborn = new TestClient(node, 'alice');
    t.equal(await reborn.exchange(), 'OK');
    t.equal(await reborn.createSession(), 'OK');
    t.equal(await reborn.complete(), 'OK');
  },
);

t.test(
  'row 29: DESTROY_CLIENTID that waits for its record to be removed there waits no longer',
  async (t) => {
    const { node, alice, held } = await holding(t);
    for (const { file } of [held.goes, held.stays]) await alice.closeFile(file);
    const { coordination } = node.domain(GOES);
    coordination.hold();
    const leaving = alice.leave();
    await coordination.untilHolding(1);
    coordination.store = 'fenced';
    moves(node);
    coordination.letGo();
    await leaving;
    t.same(node.server.summary().clients, []);
  },
);

t.test('row 13: RECLAIM_COMPLETE does not wait for a filesystem that has moved', async (t) => {
  const node = nodeOfTwo(t);
  const { coordination } = node.domain(GOES);
  coordination.whereabouts = { kind: 'moved', to: N2 };
  const alice = await new TestClient(node, 'alice').connect();
  t.equal(await alice.complete(), 'OK');
  t.notOk(coordination.journal.includes('completed alice'));
  t.type(await openIn(alice, STAYS), 'object');
  comesBack(node);
  const directory = await alice.handleOf(GOES);
  t.equal(await alice.open('f', 'app', { create: true, directory }), 'DELAY', 'I6: its record first');
  t.type(await openIn(alice, GOES), 'object');
  t.ok(coordination.records.has('alice'));
});

t.test(
  'I6: RECLAIM_COMPLETE that waits for a store of a filesystem that goes is answered without it',
  async (t) => {
    const node = nodeOfTwo(t);
    const { coordination } = node.domain(GOES);
    const alice = await new TestClient(node, 'alice').connect();
    coordination.hold();
    const answer = alice.complete();
    await coordination.untilHolding(1);
    moves(node);
    coordination.store = 'fenced';
    coordination.letGo();
    t.equal(await answer, 'OK');
  },
);

t.test('I6: when the filesystem is back, a record is made anew before anything is had there', async (t) => {
  const { node, alice } = await holding(t);
  moves(node);
  t.equal(await alice.try(...to(GOES), call(getFh, {})), 'MOVED');
  t.equal(await alice.try(...to(GOES), asking('fsLocations')), 'OK');
  comesBack(node);
  node.domain(GOES).coordination.records.clear();
  const directory = await alice.handleOf(GOES);
  t.equal(await alice.open('g', 'app', { create: true, directory }), 'DELAY');
  t.type(await alice.open('g', 'app', { create: true, directory }), 'object');
  t.ok(node.domain(GOES).coordination.records.has('alice'));
});

t.test(
  'neither new state nor a reclaim is granted in a filesystem that is not here, whoever asks',
  async (t) => {
    const node = nodeOfTwo(t);
    const domain = node.domain(GOES);
    const grants = new Grants(new ClientRecords([domain]), [domain]);
    const client = new Client({ ownerId: 'aa', principal: 'p' }, Buffer.alloc(8), 1n, 1, 0);
    client.recordedIn.add(domain);
    t.equal(grants.newState(client, domain), null);
    moves(node);
    t.equal(grants.newState(client, domain), NFS4ERR_MOVED);
    t.equal(grants.reclaim(client, domain), NFS4ERR_MOVED);
    t.equal(grants.undisturbed(domain), NFS4ERR_MOVED);
  },
);
