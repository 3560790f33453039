import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { NO_ATTRIBUTES } from '../../../../src/nfs4/attributes.ts';
import { call, type OperationCall } from '../../../../src/nfs4/compound.ts';
import * as nfs from '../../../../src/nfs4/constants.ts';
import { getFh } from '../../../../src/nfs4/operations/get-fh.ts';
import { openConfirm } from '../../../../src/nfs4/operations/open-confirm.ts';
import { openDowngrade } from '../../../../src/nfs4/operations/open-downgrade.ts';
import { putFh } from '../../../../src/nfs4/operations/put-fh.ts';
import { putRootFh } from '../../../../src/nfs4/operations/put-root-fh.ts';
import { remove } from '../../../../src/nfs4/operations/remove.ts';
import { statusName } from '../../../../src/nfs4/status.ts';
import { decode, LEASE_MS, NodeUnderTest } from '../fixtures/node-under-test.ts';
import { SessionlessTestClient } from './fixtures/sessionless-client.ts';

async function setup(t: Test, options = {}) {
  const node = new NodeUnderTest(t, options);
  return { node, alice: await new SessionlessTestClient(node, 'alice').start() };
}

const byName = (file: string) => ({ claim: nfs.CLAIM_NULL, file }) as const;
const guarded = {
  openHow: { openType: nfs.OPEN4_CREATE, how: { mode: nfs.GUARDED4, createAttrs: NO_ATTRIBUTES } },
} as const;

/** The same COMPOUND twice: both answers as bytes, without the RPC header. */
async function twice(
  node: NodeUnderTest,
  ...ops: readonly OperationCall[]
): Promise<[string, string, string]> {
  const answers = [];
  for (let time = 0; time < 2; time += 1) {
    const reply = await node.server.handleCall(node.encode(ops, undefined, 0));
    if (reply === null) throw new Error('no answer');
    answers.push(reply);
  }
  const [first, second] = answers as [Buffer, Buffer];
  return [statusName(decode(first, ops).status), first.toString('hex', 8), second.toString('hex', 8)];
}

t.test(
  'section 9.1.9: the newest request of an owner is answered as before, and not done again',
  async (t) => {
    const { node, alice } = await setup(t);
    const root = call(putRootFh, {});
    const same = async (what: string, expected: string, ...ops: readonly OperationCall[]) => {
      const [status, first, second] = await twice(node, ...ops);
      t.equal(status, expected, what);
      t.equal(second, first, `${what}, repeated`);
    };

    await same(
      'OPEN of a new owner',
      'OK',
      root,
      alice.openCall('app', byName('f'), guarded),
      call(getFh, {}),
    );
    const { results } = await alice.run(root, alice.openCall('app', byName('f'), guarded), call(getFh, {}));
    const [, opened, handle] = results;
    if (opened?.status !== 0 || handle?.status !== 0) throw new Error('not opened');
    alice.count('app', 'OK');
    const file = { handle: handle.object, owner: 'app', stateid: opened.stateid };
    const at = call(putFh, { object: file.handle });

    await same('OPEN_CONFIRM', 'OK', at, call(openConfirm, { openStateid: file.stateid, seqid: 1 }));
    file.stateid = { ...file.stateid, seqid: 2 };
    alice.seqids.set('app', 2);
    await same(
      'OPEN of a known owner',
      'OK',
      root,
      alice.openCall('app', byName('g'), guarded),
      call(getFh, {}),
    );
    alice.seqids.set('app', 3);
    await same('OPEN that fails', 'NOENT', root, alice.openCall('app', byName('none'), { create: false }));
    alice.seqids.set('app', 4);
    await same('LOCK by a new owner', 'OK', at, alice.newLockCall(file, 'one'));
    alice.seqids.set('app', 5);
    await same('LOCK that fails', 'DENIED', at, alice.newLockCall(file, 'two'));
    alice.seqids.set('app', 6);
    const third = await alice.locked(file, 'three', { offset: 100n });
    await same('LOCK by a known owner', 'OK', at, alice.lockAgainCall(third, { offset: 200n }));
    third.stateid = { ...third.stateid, seqid: 2 };
    await same('LOCKU', 'OK', at, alice.unlockCall(third, { offset: 100n }, 2));
    const narrower = { openStateid: file.stateid, seqid: 7, shareAccess: 3, shareDeny: 0 };
    await same('OPEN_DOWNGRADE', 'OK', at, call(openDowngrade, narrower));
    file.stateid = { ...file.stateid, seqid: 3 };
    alice.seqids.set('app', 8);
    await same('CLOSE', 'OK', at, alice.closeCall(file));
  },
);

