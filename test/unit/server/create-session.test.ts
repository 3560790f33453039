import t, { type Test } from 'tap';
import { attributeBitmap } from '../../../src/nfs4/attributes.ts';
import { call, type OperationCall } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { createSession } from '../../../src/nfs4/operations/create-session.ts';
import { destroyClientid } from '../../../src/nfs4/operations/destroy-clientid.ts';
import { getAttr } from '../../../src/nfs4/operations/get-attr.ts';
import { lookup } from '../../../src/nfs4/operations/lookup.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { reclaimComplete } from '../../../src/nfs4/operations/reclaim-complete.ts';
import { sequence } from '../../../src/nfs4/operations/sequence.ts';
import type { ChannelAttrs } from '../../../src/nfs4/session-types.ts';
import { statusName } from '../../../src/nfs4/status.ts';
import { NodeUnderTest, ROOT } from './fixtures/node-under-test.ts';
import { CHANNEL, TestClient } from './fixtures/test-client.ts';

const USER = { uid: 1111, machine: 'shampoo' };
const ROOT_FH = call(putRootFh, {});

async function introduced(t: Test) {
  const node = new NodeUnderTest(t);
  const alice = new TestClient(node, 'alice');
  await alice.exchange();
  return { node, alice };
}

/** CREATE_SESSION with arguments of one's own. */
function creation(client: TestClient, args: Partial<Parameters<typeof createSession.encodeArgs>[1]> = {}) {
  const plain = client.createSessionCall().args as Parameters<typeof createSession.encodeArgs>[1];
  return call(createSession, { ...plain, ...args });
}

const channel = (attrs: Partial<ChannelAttrs>): ChannelAttrs => ({ ...CHANNEL, ...attrs });

t.test('a session may be small: what does not fit is told so, request by request', async (t) => {
  const { alice } = await introduced(t);
  t.equal(await alice.createSession({ maxRequestSize: 400, maxResponseSize: 400 }), 'OK');
  t.equal(await alice.complete(), 'OK');
  t.equal(await alice.try(ROOT_FH, call(lookup, { objName: '12345'.repeat(100) })), 'REQ_TOO_BIG');
  const ask = call(getAttr, { attrRequest: attributeBitmap(['supportedAttrs', 'fsid', 'filehandle']) });
  t.equal(await alice.try(ROOT_FH, ask, ask, ask, ask), 'REP_TOO_BIG');
  t.equal(await alice.try(ROOT_FH, ask), 'OK');
});

t.test(
  'a reply that must be kept and is larger than may be kept is refused, of a lone SEQUENCE too',
  async (t) => {
    const { node, alice } = await introduced(t);
    t.equal(await alice.createSession({ maxResponseSizeCached: 10 }), 'OK');
    const lone = (cacheThis: boolean) =>
      call(sequence, {
        sessionId: alice.sessionId,
        sequenceId: 1,
        slotId: cacheThis ? 0 : 1,
        highestSlotId: 1,
        cacheThis,
      });
    t.equal(statusName((await node.send([lone(true)])).status), 'REP_TOO_BIG_TO_CACHE');
    t.equal(statusName((await node.send([lone(false)])).status), 'OK');
  },
);

t.test(
  'what is too small takes no sequence id, in either direction, however often it is asked',
  async (t) => {
    const { node, alice } = await introduced(t);
    const send = async (args: Parameters<typeof creation>[1]) =>
      statusName((await node.send([creation(alice, args)])).status);
    const small = [
      { foreChanAttrs: channel({ maxRequestSize: 20 }) },
      { foreChanAttrs: channel({ maxResponseSize: 0 }) },
      { backChanAttrs: channel({ maxRequestSize: 10 }) },
      { backChanAttrs: channel({ maxOperations: 1 }) },
    ];
    for (let time = 0; time < 50; time += 1)
      for (const args of small) t.equal(await send(args), 'TOOSMALL', JSON.stringify(args));
    t.equal(await send({ flags: 0xf }), 'INVAL', 'an unknown flag');
    t.equal(await send({}), 'OK');
  },
);

t.test('a repetition gets the answer of before, in a session and out of one', async (t) => {
  const { node, alice } = await introduced(t);
  const first = await node.send([creation(alice)]);
  t.equal(first.status, 0);
  t.same((await node.send([creation(alice)])).results, first.results);
  const created = first.results[0];
  if (created?.status !== 0) throw new Error('no session');
  alice.sessionId = created.sessionId;
  const again: OperationCall = creation(alice);
  t.same((await alice.run([again])).results[1], created);

  alice.clientSequence += 1;
  const second = (await alice.run([creation(alice)])).results[1];
  t.equal(second?.status, 0);
  t.same((await node.send([creation(alice)])).results[0], second);
});

