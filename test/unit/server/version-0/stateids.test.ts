import t, { type Test } from 'tap';
import { attributeSet } from '../../../../src/nfs4/attributes.ts';
import { call, type OperationCall } from '../../../../src/nfs4/compound.ts';
import * as nfs from '../../../../src/nfs4/constants.ts';
import { close } from '../../../../src/nfs4/operations/close.ts';
import { lock } from '../../../../src/nfs4/operations/lock.ts';
import { lockU } from '../../../../src/nfs4/operations/lock-u.ts';
import { openConfirm } from '../../../../src/nfs4/operations/open-confirm.ts';
import { openDowngrade } from '../../../../src/nfs4/operations/open-downgrade.ts';
import { putFh } from '../../../../src/nfs4/operations/put-fh.ts';
import { read } from '../../../../src/nfs4/operations/read.ts';
import { setAttr } from '../../../../src/nfs4/operations/set-attr.ts';
import { write } from '../../../../src/nfs4/operations/write.ts';
import { ANONYMOUS_STATEID, READ_BYPASS_STATEID, type Stateid } from '../../../../src/nfs4/types.ts';
import { NodeUnderTest } from '../fixtures/node-under-test.ts';
import { type HeldLock, type OpenFile, SessionlessTestClient } from './fixtures/sessionless-client.ts';

/** Alice has a file open, twice changed, and a lock on it, twice changed. */
async function setup(t: Test) {
  const node = new NodeUnderTest(t);
  const alice = await new SessionlessTestClient(node, 'alice').start();
  const unconfirmed = await alice.open('f');
  if (typeof unconfirmed === 'string') throw new Error(unconfirmed);
  const firstOpen = unconfirmed.stateid;
  await alice.confirmOpen(unconfirmed);
  const held = await alice.locked(unconfirmed, 'locker', { offset: 0n, length: 25n });
  const firstLock = held.stateid;
  await alice.lockAgain(held, { offset: 50n, length: 25n });
  return { node, alice, file: unconfirmed, held, firstOpen, firstLock };
}

type Ask = (at: readonly OperationCall[], stateid: Stateid, seqid?: number) => readonly OperationCall[];

/** By the stateid they take: what uses one, with the seqid that is due unless another is asked for. */
function operations(alice: SessionlessTestClient, file: OpenFile, held: HeldLock) {
  const range = { lockType: nfs.READ_LT, reclaim: false, offset: 100n, length: 25n } as const;
  const owner = { clientId: alice.clientId, owner: Buffer.from('another') };
  const due = (name: string, seqid?: number) => seqid ?? alice.next(name);
  const ofOpen: Record<string, Ask> = {
    CLOSE: (at, openStateid, seqid) => [...at, call(close, { seqid: due('app', seqid), openStateid })],
    OPEN_DOWNGRADE: (at, openStateid, seqid) => [
      ...at,
      call(openDowngrade, { openStateid, seqid: due('app', seqid), shareAccess: 3, shareDeny: 0 }),
    ],
    OPEN_CONFIRM: (at, openStateid, seqid) => [
      ...at,
      call(openConfirm, { openStateid, seqid: due('app', seqid) }),
    ],
    'LOCK of a new owner': (at, openStateid, seqid) => {
      const openOwner = { openSeqid: due('app', seqid), openStateid, lockSeqid: 0, lockOwner: owner };
      return [...at, call(lock, { ...range, locker: { newLockOwner: true, openOwner } })];
    },
  };
  const ofLock: Record<string, Ask> = {
    LOCK: (at, lockStateid, seqid) => {
      const lockOwner = { lockStateid, lockSeqid: due('*locker', seqid) };
      return [...at, call(lock, { ...range, locker: { newLockOwner: false, lockOwner } })];
    },
    LOCKU: (at, lockStateid, seqid) => [
      ...at,
      call(lockU, {
        lockType: nfs.READ_LT,
        seqid: due('*locker', seqid),
        lockStateid,
        offset: 0n,
        length: 8n,
      }),
    ],
  };
  const ofEither: Record<string, Ask> = {
    READ: (at, stateid) => [...at, call(read, { stateid, offset: 0n, count: 8 })],
    WRITE: (at, stateid) => [
      ...at,
      call(write, { stateid, offset: 0n, stable: nfs.UNSTABLE4, data: Buffer.from('x') }),
    ],
    'SETATTR of the size': (at, stateid) => [
      ...at,
      call(setAttr, { stateid, objAttributes: attributeSet({ size: 9n }) }),
    ],
  };
  return { ofOpen, ofLock, ofEither, at: [call(putFh, { object: file.handle })], held };
}

