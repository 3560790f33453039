/** Row 29: a filesystem moves to another node, and the node that had it goes on with all others. */
import { readdirSync, readlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { attributeBitmap, attributeSet, NO_ATTRIBUTES } from '../../../src/nfs4/attributes.ts';
import { call, type OperationCall } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { access } from '../../../src/nfs4/operations/access.ts';
import { clone } from '../../../src/nfs4/operations/clone.ts';
import { close } from '../../../src/nfs4/operations/close.ts';
import { commit } from '../../../src/nfs4/operations/commit.ts';
import { type CopyResult, copy } from '../../../src/nfs4/operations/copy.ts';
import { create } from '../../../src/nfs4/operations/create.ts';
import { delegReturn } from '../../../src/nfs4/operations/deleg-return.ts';
import { freeStateid } from '../../../src/nfs4/operations/free-stateid.ts';
import { getAttr } from '../../../src/nfs4/operations/get-attr.ts';
import { getFh } from '../../../src/nfs4/operations/get-fh.ts';
import { OPERATIONS } from '../../../src/nfs4/operations/index.ts';
import { link } from '../../../src/nfs4/operations/link.ts';
import { lockT } from '../../../src/nfs4/operations/lock-t.ts';
import { lockU } from '../../../src/nfs4/operations/lock-u.ts';
import { lookup } from '../../../src/nfs4/operations/lookup.ts';
import { lookupp } from '../../../src/nfs4/operations/lookupp.ts';
import { openDowngrade } from '../../../src/nfs4/operations/open-downgrade.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { read } from '../../../src/nfs4/operations/read.ts';
import { readDir } from '../../../src/nfs4/operations/read-dir.ts';
import { readLink } from '../../../src/nfs4/operations/read-link.ts';
import { reclaimComplete } from '../../../src/nfs4/operations/reclaim-complete.ts';
import { remove } from '../../../src/nfs4/operations/remove.ts';
import { rename } from '../../../src/nfs4/operations/rename.ts';
import { restoreFh } from '../../../src/nfs4/operations/restore-fh.ts';
import { saveFh } from '../../../src/nfs4/operations/save-fh.ts';
import { secInfo } from '../../../src/nfs4/operations/sec-info.ts';
import { secInfoNoName } from '../../../src/nfs4/operations/sec-info-no-name.ts';
import { setAttr } from '../../../src/nfs4/operations/set-attr.ts';
import { testStateid } from '../../../src/nfs4/operations/test-stateid.ts';
import { write } from '../../../src/nfs4/operations/write.ts';
import { NFS4_OK, NFS4ERR_MOVED } from '../../../src/nfs4/status.ts';
import { ANONYMOUS_STATEID } from '../../../src/nfs4/types.ts';
import { OPERATION_VALUES } from '../nfs4/fixtures/arbitraries.ts';
import {
  at,
  comesBack,
  delegated,
  GOES,
  holding,
  moves,
  N2,
  openIn,
  STAYS,
  to,
} from './fixtures/moved-filesystem.ts';
import { LEASE_MS } from './fixtures/node-under-test.ts';
import { TestClient } from './fixtures/test-client.ts';
import { twoNodes } from './fixtures/two-nodes.ts';

const range = { lockType: nfs.WRITE_LT, offset: 0n, length: 8n } as const;
const some = { cookie: 0n, cookieVerf: Buffer.alloc(8), dirCount: 0, maxCount: 4096 };

/** What uses the current filehandle, and is not asked for where the filesystem is. */
function operationsOn(alice: TestClient, stateid = ANONYMOUS_STATEID): readonly OperationCall[] {
  const owner = { clientId: alice.clientId, owner: Buffer.from('app') };
  const file = { handle: Buffer.alloc(0), owner: 'app', stateid };
  return [
    call(access, { access: 1 }),
    call(close, { seqid: 0, openStateid: stateid }),
    call(commit, { offset: 0n, count: 0 }),
    call(create, { objType: { type: nfs.NF4DIR }, objName: 'd', createAttrs: NO_ATTRIBUTES }),
    call(delegReturn, { delegStateid: stateid }),
    call(getAttr, { attrRequest: attributeBitmap(['size']) }),
    call(getFh, {}),
    alice.lockCall(file),
    alice.lockCall(file, {}, nfs.WRITE_LT, true),
    call(lockT, { ...range, owner }),
    call(lockU, { ...range, seqid: 0, lockStateid: stateid }),
    call(lookup, { objName: 'f' }),
    call(lookupp, {}),
    alice.openCall('app', { claim: nfs.CLAIM_NULL, file: 'new' }, { create: true }),
    alice.openCall('app', { claim: nfs.CLAIM_FH }),
    alice.openCall('app', { claim: nfs.CLAIM_PREVIOUS, delegateType: 0 }),
    call(openDowngrade, { openStateid: stateid, seqid: 0, shareAccess: 1, shareDeny: 0 }),
    call(read, { stateid, offset: 0n, count: 1 }),
    call(readDir, { ...some, attrRequest: [] }),
    call(readLink, {}),
    call(reclaimComplete, { oneFs: true }),
    call(remove, { target: 'f' }),
    call(saveFh, {}),
    call(secInfo, { name: 'f' }),
    call(secInfoNoName, { style: 0 }),
    call(setAttr, { stateid, objAttributes: attributeSet({ mode: 0o600 }) }),
    call(write, { stateid, offset: 0n, stable: nfs.FILE_SYNC4, data: Buffer.from('x') }),
  ];
}

const CLAIM_F = { claim: nfs.CLAIM_NULL, file: 'f' } as const;
const SAVE = call(saveFh, {});
const RENAMED = call(rename, { oldName: 'f', newName: 'g' });
const whole = {
  srcStateid: ANONYMOUS_STATEID,
  dstStateid: ANONYMOUS_STATEID,
  srcOffset: 0n,
  dstOffset: 0n,
  count: 0n,
};
const copied = (range: Partial<typeof whole> = {}) =>
  call(copy, { ...whole, ...range, consecutive: true, synchronous: true, sourceServer: [] });
const COPIED = copied();
const CLONED = call(clone, whole);
const LINKED = call(link, { newName: 'g' });
const FROM_SAVED = [COPIED, CLONED, LINKED];

t.test('row 29: what is done in a filesystem that has moved is done by nothing and nobody', async (t) => {
  const { node, alice, root, goes, stays } = await holding(t);
  moves(node);
  const before = node.events.length;
  for (const operation of [...operationsOn(alice), ...operationsOn(alice, goes.stateid)]) {
    for (const object of [goes.handle, root])
      t.equal(await alice.try(at(object), operation), 'MOVED', operation.op.name);
  }
  t.equal(node.events.length, before);
  t.equal(await alice.write(stays, 'x'), 'OK', 'elsewhere as always');
  t.equal(await alice.read(stays), 'OK x');
});

t.test('row 29: MOVED, from a file that is here to one that is not', async (t) => {
  const { node, alice, root, goes, stays } = await holding(t);
  alice.minorVersion = 2;
  const there = await alice.handleOf(STAYS);
  moves(node);
  for (const operation of FROM_SAVED)
    t.equal(await alice.try(at(stays.handle), SAVE, at(goes.handle), operation), 'MOVED');
  t.equal(await alice.try(at(there), SAVE, at(root), RENAMED), 'MOVED');
  t.equal(await alice.try(at(there), SAVE, at(root), call(restoreFh, {}), call(getFh, {})), 'OK');
});

t.test('row 29: what was saved when the filesystem was here is of no use afterwards', async (t) => {
  const { node, goes, stays } = await holding(t);
  const there = await new TestClient(node, 'carol').start().then((carol) => carol.handleOf(STAYS));
  const cases = [
    [COPIED, stays.handle, 'MOVED'],
    [CLONED, stays.handle, 'MOVED'],
    [copied({ srcStateid: goes.stateid }), stays.handle, 'MOVED'],
    [LINKED, there, 'XDEV'],
  ] as const;
  for (const [index, [operation, target, status]] of cases.entries()) {
    comesBack(node);
    const client = await new TestClient(node, `bob ${index}`).connect();
    client.minorVersion = 2;
    const { coordination } = node.domain(STAYS);
    coordination.hold();
    const waits = call(reclaimComplete, { oneFs: false });
    const answer = client.try(at(goes.handle), SAVE, at(target), waits, operation);
    await coordination.untilHolding(1);
    moves(node);
    coordination.letGo();
    t.equal(await answer, status);
  }
});

t.test('row 29: a COPY that is going on ends where it has come to', async (t) => {
  const { node, alice, goes, root } = await holding(t);
  alice.minorVersion = 2;
  const bytes = 16 * 2 ** 20;
  truncateSync(join(node.domain(GOES).dir, 'f'), bytes);
  const target = await alice.opened('g', 'app', { create: true, directory: root });
  const copying = alice.run([at(goes.handle), SAVE, at(target.handle), COPIED]);
  await new Promise(setImmediate);
  moves(node);
  const { results } = await copying;
  const { status, response } = results[4] as Extract<CopyResult, { status: 0 }>;
  t.equal(status, NFS4_OK);
  t.ok(response.count > 0n && response.count < bytes);
});

t.test('row 29: one comes to it, and finds that it is not there', async (t) => {
  const { node, alice, goes, root } = await holding(t);
  moves(node);
  t.equal(await alice.try(...to(GOES)), 'OK');
  t.equal(await alice.try(...to(GOES), call(getFh, {})), 'MOVED');
  t.equal(await alice.try(at(goes.handle)), 'OK');
  t.equal(await alice.try(at(root), call(putRootFh, {}), call(getFh, {})), 'OK');
  t.equal(await alice.try(call(putRootFh, {}), call(secInfo, { name: GOES })), 'OK');
  t.equal(await alice.open(GOES), 'ISDIR');
  const stateids = [goes.stateid];
  t.equal(await alice.try(at(goes.handle), call(testStateid, { stateids })), 'OK');
  t.equal(await alice.try(at(goes.handle), call(freeStateid, { stateid: goes.stateid })), 'BAD_STATEID');
  t.equal(await alice.try(at(goes.handle), call(reclaimComplete, { oneFs: false })), 'COMPLETE_ALREADY');
});

t.test('row 29: nothing that clients held there is left in the filesystem', async (t) => {
  const { n1, n2 } = twoNodes(t);
  const alice = await new TestClient(n1, 'alice').start();
  const bob = await new TestClient(n2, 'bob').start();
  const file = await alice.opened('f', 'app', { create: true, deny: nfs.OPEN4_SHARE_DENY_WRITE });
  await alice.locked(file);
  t.equal(await bob.open('f'), 'SHARE_DENIED');
  n1.coordination.whereabouts = { kind: 'moved', to: N2 };
  n1.server.releaseMoved('only');
  t.match(n1.server.summary().clients, [{ opens: 0, locks: 0 }]);
  t.equal((await bob.lock(await bob.opened('f'))).status, 'OK');
  const released = n1.events.slice(-2).map(({ event, op }) => `${event} ${op}`);
  t.same(released, ['release lock', 'release open']);
});

t.test('row 29: no file of it is kept open, so that what is removed elsewhere frees its space', async (t) => {
  const { node } = await holding(t);
  const { dir } = node.domain(GOES);
  const kept = () =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(`${dir}/`);
      } catch {
        // That of the listing itself.
        return false;
      }
    });
  t.not(kept().length, 0);
  moves(node);
  t.same(kept(), []);
});