t.test('the sequence id is the next or the newest, and nothing else', async (t) => {
  const { node, alice } = await introduced(t);
  const send = async (sequenceId: number) =>
    statusName((await node.send([creation(alice, { sequence: sequenceId })])).status);
  const first = alice.clientSequence;
  t.equal(await send(first - 1), 'SEQ_MISORDERED', 'nothing was answered yet');
  t.equal(await send(first + 1), 'SEQ_MISORDERED');
  t.equal(await send(first), 'OK');
  t.equal(await send(first - 1), 'SEQ_MISORDERED');
  t.equal(await send(first + 2), 'SEQ_MISORDERED');
  t.equal(await send(first + 1), 'OK');
});

t.test(
  'section 18.36.3: who confirms a client id must have asked for it; then anybody may make sessions',
  async (t) => {
    const { node, alice } = await introduced(t);
    const as = async (sender: typeof USER) =>
      statusName((await node.send([creation(alice)], { sender })).status);
    t.equal(await as(USER), 'CLID_INUSE');
    t.equal(await as(USER), 'CLID_INUSE', 'and it costs no sequence id');
    t.equal(await as(ROOT), 'OK');
    t.equal(await as(USER), 'OK', 'the answer of before');
    alice.clientSequence += 1;
    t.equal(await as(USER), 'OK');
  },
);

t.test('more slots, operations and bytes than there are get less', async (t) => {
  const { node, alice } = await introduced(t);
  const wanted = channel({ maxRequests: 500, maxOperations: 100_000, maxRequestSize: 0xffff_ffff });
  const { results } = await node.send([creation(alice, { foreChanAttrs: wanted })]);
  const [created] = results;
  if (created?.status !== 0) throw new Error('no session');
  const { maxRequests, maxOperations, maxRequestSize } = created.foreChanAttrs;
  t.ok(maxRequests < 500 && maxOperations < 100_000 && maxRequestSize < 0xffff_ffff);
});

t.test('callbacks may be offered in many ways, known and unknown, in any order', async (t) => {
  const { node, alice } = await introduced(t);
  const gssHandles = {
    service: 3,
    handleFromServer: Buffer.from('theirs'),
    handleFromClient: Buffer.from('mine'),
  };
  const sysCred = { stamp: 5, machineName: 'Random machine name', uid: 7, gid: 11, gids: [13, 17, 19] };
  const none = { secFlavor: 0 } as const;
  const gss = { secFlavor: nfs.RPCSEC_GSS, gssHandles } as const;
  const sys = { secFlavor: 1, sysCred } as const;
  for (const secParms of [[none, sys, gss], [none, gss, sys], [gss], []]) {
    t.equal(statusName((await node.send([creation(alice, { secParms })])).status), 'OK');
    alice.clientSequence += 1;
  }
});

t.test('client ids are made, confirmed and destroyed within a session of another client', async (t) => {
  const { node, alice } = await introduced(t);
  await alice.createSession();
  const bob = new TestClient(node, 'bob');
  const { results } = await alice.run([bob.exchangeCall(nfs.EXCHGID4_FLAG_USE_PNFS_DS)]);
  const [, exchanged] = results;
  if (exchanged?.status !== 0) throw new Error('EXCHANGE_ID failed');
  t.ok((exchanged.flags & nfs.EXCHGID4_FLAG_MASK_PNFS) !== 0, 'a role is always named');
  bob.clientId = exchanged.clientId;
  bob.clientSequence = exchanged.sequenceId;
  t.equal(await alice.try(creation(bob)), 'OK');
  t.equal(await alice.try(call(destroyClientid, { clientId: bob.clientId })), 'CLIENTID_BUSY');
  const carol = new TestClient(node, 'carol');
  await carol.exchange();
  t.equal(await alice.try(call(destroyClientid, { clientId: carol.clientId })), 'OK', 'not confirmed');
  t.equal(await alice.try(call(destroyClientid, { clientId: carol.clientId })), 'STALE_CLIENTID');
  const both = [call(destroyClientid, { clientId: 0n }), call(reclaimComplete, { oneFs: true })];
  t.equal(statusName((await node.send(both)).status), 'NOT_ONLY_OP');
});