t.test('section 9.1.9: a repeated CLOSE finds its owner also when it has other files open', async (t) => {
  const { node, alice } = await setup(t);
  const file = await alice.opened('f');
  const other = await alice.opened('g');
  const at = call(putFh, { object: file.handle });
  const [status, first, second] = await twice(node, at, alice.closeCall(file));
  t.same([status, second], ['OK', first]);
  alice.count('app', 'OK');
  t.equal(await alice.closeFile(other), 'OK');
  t.equal(await alice.try(at, alice.closeCall(file)), 'BAD_STATEID', 'the newest only');
});

t.test('section 9.1.7: any other seqid is BAD_SEQID, and changes nothing', async (t) => {
  const { node, alice } = await setup(t);
  const file = await alice.opened('f');
  const held = await alice.locked(file);
  await alice.lockAgain(held, { offset: 50n });
  const at = call(putFh, { object: file.handle });
  const next = alice.next('app');
  for (const seqid of [next + 1, next + 50, next - 2, next - 1]) {
    const requests = [
      alice.openCall('app', byName('g'), {}, seqid),
      call(openConfirm, { openStateid: file.stateid, seqid }),
      call(openDowngrade, { openStateid: file.stateid, seqid, shareAccess: 1, shareDeny: 0 }),
      alice.closeCall(file, seqid),
      alice.newLockCall(file, 'other', { offset: 10n }, { openSeqid: seqid }),
    ];
    for (const request of requests) {
      const first = request.op.name === 'OPEN' ? call(putRootFh, {}) : at;
      t.equal(
        await alice.try(first, request),
        'BAD_SEQID',
        `${request.op.name} with ${seqid - next} too much`,
      );
    }
  }
  const lockNext = alice.next('*locker');
  for (const seqid of [lockNext + 1, lockNext - 2, lockNext - 1]) {
    t.equal(await alice.try(at, alice.lockAgainCall(held, { offset: 99n }, seqid)), 'BAD_SEQID');
    t.equal(await alice.try(at, alice.unlockCall(held, {}, seqid)), 'BAD_SEQID');
  }
  t.notOk(existsSync(join(node.dir, 'g')));
  t.equal(await alice.lockAgain(held, { offset: 99n }), 'OK', 'and costs none');
  t.equal(await alice.closeFile(file), 'OK');
});

