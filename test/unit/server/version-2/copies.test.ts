import t from 'tap';
import { call } from '../../../../src/nfs4/compound.ts';
import * as nfs from '../../../../src/nfs4/constants.ts';
import { clone } from '../../../../src/nfs4/operations/clone.ts';
import { close } from '../../../../src/nfs4/operations/close.ts';
import { type CopyArgs, type CopyResult, copy } from '../../../../src/nfs4/operations/copy.ts';
import { saveFh } from '../../../../src/nfs4/operations/save-fh.ts';
import { statusName } from '../../../../src/nfs4/status.ts';
import { ANONYMOUS_STATEID } from '../../../../src/nfs4/types.ts';
import { NodeUnderTest } from '../fixtures/node-under-test.ts';
import type { OpenFile, TestClient } from '../fixtures/test-client.ts';
import { at, clientOf, fill, ROOT_FH, started, textOf } from './fixtures/started.ts';

const SAVE = call(saveFh, {});
const MAX_OFFSET = 2n ** 63n - 1n;
const LARGE = Buffer.from(Uint8Array.from({ length: 9 << 20 }, (_, index) => (index >> 8) ^ index));

const between = (from: OpenFile, to: OpenFile, wish: Partial<CopyArgs>) => ({
  srcStateid: from.stateid,
  dstStateid: to.stateid,
  srcOffset: 0n,
  dstOffset: 0n,
  count: 0n,
  consecutive: true,
  synchronous: true,
  sourceServer: [],
  ...wish,
});

/** How much was copied, or why not. */
async function copied(
  client: TestClient,
  from: OpenFile,
  to: OpenFile,
  wish: Partial<CopyArgs> = {},
): Promise<number | string> {
  const { status, results } = await client.run([at(from), SAVE, at(to), call(copy, between(from, to, wish))]);
  const result = results[4] as CopyResult | undefined;
  if (result?.status !== 0) return statusName(status);
  const { requirements, response } = result as Extract<CopyResult, { status: 0 }>;
  t.same(requirements, { consecutive: true, synchronous: true });
  t.equal(response.callbackId, null);
  return Number(response.count);
}

async function twoFiles(t: Parameters<typeof started>[0]) {
  const { node, alice } = await started(t);
  const [from, to] = [await alice.opened('from'), await alice.opened('to')];
  fill(node, 'from', '0123456789');
  fill(node, 'to', 'abcdefghij');
  return { node, alice, from, to };
}

t.test('COPY copies a part, or all that follows', async (t) => {
  const { node, alice, from, to } = await twoFiles(t);
  t.equal(await copied(alice, from, to, { srcOffset: 2n, dstOffset: 5n, count: 3n }), 3);
  t.equal(textOf(node, 'to'), 'abcde234ij');
  t.equal(await copied(alice, from, to, { srcOffset: 8n, dstOffset: 12n, synchronous: false }), 2);
  t.equal(textOf(node, 'to'), 'abcde234ij\0\x0089');
  t.equal(await copied(alice, from, to, { srcOffset: 10n }), 0);
  t.equal(await copied(alice, from, from, { srcOffset: 0n, dstOffset: 10n, count: 10n }), 10);
  t.equal(textOf(node, 'from'), '01234567890123456789');
});

t.test('a copy that takes several turns is whole, and lets others go on', async (t) => {
  const { node, alice, from, to } = await twoFiles(t);
  fill(node, 'from', LARGE);
  fill(node, 'to', '');
  const done: string[] = [];
  const bob = await clientOf(node, 'bob');
  const copying = copied(alice, from, to).then((count) => {
    done.push('copied');
    return count;
  });
  const renewing = bob.renew().then(() => done.push('renewed'));
  await Promise.all([copying, renewing]);
  t.equal(await copying, LARGE.length);
  t.same(done, ['renewed', 'copied']);
  t.ok(Buffer.from(textOf(node, 'to'), 'latin1').equals(LARGE));
});