t.test('row 33: a stateid of another life is STALE_STATEID, one of none BAD_STATEID', async (t) => {
  const { alice, file, held } = await setup(t);
  const { ofOpen, ofLock, ofEither, at } = operations(alice, file, held);
  const foreign = { seqid: 1, other: Buffer.from('000000010000000000000000', 'hex') };
  const invented = {
    seqid: 1,
    other: Buffer.concat([file.stateid.other.subarray(0, 8), Buffer.alloc(4, 7)]),
  };
  for (const [name, ask] of Object.entries({ ...ofOpen, ...ofLock, ...ofEither })) {
    t.equal(await alice.try(...ask(at, foreign)), 'STALE_STATEID', name);
    t.match(await alice.try(...ask(at, invented)), /^(BAD|STALE)_STATEID$/, name);
  }
  for (const [name, ask] of Object.entries({ ...ofOpen, ...ofLock }))
    for (const special of [ANONYMOUS_STATEID, READ_BYPASS_STATEID])
      t.equal(await alice.try(...ask(at, special)), 'BAD_STATEID', `${name} with a special one`);
  t.equal(await alice.closeFile(file), 'OK', 'and none of them has cost a seqid');
});

t.test('a stateid from before the newest change is OLD_STATEID, and costs a seqid', async (t) => {
  const { alice, file, held, firstOpen, firstLock } = await setup(t);
  const { ofOpen, ofLock, ofEither, at } = operations(alice, file, held);
  for (const [name, ask] of Object.entries(ofOpen)) {
    // It is confirmed, whatever comes with it.
    if (name === 'OPEN_CONFIRM') continue;
    t.equal(await alice.try(...ask(at, firstOpen)), 'OLD_STATEID', name);
    alice.count('app', 'OLD_STATEID');
  }
  for (const [name, ask] of Object.entries(ofLock)) {
    t.equal(await alice.try(...ask(at, firstLock)), 'OLD_STATEID', name);
    alice.count('*locker', 'OLD_STATEID');
  }
  for (const [name, ask] of Object.entries(ofEither))
    for (const old of [firstOpen, firstLock]) t.equal(await alice.try(...ask(at, old)), 'OLD_STATEID', name);
  t.equal(await alice.unlock(held), 'OK');
  t.equal(await alice.closeFile(file), 'OK');
});

t.test('a seqid that is not due is BAD_SEQID, again and again', async (t) => {
  const { alice, file, held } = await setup(t);
  const { ofOpen, ofLock, at } = operations(alice, file, held);
  for (const [name, ask] of Object.entries(ofOpen))
    for (const seqid of [50, 51, 50])
      t.equal(await alice.try(...ask(at, file.stateid, seqid)), 'BAD_SEQID', name);
  for (const [name, ask] of Object.entries(ofLock))
    for (const seqid of [50, 50])
      t.equal(await alice.try(...ask(at, held.stateid, seqid)), 'BAD_SEQID', name);
  t.equal(await alice.unlock(held), 'OK');
});

t.test('without a filehandle it is NOFILEHANDLE, before stateid and seqid', async (t) => {
  const { alice, file, held } = await setup(t);
  const { ofOpen, ofLock, ofEither } = operations(alice, file, held);
  for (const [name, ask] of Object.entries({ ...ofOpen, ...ofLock, ...ofEither }))
    t.equal(await alice.try(...ask([], file.stateid, 99)), 'NOFILEHANDLE', name);
});

t.test('OPEN_CONFIRM of what is confirmed is BAD_STATEID', async (t) => {
  const { alice, file } = await setup(t);
  t.equal(await alice.confirmOpen(file), 'BAD_STATEID');
});

t.test('LOCK and LOCKT for a client id that nobody has are STALE_CLIENTID', async (t) => {
  const { alice, file } = await setup(t);
  const nobody = alice.newLockCall(file, 'x', { offset: 200n }, { clientId: 0n });
  t.equal(await alice.try(call(putFh, { object: file.handle }), nobody), 'STALE_CLIENTID');
  t.equal(await alice.test(file, 'x', 0n), 'STALE_CLIENTID');
  t.equal(await alice.renew(0n), 'STALE_CLIENTID');
  t.equal(await alice.release('x', 0n), 'STALE_CLIENTID');
  t.equal(await alice.confirm(0n), 'STALE_CLIENTID');
});