t.test('row 29: a delegation goes with the rest, also one that is being recalled', async (t) => {
  const { node, alice, goes, stateid } = await delegated(t);
  const bob = await new TestClient(node, 'bob').start();
  const there = await bob.handleOf(GOES);
  t.equal(await bob.open('f', 'app', { directory: there }), 'DELAY');
  moves(node);
  t.match(
    node.server.summary().clients.map(({ delegations }) => delegations),
    [0, 0],
  );
  t.equal(await alice.try(at(goes.handle), call(delegReturn, { delegStateid: stateid })), 'MOVED');
  await node.clock.advance(LEASE_MS * 0.7);
  await alice.renew();
  await bob.renew();
  await node.clock.advance(LEASE_MS * 0.7);
  await alice.renew();
  t.equal(alice.statusFlags & nfs.SEQ4_STATUS_RECALLABLE_STATE_REVOKED, 0, 'it is nobody\u2019s to revoke');
});

t.test(
  'row 29: an OPEN or a LOCK that waited for a courtesy to end finds that the filesystem is gone',
  async (t) => {
    const { node, alice } = await holding(t, { courtesy: 'until-conflict', patienceMs: LEASE_MS });
    const bob = await new TestClient(node, 'bob').start();
    const bobs = await openIn(bob, GOES);
    const denying = { create: true, deny: nfs.OPEN4_SHARE_DENY_BOTH, directory: await bob.handleOf(GOES) };
    await node.clock.advance(LEASE_MS * 0.6);
    await bob.renew();
    await node.clock.advance(LEASE_MS * 0.6);
    const { coordination } = node.domain(GOES);
    coordination.hold();
    const locking = bob.lock(bobs);
    const opening = bob.run([at(denying.directory), bob.openCall('app', CLAIM_F, denying)], { slot: 1 });
    await coordination.untilHolding(1);
    moves(node);
    coordination.letGo();
    t.equal((await locking).status, 'MOVED');
    t.equal((await opening).status, NFS4ERR_MOVED);
    const holders = node.server.summary().clients.filter(({ locks, opens }) => locks + opens > 0);
    t.same(
      holders.map(({ name }) => name),
      [],
    );
    t.ok(alice);
  },
);

/** With arguments that can be read, in whatever version. */
const ANY_OPERATION = fc.oneof(
  ...OPERATION_VALUES.slice(0, OPERATIONS.length).map(({ op, args }) =>
    args.map((value): OperationCall => ({ op: op as OperationCall['op'], args: value })),
  ),
);

t.test('any operation has an answer where the filesystem is not here', async (t) => {
  const { node, alice, root, goes } = await holding(t);
  const places = fc.constantFrom(moves, comesBack);
  const handles = fc.constantFrom(goes.handle, root);
  const versions = fc.constantFrom(0, 1, 2);
  await fc.assert(
    fc.asyncProperty(places, handles, versions, ANY_OPERATION, async (place, handle, version, operation) => {
      place(node);
      alice.minorVersion = version;
      if (version === 0) await node.send([at(handle), operation], { minorVersion: 0 });
      else await alice.run([at(handle), operation]);
      // It may have ended its own session.
      if (version > 0 && (await alice.renew()) !== 'OK') await alice.connect();
    }),
    { numRuns: 400 },
  );
  t.same(node.defects, []);
});