t.test('section 9.1.7: which failures cost a seqid', async (t) => {
  const { node, alice } = await setup(t);
  const file = await alice.opened('f');
  const held = await alice.locked(file);
  const bob = await new SessionlessTestClient(node, 'bob').start();
  const bobs = await bob.opened('f');
  const at = call(putFh, { object: file.handle });
  const root = call(putRootFh, {});
  // [what it is answered, does it cost a seqid, the request]
  const cases: [string, boolean, string, () => readonly OperationCall[]][] = [
    ['NOENT', true, 'app', () => [root, alice.openCall('app', byName('none'), { create: false })]],
    ['INVAL', true, 'app', () => [root, alice.openCall('app', byName(''))]],
    ['INVAL', true, 'app', () => [root, alice.openCall('app', byName('f'), { access: 0 })]],
    ['INVAL', true, 'app', () => [root, alice.openCall('app', byName('f'), { access: 0x103 })]],
    ['NAMETOOLONG', true, 'app', () => [root, alice.openCall('app', byName('x'.repeat(300)))]],
    ['SHARE_DENIED', true, 'app', () => [root, alice.openCall('app', byName('f'), { deny: 1 })]],
    ['EXIST', true, 'app', () => [root, alice.openCall('app', byName('f'), guarded)]],
    ['NOFILEHANDLE', false, 'app', () => [alice.openCall('app', byName('f'))]],
    ['NOTDIR', true, 'app', () => [at, alice.openCall('app', byName('f'))]],
    ['OLD_STATEID', true, 'app', () => [at, alice.closeCall(file, undefined, { ...file.stateid, seqid: 1 })]],
    [
      'BAD_STATEID',
      false,
      'app',
      () => [at, alice.closeCall(file, undefined, { ...file.stateid, seqid: 99 })],
    ],
    ['STALE_STATEID', false, 'app', () => [at, alice.closeCall(file, undefined, stale)]],
    ['BAD_STATEID', false, 'app', () => [at, alice.closeCall(file, undefined, nothing)]],
    ['NOFILEHANDLE', false, 'app', () => [alice.closeCall(file)]],
    ['INVAL', true, 'app', () => [at, downgradeCall(0)]],
    ['BAD_STATEID', false, 'app', () => [root, downgradeCall(3)]],
    ['INVAL', true, 'app', () => [at, alice.newLockCall(file, 'two', { length: 0n })]],
    ['DENIED', true, 'app', () => [at, alice.newLockCall(file, 'two')]],
    ['STALE_CLIENTID', false, 'app', () => [at, alice.newLockCall(file, 'two', {}, { clientId: 0n })]],
    ['BAD_STATEID', false, 'app', () => [at, alice.newLockCall(bobs, 'two')]],
    ['NO_GRACE', true, 'app', () => [at, alice.newLockCall(file, 'two', { offset: 99n }, { reclaim: true })]],
    ['INVAL', true, '*locker', () => [at, alice.lockAgainCall(held, { length: 0n })]],
    ['BAD_RANGE', true, '*locker', () => [at, alice.lockAgainCall(held, { offset: 2n ** 63n })]],
    ['INVAL', true, '*locker', () => [at, alice.unlockCall(held, { length: 0n })]],
    [
      'OLD_STATEID',
      true,
      '*locker',
      () => [at, alice.unlockCall({ ...held, stateid: { ...held.stateid, seqid: 0 } })],
    ],
    ['BAD_STATEID', false, '*locker', () => [at, alice.unlockCall({ ...held, stateid: file.stateid })]],
    ['NOFILEHANDLE', false, '*locker', () => [alice.unlockCall(held)]],
  ];
  const stale = { seqid: 1, other: Buffer.from('0000000100000000000000000', 'hex').subarray(0, 12) };
  const nothing = { seqid: 0, other: Buffer.alloc(12) };
  const downgradeCall = (shareAccess: number) =>
    call(openDowngrade, { openStateid: file.stateid, seqid: alice.next('app'), shareAccess, shareDeny: 0 });
  for (const [expected, costs, owner, request] of cases) {
    const ops = request();
    const name = `${ops.at(-1)?.op.name} ${expected}`;
    t.equal(await alice.try(...ops), expected, name);
    if (costs) alice.seqids.set(owner, alice.next(owner) + 1);
    // Whoever counts differently is told BAD_SEQID.
    if (owner === 'app')
      t.equal(await alice.downgrade(file, 3), 'OK', `then the ${costs ? 'next' : 'same'} seqid`);
    else t.equal(await alice.lockAgain(held), 'OK', `then the ${costs ? 'next' : 'same'} seqid`);
  }
});

