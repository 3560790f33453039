/** Row 29 in version 4.0: seqids, LEASE_MOVED by RENEW (RFC 7530 sections 9.1.7 and 9.14.3), and what came with a filesystem. */
import t, { type Test } from 'tap';
import { call } from '../../../../src/nfs4/compound.ts';
import { read } from '../../../../src/nfs4/operations/read.ts';
import { renew } from '../../../../src/nfs4/operations/renew.ts';
import { statusName } from '../../../../src/nfs4/status.ts';
import { asking, at, comesBack, GOES, moves, nodeOfTwo, STAYS, to } from '../fixtures/moved-filesystem.ts';
import { LEASE_MS } from '../fixtures/node-under-test.ts';
import { SessionlessTestClient } from './fixtures/sessionless-client.ts';

/** Alice has a file open and locked in each domain, by the same owners. */
async function holding(t: Test) {
  const node = nodeOfTwo(t);
  const alice = await new SessionlessTestClient(node, 'alice').start();
  const goes = await alice.opened('f', 'app', {}, GOES);
  const stays = await alice.opened('f', 'app', {}, STAYS);
  const held = { goes: await alice.locked(goes), stays: await alice.locked(stays) };
  return { node, alice, goes, stays, held };
}

const whereIs = (client: SessionlessTestClient, domain: string) =>
  client.try(...to(domain), asking('fsLocations'), call(renew, { clientId: client.clientId }));

t.test('row 29: RENEW says LEASE_MOVED until it comes behind GETATTR of fs_locations', async (t) => {
  const { node, alice, stays } = await holding(t);
  t.equal(await alice.renew(), 'OK');
  moves(node);
  t.equal(await alice.renew(), 'LEASE_MOVED');
  t.equal(await alice.read(stays), 'OK ', 'nothing else says so');
  t.equal(await alice.try(...to(GOES), asking('fsLocations')), 'OK');
  t.equal(await alice.renew(), 'LEASE_MOVED', 'nobody said who that was');
  t.equal(await whereIs(alice, STAYS), 'LEASE_MOVED', 'that is here');
  t.equal(await whereIs(alice, GOES), 'OK');
  t.equal(await alice.renew(), 'OK');
});

t.test('row 29: LEASE_MOVED renews the lease all the same', async (t) => {
  const { node, alice, stays } = await holding(t);
  moves(node);
  for (const _ of [1, 2, 3]) {
    await node.clock.advance(LEASE_MS * 0.7);
    t.equal(await alice.renew(), 'LEASE_MOVED');
  }
  t.equal(await alice.read(stays), 'OK ');
});

t.test(
  'row 29: a client that held nothing there is not told LEASE_MOVED, nor one when it is back',
  async (t) => {
    const { node, alice } = await holding(t);
    const bob = await new SessionlessTestClient(node, 'bob').start();
    moves(node);
    t.equal(await bob.renew(), 'OK');
    comesBack(node);
    t.equal(await alice.renew(), 'OK');
  },
);

t.test('row 29: MOVED costs no seqid, whatever it is the answer to', async (t) => {
  const { node, alice, goes, stays, held } = await holding(t);
  moves(node);
  const before = new Map(alice.seqids);
  t.equal(await alice.open('g', 'app', {}, GOES), 'MOVED');
  t.equal(await alice.reclaim(goes), 'MOVED');
  t.equal(await alice.downgrade(goes, 1), 'MOVED');
  t.equal((await alice.lock(goes, 'another')).status, 'MOVED');
  t.equal(await alice.lockAgain(held.goes), 'MOVED');
  t.equal(await alice.unlock(held.goes), 'MOVED');
  t.equal(await alice.confirmOpen(goes), 'MOVED');
  t.equal(await alice.closeFile(goes), 'MOVED');
  t.equal(await alice.test(goes, 'locker'), 'MOVED');
  t.equal(await alice.read(goes), 'MOVED');
  t.equal(
    await alice.try(at(goes.handle), call(read, { stateid: stays.stateid, offset: 0n, count: 1 })),
    'MOVED',
  );
  t.same(alice.seqids, before);
  t.equal(await alice.lockAgain(held.stays), 'OK');
  t.equal(await alice.unlock(held.stays), 'OK');
  t.equal(await alice.closeFile(stays), 'OK');
});

t.test(
  'row 33: what was done before the filesystem moved is answered as it was when it comes again',
  async (t) => {
    const { node, alice, goes } = await holding(t);
    const closing = [at(goes.handle), alice.closeCall(goes)];
    const closed = await alice.run(...closing);
    t.equal(statusName(closed.status), 'OK');
    alice.count('app', 'OK');
    const opening = [...to(GOES), alice.openCall('app', { claim: 0, file: 'g' })];
    const opened = await alice.run(...opening);
    t.equal(statusName(opened.status), 'OK');
    moves(node);
    t.same(await alice.run(...opening), opened);
  },
);

t.test('row 29: an OPEN that waited for its record finds that the filesystem is gone', async (t) => {
  const node = nodeOfTwo(t);
  const { coordination } = node.domain(GOES);
  const alice = await new SessionlessTestClient(node, 'alice').start();
  await alice.opened('f', 'app', {}, STAYS);
  coordination.hold();
  const answer = alice.open('f', 'app', {}, GOES);
  await coordination.untilHolding(1);
  moves(node);
  coordination.letGo();
  t.equal(await answer, 'MOVED');
  t.equal(node.server.summary().clients[0]?.opens, 1);
  t.type(await alice.open('g', 'app', {}, STAYS), 'object', 'its seqid is as it was');
});

t.test('row 29: an OPEN_CONFIRM that waited for its record, too', async (t) => {
  const node = nodeOfTwo(t);
  const { coordination } = node.domain(GOES);
  const alice = await new SessionlessTestClient(node, 'alice').start();
  const file = await alice.open('f', 'app', {}, GOES);
  if (typeof file === 'string') throw new Error(file);
  coordination.hold();
  const answer = alice.confirmOpen(file);
  await coordination.untilHolding(1);
  moves(node);
  coordination.letGo();
  t.equal(await answer, 'MOVED');
});

t.test('row 30: there is no RECLAIM_COMPLETE, so silence closes what came with the filesystem', async (t) => {
  const { node, alice, goes } = await holding(t);
  const { coordination } = node.domain(GOES);
  await alice.closeFile(goes);
  coordination.grace = true;
  coordination.recoverable = new Map(coordination.records);
  coordination.arriving.add('alice');
  t.equal(await alice.reclaim(goes), 'OK');
  t.ok(coordination.arriving.has('alice'));
  await node.clock.advance(LEASE_MS * 0.6);
  t.same(coordination.journal.slice(-2), ['arrived alice', 'completed alice']);
  t.notOk(coordination.arriving.has('alice'));
});

t.test('row 29: silence closes nothing where the filesystem has gone on to another node', async (t) => {
  const { node, alice, goes } = await holding(t);
  const { coordination } = node.domain(GOES);
  await alice.closeFile(goes);
  coordination.grace = true;
  coordination.recoverable = new Map(coordination.records);
  t.equal(await alice.reclaim(goes), 'OK');
  const before = coordination.journal.length;
  moves(node);
  await node.clock.advance(LEASE_MS * 0.6);
  t.equal(coordination.journal.length, before);
});
