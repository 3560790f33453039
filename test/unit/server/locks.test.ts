import t, { type Test } from 'tap';
import { call } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { type LockTResult, lockT } from '../../../src/nfs4/operations/lock-t.ts';
import { putFh } from '../../../src/nfs4/operations/put-fh.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { statusName } from '../../../src/nfs4/status.ts';
import { NodeUnderTest } from './fixtures/node-under-test.ts';
import { type OpenFile, type Range, TestClient } from './fixtures/test-client.ts';

async function pair(t: Test) {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  const bob = await new TestClient(node, 'bob').start();
  return { node, alice, bob, file: await alice.opened('f'), bobs: await bob.opened('f') };
}

async function lockTest(
  client: TestClient,
  file: OpenFile,
  range: Range = {},
  owner = 'app',
): Promise<LockTResult> {
  const { results } = await client.run([
    call(putFh, { object: file.handle }),
    call(lockT, {
      lockType: nfs.WRITE_LT,
      offset: range.offset ?? 0n,
      length: range.length ?? 8n,
      owner: { clientId: client.clientId, owner: Buffer.from(owner) },
    }),
  ]);
  return results[2]!;
}

t.test('I1: a lock excludes others; DENIED says who holds what', async (t) => {
  const { alice, bob, file, bobs } = await pair(t);
  await alice.locked(file, { offset: 4n, length: 8n });
  const { status, result } = await bob.lock(bobs, { offset: 0n, length: 100n });
  t.equal(status, 'DENIED');
  t.match(result, {
    denied: {
      offset: 4n,
      length: 8n,
      lockType: nfs.WRITE_LT,
      owner: { clientId: alice.clientId, owner: Buffer.from('app') },
    },
  });
  t.equal((await bob.lock(bobs, { offset: 12n, length: 1n })).status, 'OK');
  t.equal((await bob.lock(bobs, { offset: 0n, length: 4n })).status, 'OK');
});

t.test('I1: two owners of one client exclude each other too', async (t) => {
  const { alice, file } = await pair(t);
  await alice.locked(file);
  const second = await alice.opened('f', 'another');
  t.equal((await alice.lock(second)).status, 'DENIED');
});

t.test('a lock to the end of the file has no end', async (t) => {
  const { alice, bob, file, bobs } = await pair(t);
  await alice.locked(file, { offset: 10n, length: nfs.LENGTH_TO_END_OF_FILE });
  const { result } = await bob.lock(bobs, { offset: 2n ** 62n, length: 1n });
  t.match(result, { denied: { offset: 10n, length: nfs.LENGTH_TO_END_OF_FILE } });
});

t.test('readers share; an upgrade needs to be alone; a downgrade lets others read', async (t) => {
  const { alice, bob, file, bobs } = await pair(t);
  const { held } = await alice.lock(file, {}, nfs.READ_LT);
  const other = await bob.lock(bobs, {}, nfs.READ_LT);
  t.ok(held !== null && other.held !== null);
  if (held === null || other.held === null) return;
  t.equal(await alice.lockAgain(held, {}, nfs.WRITE_LT), 'DENIED');
  t.equal(await bob.unlock(other.held), 'OK');
  t.equal(await alice.lockAgain(held, {}, nfs.WRITE_LT), 'OK');
  t.equal((await bob.lock(bobs, {}, nfs.READ_LT)).status, 'DENIED');
  t.equal(await alice.lockAgain(held, {}, nfs.READ_LT), 'OK');
  t.equal((await bob.lock(bobs, {}, nfs.READ_LT)).status, 'OK');
});

t.test('D15: unlocking the middle leaves both ends locked', async (t) => {
  const { alice, bob, file, bobs } = await pair(t);
  const held = await alice.locked(file, { offset: 0n, length: 30n });
  t.equal(await alice.unlock(held, { offset: 10n, length: 10n }), 'OK');
  t.equal((await bob.lock(bobs, { offset: 9n, length: 1n })).status, 'DENIED');
  t.equal((await bob.lock(bobs, { offset: 20n, length: 1n })).status, 'DENIED');
  t.equal((await bob.lock(bobs, { offset: 10n, length: 10n })).status, 'OK');
});

t.test('stateids of locks count up; the owner keeps one for each file', async (t) => {
  const { alice, file } = await pair(t);
  const held = await alice.locked(file);
  t.equal(held.stateid.seqid, 1);
  const old = { ...held };
  await alice.lockAgain(held, { offset: 50n, length: 1n });
  t.equal(held.stateid.seqid, 2);
  t.equal(await alice.unlock(old), 'OLD_STATEID');
  const again = await alice.locked(file, { offset: 60n, length: 1n });
  t.same(again.stateid, { seqid: 3, other: held.stateid.other }, 'also when the client calls the owner new');
});

