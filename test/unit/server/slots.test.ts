import t, { type Test } from 'tap';
import { attributeBitmap, NO_ATTRIBUTES } from '../../../src/nfs4/attributes.ts';
import { call } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { bindConnToSession } from '../../../src/nfs4/operations/bind-conn-to-session.ts';
import { create } from '../../../src/nfs4/operations/create.ts';
import { getAttr } from '../../../src/nfs4/operations/get-attr.ts';
import { getFh } from '../../../src/nfs4/operations/get-fh.ts';
import { putFh } from '../../../src/nfs4/operations/put-fh.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { read } from '../../../src/nfs4/operations/read.ts';
import { readDir } from '../../../src/nfs4/operations/read-dir.ts';
import { reclaimComplete } from '../../../src/nfs4/operations/reclaim-complete.ts';
import { saveFh } from '../../../src/nfs4/operations/save-fh.ts';
import { statusName } from '../../../src/nfs4/status.ts';
import { ANONYMOUS_STATEID } from '../../../src/nfs4/types.ts';
import { decode, NodeUnderTest, type Sender } from './fixtures/node-under-test.ts';
import { TestClient } from './fixtures/test-client.ts';

const mkdir = (name: string) =>
  call(create, { objType: { type: nfs.NF4DIR }, objName: name, createAttrs: NO_ATTRIBUTES });

async function started(t: Test) {
  const node = new NodeUnderTest(t);
  return { node, alice: await new TestClient(node, 'alice').start() };
}

t.test(
  'a request that comes again is not done again: the kept reply comes again, byte by byte',
  async (t) => {
    const { node, alice } = await started(t);
    alice.seqids[0]! += 1;
    const message = node.encode([alice.sequence(0, true), call(putRootFh, {}), mkdir('d')]);
    const first = await node.server.handleCall(message);
    const again = await node.server.handleCall(message);
    t.same(again, first);
    t.equal(await alice.try(call(putRootFh, {}), mkdir('d')), 'EXIST', 'the next one is new');
  },
);

t.test(
  'a reply that was not to be kept is RETRY_UNCACHED_REP, and the request is not done again',
  async (t) => {
    const { node, alice } = await started(t);
    alice.seqids[0]! += 1;
    const ops = [alice.sequence(0, false), call(putRootFh, {}), mkdir('d')] as const;
    t.equal(statusName((await node.send(ops)).status), 'OK');
    const again = await node.send(ops);
    t.equal(statusName(again.status), 'RETRY_UNCACHED_REP');
    t.equal(again.results[0]?.status, 0, 'SEQUENCE itself succeeds');
    t.equal(again.results[1]?.status, again.status);
    t.equal(await alice.renew(), 'OK');
  },
);

t.test('a lone SEQUENCE is always kept', async (t) => {
  const { node, alice } = await started(t);
  alice.seqids[0]! += 1;
  const message = node.encode([alice.sequence()]);
  t.same(await node.server.handleCall(message), await node.server.handleCall(message));
});

t.test('SEQ_MISORDERED for anything but the newest and the next', async (t) => {
  const { node, alice } = await started(t);
  const at = async (sequenceId: number) => {
    const { op, args } = alice.sequence();
    const sent = { op, args: { ...(args as object), sequenceId } };
    return statusName((await node.send([sent])).status);
  };
  const now = alice.seqids[0]!;
  t.equal(await at(now + 2), 'SEQ_MISORDERED');
  t.equal(await at(now - 1), 'SEQ_MISORDERED');
  t.equal(await at(now + 1), 'OK');
  const { op, args } = alice.sequence();
  const unused = { op, args: { ...(args as object), slotId: 5, highestSlotId: 5, sequenceId: 0 } };
  t.equal(
    statusName((await node.send([unused])).status),
    'SEQ_MISORDERED',
    'nothing to replay on an unused slot',
  );
});

