import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type AttributeName, attributeBitmap } from '../../../src/nfs4/attributes.ts';
import { call, type OperationCall } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { commit } from '../../../src/nfs4/operations/commit.ts';
import { type GetAttrResult, getAttr } from '../../../src/nfs4/operations/get-attr.ts';
import { lookup } from '../../../src/nfs4/operations/lookup.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { type ReadResult, read } from '../../../src/nfs4/operations/read.ts';
import { type ReadDirResult, readDir } from '../../../src/nfs4/operations/read-dir.ts';
import { type WriteResult, write } from '../../../src/nfs4/operations/write.ts';
import { statusName } from '../../../src/nfs4/status.ts';
import { ANONYMOUS_STATEID, READ_BYPASS_STATEID, type Stateid } from '../../../src/nfs4/types.ts';
import { NodeUnderTest } from './fixtures/node-under-test.ts';
import { SessionlessTestClient } from './version-0/fixtures/sessionless-client.ts';

const ROOT_FH = call(putRootFh, {});
const at = (objName: string): OperationCall[] => [ROOT_FH, call(lookup, { objName })];
const TEXT = 'This is the file test data.';

/** A client that needs no state to read and write: version 4.0, special stateids. */
async function started(t: Test) {
  const node = new NodeUnderTest(t);
  const alice = new SessionlessTestClient(node, 'alice');
  const last = async <Result>(...ops: OperationCall[]): Promise<Result> => {
    const results: readonly unknown[] = (await alice.run(...ops)).results;
    return results.at(-1) as Result;
  };
  const list = async (
    directory: string,
    maxCount: number,
    cookie = 0n,
    cookieVerf: Buffer = Buffer.alloc(8),
  ) => {
    const attrRequest = attributeBitmap(['size', 'filehandle']);
    const listing = { cookie, cookieVerf, dirCount: 0, maxCount, attrRequest };
    return last<ReadDirResult>(...at(directory), call(readDir, listing));
  };
  const get = async (name: string, names: readonly AttributeName[]) => {
    const asked = call(getAttr, { attrRequest: attributeBitmap(names) });
    const result = await last<GetAttrResult>(...at(name), asked);
    if (result.status !== 0) throw new Error(`GETATTR of ${name}`);
    return result.objAttributes.values;
  };
  return { node, alice, last, list, get };
}

t.test('READ: what is there, its end, and nothing behind it', async (t) => {
  const { node, last } = await started(t);
  writeFileSync(join(node.dir, 'f'), TEXT);
  const readAt = async (offset: bigint, count: number, stateid: Stateid = ANONYMOUS_STATEID) => {
    const result = await last<ReadResult>(...at('f'), call(read, { stateid, offset, count }));
    return result.status === 0 ? [result.data.toString(), result.eof] : statusName(result.status);
  };
  t.same(await readAt(0n, 2048), [TEXT, true]);
  t.same(await readAt(2n, 2, READ_BYPASS_STATEID), ['is', false]);
  t.same(await readAt(5n, 1000), [TEXT.slice(5), true]);
  t.same(await readAt(0n, TEXT.length), [TEXT, true], 'just all of it');
  t.same(await readAt(1000n, 10), ['', true]);
  t.same(await readAt(5n, 0), ['', false], 'nothing of what follows');
  t.same(await readAt(2n ** 64n - 1n, 10), ['', true]);
});

t.test('WRITE: as durable as was asked, anywhere, and nothing when there is nothing to write', async (t) => {
  const { node, last, get } = await started(t);
  writeFileSync(join(node.dir, 'f'), '\0'.repeat(32));
  const writeAt = (offset: bigint, text: string, stable: nfs.StableHow = nfs.FILE_SYNC4) =>
    last<WriteResult>(
      ...at('f'),
      call(write, { stateid: ANONYMOUS_STATEID, offset, stable, data: Buffer.from(text) }),
    );
  for (const stable of [nfs.UNSTABLE4, nfs.DATA_SYNC4, nfs.FILE_SYNC4] as const) {
    const result = await writeAt(30n, 'write data', stable);
    t.ok(result.status === 0 && result.count === 10 && result.committed >= stable);
  }
  t.equal((await get('f', ['size'])).size, 40n);
  const before = await get('f', ['timeModify', 'size']);
  const nothing = await writeAt(50n, '');
  t.ok(nothing.status === 0 && nothing.count === 0);
  t.same(await get('f', ['timeModify', 'size']), before);
  t.equal(statusName((await writeAt(2n ** 63n - 1n, 'x')).status), 'FBIG');
});