t.test('a name that is not UTF-8 is INVAL and costs a seqid', async (t) => {
  const { node, alice } = await setup(t);
  const file = await alice.opened('f');
  const ops = [call(putRootFh, {}), alice.openCall('app', byName('MARK'))];
  const message = node.encode(ops, undefined, 0);
  message.fill(0xff, message.indexOf('MARK'), message.indexOf('MARK') + 4);
  const reply = await node.server.handleCall(message);
  if (reply === null) throw new Error('no answer');
  t.equal(statusName(decode(reply, ops).status), 'INVAL');
  alice.count('app', 'INVAL');
  t.equal(await alice.closeFile(file), 'OK');
});

t.test('section 9.1.7: seqids wrap', async (t) => {
  const { alice } = await setup(t);
  alice.seqids.set('app', 0xffff_fffe);
  const file = await alice.opened('f');
  t.equal(alice.next('app'), 0);
  t.equal(await alice.closeFile(file), 'OK');
});

t.test(
  'section 9.1.9: the seqid of the newest request with another request behind it is BAD_SEQID',
  async (t) => {
    const { alice } = await setup(t);
    const file = await alice.opened('f');
    const other = await alice.opened('g');
    const seqid = alice.next('app') - 1;
    t.equal(await alice.try(call(putFh, { object: file.handle }), alice.closeCall(file, seqid)), 'BAD_SEQID');
    t.equal(await alice.try(call(putRootFh, {}), alice.openCall('app', byName('h'), {}, seqid)), 'BAD_SEQID');
    t.equal(await alice.read(other), 'OK ');
  },
);

t.test('section 9.1.9: the same request in another directory is another request', async (t) => {
  const { node, alice } = await setup(t);
  mkdirSync(join(node.dir, 'd'));
  await alice.opened('g');
  await alice.open('f');
  alice.seqids.set('app', alice.next('app') - 1);
  t.equal(await alice.open('f', 'app', {}, 'd'), 'BAD_SEQID');
});

t.test(
  'section 9.1.11: an owner that is not confirmed may begin anew; what it had open is let go',
  async (t) => {
    const { node, alice } = await setup(t);
    const bob = await new SessionlessTestClient(node, 'bob').start();
    const denying = { deny: nfs.OPEN4_SHARE_DENY_WRITE };
    const first = await alice.open('f', 'app', denying);
    if (typeof first === 'string') throw new Error(first);
    t.equal(await bob.open('f'), 'SHARE_DENIED');
    alice.seqids.set('app', 77);
    const second = await alice.opened('g', 'app');
    t.type(await bob.open('f'), 'object');
    t.equal(await alice.confirmOpen(first), 'BAD_STATEID');
    t.equal(await alice.read(second), 'OK ');
  },
);

t.test(
  'section 9.1.11: the seqid it began with before, and another file: not the answer of before',
  async (t) => {
    const { alice } = await setup(t);
    await alice.open('f');
    alice.seqids.set('app', 0);
    const file = await alice.opened('g');
    await alice.write(file, 'of g');
    t.equal(await alice.read(file), 'OK of g');
  },
);

t.test('section 16.10.5: a lock owner that is known begins nothing new', async (t) => {
  const { alice } = await setup(t);
  const file = await alice.opened('f');
  const held = await alice.locked(file);
  const at = call(putFh, { object: file.handle });
  t.equal(await alice.try(at, alice.newLockCall(file, 'locker', { offset: 99n })), 'BAD_SEQID');
  const other = await alice.opened('g');
  const wrong = alice.newLockCall(other, 'locker', {}, { lockSeqid: 7 });
  t.equal(
    await alice.try(call(putFh, { object: other.handle }), wrong),
    'BAD_SEQID',
    'on another file its sequence goes on',
  );
  t.equal((await alice.lock(other)).status, 'OK');
  t.equal(await alice.unlock(held), 'OK', 'one sequence for all files');
});