t.test('another request under a used sequence id is SEQ_FALSE_RETRY', async (t) => {
  const { node, alice } = await started(t);
  alice.seqids[0]! += 1;
  await node.send([alice.sequence(0, true), call(putRootFh, {})]);
  const other = await node.send([alice.sequence(0, true), call(saveFh, {})]);
  t.equal(statusName(other.status), 'SEQ_FALSE_RETRY');
  const stranger: Sender = { uid: 1, machine: 'machine' };
  const same = await node.send([alice.sequence(0, true), call(putRootFh, {})], { sender: stranger });
  t.equal(statusName(same.status), 'SEQ_FALSE_RETRY', 'the same words from somebody else');
});

t.test('a retry may name another highest slot', async (t) => {
  const { node, alice } = await started(t);
  alice.seqids[0]! += 1;
  const { op, args } = alice.sequence(0, true);
  await node.send([{ op, args }, call(putRootFh, {})]);
  const retry = { op, args: { ...(args as object), highestSlotId: 3 } };
  t.equal(statusName((await node.send([retry, call(putRootFh, {})])).status), 'OK');
});

t.test('a retry while the request is being worked on is DELAY, and then gets its reply', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').connect();
  alice.seqids[0]! += 1;
  const message = node.encode([alice.sequence(0, true), call(reclaimComplete, { oneFs: false })]);
  node.coordination.hold();
  const pending = node.server.handleCall(message);
  t.type(pending, Promise);
  const ops = [alice.sequence(0, true), call(reclaimComplete, { oneFs: false })] as const;
  t.equal(statusName((await node.send(ops)).status), 'DELAY');
  alice.seqids[1]! += 1;
  t.equal(statusName((await node.send([alice.sequence(1)])).status), 'OK', 'other slots go on');
  alice.seqids[0]! += 1;
  t.equal(statusName((await node.send([alice.sequence()])).status), 'SEQ_MISORDERED', 'nothing overtakes it');
  alice.seqids[0]! -= 1;
  node.coordination.letGo();
  const answer = await pending;
  t.same(await node.server.handleCall(message), answer);
});

t.test('BADSLOT and BAD_HIGH_SLOT', async (t) => {
  const { node, alice } = await started(t);
  const { op, args } = alice.sequence();
  const on = (slotId: number, highestSlotId: number) => ({
    op,
    args: { ...(args as object), slotId, highestSlotId },
  });
  t.equal(statusName((await node.send([on(8, 7)])).status), 'BADSLOT');
  t.equal(statusName((await node.send([on(0, 8)])).status), 'BAD_HIGH_SLOT');
});

t.test('TOO_MANY_OPS and REQ_TOO_BIG take no sequence id', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = new TestClient(node, 'alice');
  await alice.exchange();
  await alice.createSession({ maxOperations: 3, maxRequestSize: 1024 });
  await alice.complete();
  const root = call(putRootFh, {});
  t.equal(await alice.try(root, root, root), 'TOO_MANY_OPS');
  t.equal(await alice.try(root, mkdir('x'.repeat(2000))), 'REQ_TOO_BIG');
  t.equal(await alice.try(root, root), 'OK');
});

t.test('REP_TOO_BIG_TO_CACHE comes before the deed, not after it', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = new TestClient(node, 'alice');
  await alice.exchange();
  await alice.createSession({ maxResponseSizeCached: 130 });
  await alice.complete();
  const ops = [call(putRootFh, {}), mkdir('d')] as const;
  t.equal(statusName((await alice.run(ops, { keep: true })).status), 'REP_TOO_BIG_TO_CACHE');
  t.equal(statusName((await alice.run(ops)).status), 'OK', 'it had not been made');
});