t.test('as much as maxread and maxwrite say goes in one piece', async (t) => {
  const { node, last, get } = await started(t);
  writeFileSync(join(node.dir, 'f'), '');
  const { maxRead = 0n, maxWrite = 0n } = await get('f', ['maxRead', 'maxWrite']);
  const data = Buffer.alloc(Number(maxWrite), 'A');
  const stateid = ANONYMOUS_STATEID;
  const written = await last<WriteResult>(
    ...at('f'),
    call(write, { stateid, offset: 0n, stable: nfs.UNSTABLE4, data }),
  );
  t.ok(written.status === 0 && written.count === data.length);
  const got = await last<ReadResult>(...at('f'), call(read, { stateid, offset: 0n, count: Number(maxRead) }));
  t.ok(got.status === 0 && got.data.equals(data) && got.eof);
});

t.test('COMMIT of any part, but not of what lies behind the last offset', async (t) => {
  const { node, alice } = await started(t);
  writeFileSync(join(node.dir, 'f'), TEXT);
  const committed = (offset: bigint, count: number) => alice.try(...at('f'), call(commit, { offset, count }));
  for (const [offset, count] of [
    [0n, 0],
    [1n, 0],
    [1n, 1],
    [0n, 0xffff_ffff],
    [2n ** 64n - 1n, 0],
  ] as const)
    t.equal(await committed(offset, count), 'OK', `${offset}, ${count}`);
  t.equal(await committed(2n ** 64n - 16n, 64), 'INVAL');
});

t.test(
  'READDIR: an empty directory takes 16 bytes to say so, and others need room for an entry',
  async (t) => {
    const { node, list } = await started(t);
    mkdirSync(join(node.dir, 'empty'));
    mkdirSync(join(node.dir, 'full'));
    mkdirSync(join(node.dir, 'full', 'x'));
    for (const count of [0, 15])
      t.equal(statusName((await list('empty', count)).status), 'TOOSMALL', `${count}`);
    const empty = await list('empty', 16);
    t.ok(empty.status === 0 && empty.reply.eof && empty.reply.entries.length === 0);
    t.equal(statusName((await list('full', 16)).status), 'TOOSMALL');
    for (const reserved of [1n, 2n])
      t.equal(statusName((await list('full', 400, reserved)).status), 'BAD_COOKIE');
  },
);

t.test('READDIR: a directory is told whole, once, in however many pieces', async (t) => {
  const { node, list } = await started(t);
  mkdirSync(join(node.dir, 'd'));
  const names = Array.from({ length: 100 }, (_, index) => `dir${String(index).padStart(2, '0')}`);
  for (const name of names) mkdirSync(join(node.dir, 'd', name));
  for (const maxCount of [200, 400, 4096, 65_536]) {
    const got: string[] = [];
    let piece = await list('d', maxCount);
    for (;;) {
      if (piece.status !== 0) throw new Error(`READDIR of ${maxCount}: ${statusName(piece.status)}`);
      const { entries, eof } = piece.reply;
      got.push(...entries.map(({ name }) => name));
      t.ok(entries.every(({ attrs }) => 'size' in attrs.values && 'filehandle' in attrs.values));
      if (eof) break;
      piece = await list('d', maxCount, entries.at(-1)?.cookie, piece.cookieVerf);
    }
    t.same(got.sort(), names, `in pieces of ${maxCount}`);
  }
});
