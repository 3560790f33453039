import { mkdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { call } from '../../../../src/nfs4/compound.ts';
import * as nfs from '../../../../src/nfs4/constants.ts';
import { allocate } from '../../../../src/nfs4/operations/allocate.ts';
import { deallocate } from '../../../../src/nfs4/operations/deallocate.ts';
import { seek } from '../../../../src/nfs4/operations/seek.ts';
import { statusName } from '../../../../src/nfs4/status.ts';
import { ANONYMOUS_STATEID, type Stateid } from '../../../../src/nfs4/types.ts';
import type { NodeUnderTest } from '../fixtures/node-under-test.ts';
import type { OpenFile, TestClient } from '../fixtures/test-client.ts';
import { at, clientOf, fill, ROOT_FH, started, textOf, to } from './fixtures/started.ts';

const BLOCK = 65_536;
const MAX_UINT64 = 2n ** 64n - 1n;

async function sought(client: TestClient, file: OpenFile, offset: number | bigint, what: number) {
  const { status, results } = await client.run([
    at(file),
    call(seek, { stateid: file.stateid, offset: BigInt(offset), what }),
  ]);
  const result = results[2];
  return result?.status === 0 ? [Number(result.offset), result.eof] : statusName(status);
}

/** Does this filesystem make holes? */
function makesHoles(node: NodeUnderTest): boolean {
  fill(node, 'probe', Buffer.alloc(2 * BLOCK, 1));
  const { filesystem } = node;
  const probe = filesystem.lookup(filesystem.root(), 'probe');
  return probe.ok && filesystem.extents.deallocate(probe.value, 0n, BigInt(BLOCK)).ok;
}

t.test('SEEK finds data and holes, and the hole behind the end', async (t) => {
  const { node, alice } = await started(t);
  const file = await alice.opened('f');
  fill(node, 'f', Buffer.alloc(3 * BLOCK, 1));
  t.same(await sought(alice, file, 5, nfs.NFS4_CONTENT_DATA), [5, false]);
  t.same(await sought(alice, file, 5, nfs.NFS4_CONTENT_HOLE), [3 * BLOCK, true]);
  t.equal(await sought(alice, file, 3 * BLOCK, nfs.NFS4_CONTENT_DATA), 'NXIO');
  t.equal(await sought(alice, file, 3 * BLOCK, nfs.NFS4_CONTENT_HOLE), 'NXIO');
  t.equal(await sought(alice, file, MAX_UINT64, nfs.NFS4_CONTENT_HOLE), 'NXIO');
  t.equal(await sought(alice, file, 0, 2), 'UNION_NOTSUPP');
});

t.test('DEALLOCATE makes a hole that SEEK finds; the size stays', async (t) => {
  const { node, alice } = await started(t);
  if (!makesHoles(node)) return t.comment('no holes in this filesystem');
  const file = await alice.opened('f');
  fill(node, 'f', Buffer.alloc(3 * BLOCK, 1));
  const punch = (offset: bigint, length: bigint) =>
    alice.try(at(file), call(deallocate, { stateid: file.stateid, offset, length }));
  t.equal(await punch(BigInt(BLOCK), BigInt(BLOCK)), 'OK');
  const contents = Buffer.from(textOf(node, 'f'), 'latin1');
  t.equal(contents.length, 3 * BLOCK);
  t.ok(contents.equals(Buffer.concat([Buffer.alloc(BLOCK, 1), Buffer.alloc(BLOCK), Buffer.alloc(BLOCK, 1)])));
  t.same(await sought(alice, file, 0, nfs.NFS4_CONTENT_HOLE), [BLOCK, false]);
  t.same(await sought(alice, file, BLOCK, nfs.NFS4_CONTENT_DATA), [2 * BLOCK, false]);
  t.equal(await punch(BigInt(BLOCK), MAX_UINT64 - BigInt(BLOCK)), 'OK', 'to the end and beyond');
  t.same(await sought(alice, file, BLOCK, nfs.NFS4_CONTENT_DATA), [3 * BLOCK, true], 'none, though inside');
  t.equal(statSync(join(node.dir, 'f')).size, 3 * BLOCK);
  t.equal(await punch(2n ** 63n, 1n), 'OK', 'nothing is there');
  return undefined;
});

t.test('ALLOCATE makes room and lets the file reach it', async (t) => {
  const { node, alice } = await started(t);
  const file = await alice.opened('f');
  fill(node, 'f', 'abc');
  const make = (offset: bigint, length: bigint) =>
    alice.try(at(file), call(allocate, { stateid: file.stateid, offset, length }));
  const first = await make(1n, BigInt(BLOCK));
  if (first === 'NOTSUPP') return t.comment('no allocation in this filesystem');
  t.equal(first, 'OK');
  const { size, blocks } = statSync(join(node.dir, 'f'));
  t.equal(size, BLOCK + 1);
  t.ok(blocks * 512 >= BLOCK);
  t.equal(textOf(node, 'f').slice(0, 4), 'abc\0');
  t.equal(await make(0n, 0n), 'INVAL');
  t.equal(await make(MAX_UINT64, 1n), 'INVAL');
  t.equal(await make(2n ** 63n - 1n, 1n), 'FBIG');
  t.equal(await make(0n, 2n ** 62n), 'NOSPC');
  t.ok(statSync(join(node.dir, 'f')).blocks === blocks, 'nothing was taken for what cannot be had');
  return undefined;
});

t.test('they are admitted as reading and writing are', async (t) => {
  const { node, alice } = await started(t);
  const file = await alice.opened('f');
  const reader = await alice.opened('f', 'reader', { access: nfs.OPEN4_SHARE_ACCESS_READ });
  mkdirSync(join(node.dir, 'd'));
  symlinkSync('f', join(node.dir, 'l'));
  const operations = (stateid: Stateid) => [
    call(seek, { stateid, offset: 0n, what: 1 }),
    call(allocate, { stateid, offset: 0n, length: 1n }),
    call(deallocate, { stateid, offset: 0n, length: 1n }),
  ];
  for (const operation of operations(ANONYMOUS_STATEID)) {
    const { name } = operation.op;
    t.equal(await alice.try(operation), 'NOFILEHANDLE', name);
    t.equal(await alice.try(ROOT_FH, operation), 'ISDIR', name);
    t.equal(await alice.try(...to('l'), operation), 'SYMLINK', name);
  }
  for (const operation of operations({ ...file.stateid, other: Buffer.alloc(12, 7) }))
    t.equal(await alice.try(at(file), operation), 'BAD_STATEID', operation.op.name);
  const [, ...changing] = operations(reader.stateid);
  for (const operation of changing)
    t.equal(await alice.try(at(file), operation), 'OPENMODE', operation.op.name);

  fill(node, 'private', 'secret');
  const bob = await clientOf(node, 'bob', { uid: 1000, machine: 'machine' });
  const [look, ...change] = operations(ANONYMOUS_STATEID);
  t.equal(await bob.try(...to('private'), look as (typeof change)[number]), 'OK');
  for (const operation of change)
    t.equal(await bob.try(...to('private'), operation), 'ACCESS', operation.op.name);

  await alice.opened('denied', 'app', { create: true, deny: nfs.OPEN4_SHARE_DENY_BOTH });
  for (const operation of operations(ANONYMOUS_STATEID))
    t.equal(await bob.try(...to('denied'), operation), operation.op.name === 'SEEK' ? 'LOCKED' : 'ACCESS');
});