t.test('REP_TOO_BIG replaces the result that does not fit', async (t) => {
  const node = new NodeUnderTest(t, { limits: { messageBytes: 100_000 } });
  const alice = new TestClient(node, 'alice');
  await alice.exchange();
  await alice.createSession({ maxResponseSize: 1024 });
  await alice.complete();
  const root = call(putRootFh, {});
  const attributes = call(getAttr, {
    attrRequest: attributeBitmap(['filehandle', 'owner', 'supportedAttrs']),
  });
  alice.seqids[0]! += 1;
  const ops = [alice.sequence(), root, ...new Array(14).fill(attributes)];
  const reply = await node.server.handleCall(node.encode(ops));
  if (reply === null) return t.fail('no answer');
  t.ok(reply.length <= 1024, `${reply.length} bytes`);
  const { status, results } = decode(reply, ops);
  t.equal(statusName(status), 'REP_TOO_BIG');
  t.ok(results.length > 4, 'what fits is there');
});

t.test('READ and READDIR fit themselves to the reply', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = new TestClient(node, 'alice');
  await alice.exchange();
  await alice.createSession({ maxResponseSize: 1024 });
  await alice.complete();
  const file = await alice.opened('f');
  await alice.write(file, 'x'.repeat(950));
  const { results } = await alice.run([
    call(putFh, { object: file.handle }),
    call(read, { stateid: ANONYMOUS_STATEID, offset: 0n, count: 5000 }),
  ]);
  const result = results[2];
  t.ok(result?.status === 0 && result.data.length > 800 && !result.eof, 'a short read');

  for (let index = 0; index < 40; index += 1)
    await alice.try(call(putRootFh, {}), mkdir(`directory-${index}`));
  const seen = new Set<string>();
  let cookie = 0n;
  let cookieVerf: Buffer = Buffer.alloc(8);
  for (let eof = false; !eof; ) {
    const page = await alice.run([
      call(putRootFh, {}),
      call(readDir, {
        cookie,
        cookieVerf,
        dirCount: 0,
        maxCount: 100_000,
        attrRequest: attributeBitmap(['type']),
      }),
    ]);
    const listed = page.results[2];
    if (listed?.status !== 0) return t.fail(statusName(page.status));
    for (const entry of listed.reply.entries) {
      t.notOk(seen.has(entry.name));
      seen.add(entry.name);
      cookie = entry.cookie;
    }
    cookieVerf = listed.cookieVerf;
    eof = listed.reply.eof;
  }
  t.equal(seen.size, 41);
});

t.test('where SEQUENCE and the operations around it may stand', async (t) => {
  const { node, alice } = await started(t);
  const status = async (...ops: Parameters<NodeUnderTest['send']>[0]) =>
    statusName((await node.send(ops)).status);
  const root = call(putRootFh, {});
  t.equal(await status(root), 'OP_NOT_IN_SESSION');
  t.equal(await status(alice.exchangeCall(), root), 'NOT_ONLY_OP');
  t.equal(await alice.try(root, alice.sequence()), 'SEQUENCE_POS');
  const bind = call(bindConnToSession, {
    sessionId: alice.sessionId,
    dir: nfs.CDFC4_FORE,
    useConnInRdmaMode: false,
  });
  t.equal(await alice.try(bind), 'NOT_ONLY_OP');
  t.equal(await status(bind), 'OK');
  t.equal(await alice.try(alice.exchangeCall()), 'OK', 'EXCHANGE_ID may also come in a session');
  t.equal(await status(), 'OK', 'nothing asked, nothing answered');
});

t.test('minor version mismatch, unknown and unsupported operations', async (t) => {
  const { node, alice } = await started(t);
  for (const minorVersion of [3, 7]) {
    const reply = await node.send([alice.exchangeCall()], { minorVersion });
    t.equal(statusName(reply.status), 'MINOR_VERS_MISMATCH');
    t.equal(reply.results.length, 0);
  }
  const numbered = (number: number) => ({ op: { ...getFh, number }, args: {} });
  for (const number of [0, 2, 59, 75, 9999])
    t.equal(await alice.try(numbered(number)), 'OP_ILLEGAL', `${number}`);
  for (const number of [7, 20, 30, 35, 39, 46, 50])
    t.equal(await alice.try(numbered(number)), 'NOTSUPP', `${number}`);
});