t.test('a copy ends when what allowed it goes', async (t) => {
  const { node, alice, from, to } = await twoFiles(t);
  fill(node, 'from', LARGE);
  const copying = copied(alice, from, to);
  const closing = alice.run([at(to), call(close, { seqid: 0, openStateid: { ...to.stateid, seqid: 0 } })], {
    slot: 1,
  });
  t.equal(statusName((await closing).status), 'OK');
  const count = await copying;
  t.type(count, 'number');
  t.ok((count as number) > 0 && (count as number) < LARGE.length, `${count} bytes`);
  t.equal(textOf(node, 'to').length, count);
});

t.test('between files of two filesystems it reads and writes; CLONE does not', async (t) => {
  const node = new NodeUnderTest(t, {}, ['a', 'b']);
  const alice = await clientOf(node, 'alice');
  const inDomain = async (name: string) =>
    alice.opened('f', 'app', { create: true, directory: await alice.handleOf(name) });
  const [from, to] = [await inDomain('a'), await inDomain('b')];
  for (let offset = 0; offset < 2; offset += 1) t.equal(await alice.write(from, 'x'.repeat(1 << 19)), 'OK');
  t.equal(await copied(alice, from, to), 1 << 19);
  t.equal((await alice.read(to)).slice(0, 6), 'OK xxx');
  const cloning = call(clone, between(from, to, {}));
  t.equal(await alice.try(at(from), SAVE, at(to), cloning), 'XDEV');
});

t.test('CLONE shares what it can, or changes nothing', async (t) => {
  const { node, alice, from, to } = await twoFiles(t);
  const status = await alice.try(at(from), SAVE, at(to), call(clone, between(from, to, {})));
  t.match(status, /^(OK|NOTSUPP)$/);
  t.equal(textOf(node, 'to'), status === 'OK' ? '0123456789' : 'abcdefghij');
});

t.test('COPY and CLONE are admitted as reading one file and writing the other', async (t) => {
  const { node, alice, from, to } = await twoFiles(t);
  const reader = await alice.opened('to', 'reader', { access: nfs.OPEN4_SHARE_ACCESS_READ });
  for (const operation of [copy, clone]) {
    const { name } = operation;
    const run = (wish: Partial<CopyArgs> = {}, target = to, client = alice) =>
      client.try(at(from), SAVE, at(target), { op: operation, args: between(from, target, wish) });
    t.equal(await run({}, reader), 'OPENMODE', name);
    t.equal(await run({ srcStateid: to.stateid }), 'BAD_STATEID', `${name} with the other file's`);
    t.equal(await run({ dstStateid: from.stateid }), 'BAD_STATEID', name);
    t.equal(await run({ srcOffset: 11n }), 'INVAL', `${name} from behind the end`);
    t.equal(await run({ srcOffset: 5n, count: 6n }), 'INVAL', `${name} to behind the end`);
    t.equal(await run({ dstOffset: MAX_OFFSET }), 'FBIG', name);
    t.equal(await run({ dstOffset: 4n, count: 5n }, from), 'INVAL', `${name} onto itself`);
    const { args } = call(copy, between(from, to, {}));
    t.equal(await alice.try(at(to), { op: operation, args }), 'NOFILEHANDLE', `${name} without a source`);
    t.equal(await alice.try(at(from), SAVE, ROOT_FH, { op: operation, args }), 'ISDIR', name);
    t.equal(await alice.try(ROOT_FH, SAVE, at(to), { op: operation, args }), 'ISDIR', name);
    const bob = await clientOf(node, `bob for ${name}`, { uid: 1000, machine: 'machine' });
    const unopened = { srcStateid: ANONYMOUS_STATEID, dstStateid: ANONYMOUS_STATEID };
    t.equal(await run(unopened, to, bob), 'ACCESS', name);
  }
  t.equal(textOf(node, 'to'), 'abcdefghij');
  const elsewhere = { sourceServer: [{ type: nfs.NL4_NAME, text: 'other' } as const] };
  t.equal(await copied(alice, from, to, elsewhere), 'NOTSUPP');
});