t.test('a read lock needs read access, a write lock write access', async (t) => {
  const { alice } = await pair(t);
  const reader = await alice.opened('f', 'reader', { access: nfs.OPEN4_SHARE_ACCESS_READ });
  t.equal((await alice.lock(reader)).status, 'OPENMODE');
  t.equal((await alice.lock(reader, {}, nfs.READ_LT)).status, 'OK');
  const writer = await alice.opened('g', 'writer', { create: true, access: nfs.OPEN4_SHARE_ACCESS_WRITE });
  t.equal((await alice.lock(writer, {}, nfs.READ_LT)).status, 'OPENMODE');
});

t.test('ranges that cannot be', async (t) => {
  const { alice, file } = await pair(t);
  const status = async (offset: bigint, length: bigint) =>
    (await alice.lock(file, { offset, length })).status;
  t.equal(await status(0n, 0n), 'INVAL');
  t.equal(await status(2n ** 64n - 10n, 100n), 'INVAL');
  t.equal(await status(2n ** 63n, 1n), 'BAD_RANGE');
  t.equal(await status(2n ** 63n, nfs.LENGTH_TO_END_OF_FILE), 'BAD_RANGE');
  t.equal(await status(2n ** 63n - 1n, 1n), 'OK');
});

t.test('LOCKT sees others, not oneself, and takes nothing', async (t) => {
  const { alice, bob, file, bobs } = await pair(t);
  t.equal((await lockTest(bob, bobs)).status, 0);
  await alice.locked(file);
  t.match(await lockTest(bob, bobs), { denied: { owner: { owner: Buffer.from('app') } } });
  t.equal((await lockTest(alice, file)).status, 0);
  t.equal(statusName((await lockTest(alice, file, {}, 'another')).status), 'DENIED');
});

t.test('FREE_STATEID: LOCKS_HELD while something is locked, then it is gone', async (t) => {
  const { alice, file } = await pair(t);
  const held = await alice.locked(file);
  t.equal(await alice.free(held.stateid), 'LOCKS_HELD');
  await alice.unlock(held);
  t.equal(await alice.free(held.stateid), 'OK');
  t.equal(await alice.unlock(held), 'BAD_STATEID');
  t.equal(await alice.closeFile(file), 'OK');
});

t.test('a lock stateid does I/O with the access of its open', async (t) => {
  const { alice, file } = await pair(t);
  const held = await alice.locked(file);
  t.equal(await alice.write(file, 'x', held.stateid), 'OK');
  t.equal(await alice.read(file, held.stateid), 'OK x');
});

t.test('LOCK wants the stateid of an open, on a file', async (t) => {
  const { alice, file } = await pair(t);
  const held = await alice.locked(file);
  t.equal((await alice.lock({ ...file, stateid: held.stateid })).status, 'BAD_STATEID');
  t.equal(await alice.unlock({ ...held, stateid: file.stateid }), 'BAD_STATEID');
  t.equal(await alice.try(alice.lockCall(file)), 'NOFILEHANDLE');
  t.equal(await alice.try(call(putRootFh, {}), alice.lockCall(file)), 'ISDIR');
});

t.test('a program that is no client of this node is in the way without a name', async (t) => {
  const { node, alice, file } = await pair(t);
  const handle = node.filesystem.fromHandle(file.handle);
  if (!handle.ok) return t.fail(handle.errno);
  const taken = node.locks.lock(handle.value, 'some program', { start: 0n, end: 1n }, 'write');
  if (taken.outcome !== 'granted') return t.fail(taken.outcome);
  taken.keep();
  const { status, result } = await alice.lock(file);
  t.equal(status, 'DENIED');
  t.match(result, { denied: { owner: { clientId: 0n, owner: Buffer.alloc(0) } } });
});

t.test('the history shows grants, refusals and releases with owner, file and span', async (t) => {
  const { node, alice, bob, file, bobs } = await pair(t);
  node.events.length = 0;
  const held = await alice.locked(file, { offset: 1n, length: 2n });
  await bob.lock(bobs, { offset: 0n, length: nfs.LENGTH_TO_END_OF_FILE });
  await alice.unlock(held);
  const common = { kind: 'node', op: 'lock', file: 'f' };
  t.match(node.events, [
    { ...common, event: 'grant', client: 'alice', owner: 'app', mode: 'write', span: { start: 1, end: 3 } },
    { ...common, event: 'refuse', client: 'bob', status: 'DENIED', span: { start: 0, end: null } },
    { ...common, event: 'release', client: 'alice', owner: 'app', span: { start: 1, end: 3 } },
  ]);
});