t.test('section 9.1.10: a lock owner without lock stateids begins with any seqid', async (t) => {
  const { alice } = await setup(t);
  const file = await alice.opened('f');
  const held = await alice.locked(file);
  await alice.unlock(held);
  await alice.closeFile(file);
  alice.seqids.set('*locker', 42);
  const again = await alice.opened('f');
  const relocked = await alice.locked(again);
  t.equal(await alice.unlock(relocked), 'OK');
  t.equal(await alice.release('locker'), 'OK');
  alice.seqids.set('*locker', 7);
  t.equal((await alice.lock(again)).status, 'OK');
});

t.test('a lock owner that holds no locks on a file any more may begin anew there', async (t) => {
  const { alice } = await setup(t);
  const file = await alice.opened('f');
  const at = call(putFh, { object: file.handle });
  const begin = () => alice.newLockCall(file, 'locker', {}, { lockSeqid: 0 });
  const held = await alice.locked(file);
  await alice.unlock(held);
  const again = await alice.run(at, begin());
  alice.count('app', 'OK');
  const [, relocked] = again.results;
  if (relocked?.status !== 0) return t.fail(`LOCK: ${again.status}`);
  t.equal(await alice.unlock(held), 'BAD_STATEID', 'what it had is forgotten');
  t.equal(await alice.try(at, begin()), 'BAD_SEQID', 'now it holds some');
  alice.seqids.set('*locker', 1);
  t.equal(await alice.unlock({ file, owner: 'locker', stateid: relocked.lockStateid }), 'OK');
});

t.test('a new lock owner that was denied may come again with the seqid it began with', async (t) => {
  const { alice } = await setup(t);
  const file = await alice.opened('f');
  const held = await alice.locked(file);
  for (let time = 0; time < 3; time += 1) t.equal((await alice.lock(file, 'waiting')).status, 'DENIED');
  await alice.unlock(held);
  t.equal((await alice.lock(file, 'waiting')).status, 'OK');
});

t.test(
  'section 9.1.10: an owner that is not used for a lease is forgotten, and must be confirmed again',
  async (t) => {
    const { node, alice } = await setup(t);
    const file = await alice.opened('f');
    const busy = await alice.opened('f', 'busy');
    await alice.closeFile(file);
    for (let time = 0; time < 6; time += 1) {
      await node.clock.advance(LEASE_MS / 4);
      t.equal(await alice.renew(), 'OK');
    }
    t.equal(
      await alice.try(call(putFh, { object: file.handle }), alice.closeCall(file, alice.next('app') - 1)),
      'BAD_STATEID',
    );
    const again = await alice.open('f');
    t.type(again, 'object');
    t.ok((alice.rflags & nfs.OPEN4_RESULT_CONFIRM) !== 0);
    t.equal(await alice.closeFile(busy), 'OK', 'one that has something open stays');
  },
);

t.test('an OPEN that nobody confirms for a lease is let go', async (t) => {
  const { node, alice } = await setup(t);
  const bob = await new SessionlessTestClient(node, 'bob').start();
  await alice.open('f', 'app', { deny: nfs.OPEN4_SHARE_DENY_BOTH });
  t.equal(await bob.open('f'), 'SHARE_DENIED');
  for (let time = 0; time < 6; time += 1) {
    await node.clock.advance(LEASE_MS / 4);
    t.same([await alice.renew(), await bob.renew()], ['OK', 'OK']);
  }
  t.type(await bob.open('f'), 'object');
});

t.test('a repeated OPEN whose file is gone meanwhile is still the OPEN of before', async (t) => {
  const { node, alice } = await setup(t);
  await alice.opened('other');
  const root = call(putRootFh, {});
  const ops = [root, alice.openCall('app', byName('f'), guarded)] as const;
  t.equal(await alice.try(...ops), 'OK');
  t.equal(await alice.try(root, call(remove, { target: 'f' })), 'OK');
  t.equal(await alice.try(...ops), 'OK');
  t.notOk(existsSync(join(node.dir, 'f')), 'and makes no other');
});
