import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { Callbacks } from '../../../src/client/callbacks.ts';
import { cbRecall } from '../../../src/nfs4/callbacks/cb-recall.ts';
import { call } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { backchannelCtl } from '../../../src/nfs4/operations/backchannel-ctl.ts';
import { bindConnToSession } from '../../../src/nfs4/operations/bind-conn-to-session.ts';
import { createSession } from '../../../src/nfs4/operations/create-session.ts';
import { NFS4_OK, NFS4ERR_BAD_STATEID, statusName } from '../../../src/nfs4/status.ts';
import { beginRecord, endRecord, RecordReader } from '../../../src/rpc/record-marking.ts';
import { BackChannel } from '../../../src/server/callbacks/back-channel.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';
import { XdrWriter } from '../../../src/xdr/writer.ts';
import { LEASE_MS, NodeUnderTest } from './fixtures/node-under-test.ts';
import { CHANNEL, TestClient } from './fixtures/test-client.ts';
import { TestConnection } from './fixtures/test-connection.ts';

const DOWN = nfs.SEQ4_STATUS_CB_PATH_DOWN | nfs.SEQ4_STATUS_CB_PATH_DOWN_SESSION;
const SESSION_ID = Buffer.alloc(16, 7);
const TIMEOUT_MS = 100;
const RECALL = call(cbRecall, {
  stateid: { seqid: 1, other: Buffer.alloc(12, 1) },
  truncate: false,
  fh: Buffer.from('handle'),
});

async function setup(t: Test) {
  const node = new NodeUnderTest(t);
  const connection = new TestConnection();
  const alice = new TestClient(node, 'alice');
  alice.connection = connection;
  return { node, alice, connection };
}

/** A channel without a server around it, with one connection that works. */
async function channel(slots = 2, minorVersion = 1) {
  const clock = new VirtualClock();
  const back = new BackChannel({
    clock,
    timeoutMs: TIMEOUT_MS,
    sessionId: SESSION_ID,
    minorVersion,
    attrs: { ...CHANNEL, maxRequests: slots },
    terms: { program: 0x4000_0000, credential: { kind: 'none' } },
  });
  const connection = new TestConnection();
  connection.callbacks.addSession(SESSION_ID, slots);
  back.bind(connection.peer);
  await connection.called(1);
  return { clock, back, connection };
}

t.test(
  'CREATE_SESSION: the connection becomes the back channel, and counts when it has answered CB_NULL',
  async (t) => {
    const { alice, connection } = await setup(t);
    await alice.exchange();
    const { results } = await alice.node.send([alice.createSessionCall()], { peer: connection.peer });
    const created = results[0];
    t.ok(created?.status === 0 && created.flags === nfs.CREATE_SESSION4_FLAG_CONN_BACK_CHAN);
    await connection.called(1);
    t.match(connection.calls[0], {
      program: 0x4000_0000,
      version: 1,
      procedure: 0,
      credential: { kind: 'none' },
    });
  },
);

t.test(
  'CREATE_SESSION: no back channel without the flag, without a connection, or without security that we know',
  async (t) => {
    const node = new NodeUnderTest(t);
    const connection = new TestConnection();
    const alice = new TestClient(node, 'alice');
    await alice.exchange();
    const flagsOf = async (args: object, peer: TestConnection['peer'] | null) => {
      const request = alice.createSessionCall();
      const { results } = await node.send(
        [
          call(createSession, {
            ...(request.args as Parameters<typeof createSession.encodeArgs>[1]),
            ...args,
          }),
        ],
        { peer },
      );
      const created = results[0];
      if (created?.status === 0) alice.clientSequence += 1;
      return created?.status === 0 ? created.flags : statusName(created?.status ?? 0);
    };
    const flags = nfs.CREATE_SESSION4_FLAG_CONN_BACK_CHAN;
    t.equal(await flagsOf({}, connection.peer), 0);
    t.equal(await flagsOf({ flags }, null), 0);
    const gssHandles = { service: 1, handleFromServer: Buffer.alloc(4), handleFromClient: Buffer.alloc(4) };
    const gss = { secFlavor: nfs.RPCSEC_GSS, gssHandles };
    t.equal(await flagsOf({ flags, secParms: [gss] }, connection.peer), 0);
    t.equal(
      await flagsOf({ flags, backChanAttrs: { ...CHANNEL, maxOperations: 1 } }, connection.peer),
      'TOOSMALL',
    );
    t.equal(
      await flagsOf({ flags, backChanAttrs: { ...CHANNEL, maxRequestSize: 200 } }, connection.peer),
      'TOOSMALL',
    );
    t.equal(connection.calls.length, 0);
    const sysCred = { stamp: 0, machineName: 'server', uid: 5, gid: 6, gids: [] };
    t.equal(await flagsOf({ flags, secParms: [gss, { secFlavor: 1, sysCred }] }, connection.peer), flags);
    await connection.called(1);
    t.match(connection.calls[0], { credential: { kind: 'sys', sys: { uid: 5 } } }, 'the first that we know');
  },
);

t.test('a lost connection shows as CB_PATH_DOWN until another is bound', async (t) => {
  const { node, alice, connection } = await setup(t);
  await alice.start();
  await connection.called(1);
  await alice.renew();
  t.equal(alice.statusFlags, 0);
  connection.peer.end();
  const next = new TestConnection(connection.callbacks);
  alice.connection = next;
  await alice.renew();
  t.equal(alice.statusFlags, DOWN);
  const bind = async (dir: nfs.ChannelDirectionFromClient, peer = next.peer) => {
    const { results } = await node.send(
      [call(bindConnToSession, { sessionId: alice.sessionId, dir, useConnInRdmaMode: false })],
      { peer },
    );
    const bound = results[0];
    return bound?.status === 0 ? bound.dir : statusName(bound?.status ?? 0);
  };
  t.equal(await bind(nfs.CDFC4_FORE), nfs.CDFS4_FORE);
  await alice.renew();
  t.equal(alice.statusFlags, DOWN, 'the fore direction alone does not help');
  t.equal(await bind(nfs.CDFC4_FORE_OR_BOTH), nfs.CDFS4_BOTH);
  await next.called(1);
  await alice.renew();
  t.equal(alice.statusFlags, 0);
  t.equal(await bind(nfs.CDFC4_BACK), nfs.CDFS4_BACK);
  t.equal(await bind(nfs.CDFC4_BACK_OR_BOTH), nfs.CDFS4_BOTH);
});

t.test('only the session without a path is down while another one of the client works', async (t) => {
  const { alice, connection } = await setup(t);
  await alice.start();
  await connection.called(1);
  const first = { id: alice.sessionId, seqids: [...alice.seqids] };
  const second = new TestConnection(connection.callbacks);
  alice.connection = second;
  t.equal(await alice.createSession(), 'OK');
  await second.called(1);
  connection.peer.end();
  await alice.renew();
  t.equal(alice.statusFlags, 0);
  alice.sessionId = first.id;
  alice.seqids.splice(0, first.seqids.length, ...first.seqids);
  await alice.renew();
  t.equal(alice.statusFlags, nfs.SEQ4_STATUS_CB_PATH_DOWN_SESSION);
});

t.test('a connection that does not answer CB_NULL in time is no back channel', async (t) => {
  const { node, alice, connection } = await setup(t);
  connection.silent = true;
  await alice.start();
  await connection.called(1);
  await alice.renew();
  t.equal(alice.statusFlags, 0, 'it may still answer');
  await node.clock.advance(LEASE_MS / 4);
  await alice.renew();
  t.equal(alice.statusFlags, DOWN);
});

t.test('BACKCHANNEL_CTL changes program and security of the calls to come', async (t) => {
  const { alice, connection } = await setup(t);
  await alice.start();
  await connection.called(1);
  const sysCred = { stamp: 0, machineName: 'server', uid: 5, gid: 6, gids: [] };
  t.equal(
    await alice.try(call(backchannelCtl, { cbProgram: 77, secParms: [{ secFlavor: 1, sysCred }] })),
    'OK',
  );
  const gssHandles = { service: 1, handleFromServer: Buffer.alloc(4), handleFromClient: Buffer.alloc(4) };
  t.equal(
    await alice.try(
      call(backchannelCtl, { cbProgram: 1, secParms: [{ secFlavor: nfs.RPCSEC_GSS, gssHandles }] }),
    ),
    'NOENT',
  );
  const next = new TestConnection(connection.callbacks);
  await alice.node.send(
    [call(bindConnToSession, { sessionId: alice.sessionId, dir: nfs.CDFC4_BACK, useConnInRdmaMode: false })],
    { peer: next.peer },
  );
  await next.called(1);
  t.match(next.calls[0], { program: 77, credential: { kind: 'sys', sys: { uid: 5, gid: 6 } } });
});

t.test(
  'CB_SEQUENCE: the sequence id of a slot goes up with each call, and a failed operation counts as well',
  async (t) => {
    const { back, connection } = await channel();
    const first = await back.call([RECALL], 1000);
    t.equal(first?.status, NFS4_OK);
    connection.recallStatus = NFS4ERR_BAD_STATEID;
    const second = await back.call([RECALL], 1000);
    t.equal(second?.status, NFS4ERR_BAD_STATEID);
    t.same(
      connection.sequences.map(({ slotId, sequenceId }) => [slotId, sequenceId]),
      [
        [0, 1],
        [0, 2],
      ],
    );
    t.equal(connection.recalls.length, 2);
  },
);

t.test('calls of a session of version 4.2 say so', async (t) => {
  const { back, connection } = await channel(1, 2);
  void back.call([RECALL], 1000);
  await connection.called(2);
  t.equal(connection.minorVersions[0], 2);
});

t.test('CB_SEQUENCE: two at a time take two slots, a third waits for one', async (t) => {
  const { back, connection } = await channel(2);
  const replies = await Promise.all([1, 2, 3].map(() => back.call([RECALL], 1000)));
  t.same(
    replies.map((reply) => reply?.status),
    [0, 0, 0],
  );
  t.same(
    connection.sequences.map(({ slotId, sequenceId, highestSlotId }) => [slotId, sequenceId, highestSlotId]),
    [
      [0, 1, 1],
      [1, 1, 1],
      [0, 2, 1],
    ],
  );
});

t.test('a call whose answer is lost goes out again on another connection, and is done once', async (t) => {
  const { clock, back, connection } = await channel();
  const other = new TestConnection(connection.callbacks);
  back.bind(other.peer);
  await other.called(1);
  connection.deaf = true;
  const pending = back.call([RECALL], 1000);
  await connection.called(2);
  await clock.advance(TIMEOUT_MS);
  const reply = await pending;
  t.equal(other.sequences[0]?.sequenceId, 1, 'the same sequence id');
  t.equal(statusName(reply?.status ?? 0), 'RETRY_UNCACHED_REP', 'it was done when it came the first time');
  t.equal(connection.recalls.length, 1);
  t.equal((await back.call([RECALL], 1000))?.status, NFS4_OK);
  t.equal(other.sequences[1]?.sequenceId, 2);
});

t.test('a call waits for a connection, and is given up at its deadline', async (t) => {
  const { clock, back, connection } = await channel();
  connection.peer.end();
  t.ok(back.isDown);
  const pending = back.call([RECALL], 1000);
  const other = new TestConnection(connection.callbacks);
  back.bind(other.peer);
  await other.called(2);
  t.equal((await pending)?.status, NFS4_OK);
  other.peer.end();
  const late = back.call([RECALL], clock.nowMs() + 50);
  await clock.advance(50);
  t.equal(await late, null);
});

for (const done of [true, false]) {
  t.test(
    `the call after one that was never answered: the client ${done ? 'did' : 'did not do'} that one`,
    async (t) => {
      const { clock, back, connection } = await channel(1);
      if (done) connection.deaf = true;
      else connection.silent = true;
      const lost = back.call([RECALL], clock.nowMs() + 50);
      await connection.called(2);
      await clock.advance(TIMEOUT_MS);
      t.equal(await lost, null);
      const next = new TestConnection(connection.callbacks);
      back.bind(next.peer);
      await next.called(1);
      t.equal((await back.call([RECALL], clock.nowMs() + 1000))?.status, NFS4_OK);
      t.notOk(back.isFaulty);
      t.equal((await back.call([RECALL], clock.nowMs() + 1000))?.status, NFS4_OK);
    },
  );
}

t.test(
  'a client that does not know the session or counts its slots otherwise: BACKCHANNEL_FAULT',
  async (t) => {
    const node = new NodeUnderTest(t);
    const lonely = new BackChannel({
      clock: node.clock,
      timeoutMs: TIMEOUT_MS,
      sessionId: SESSION_ID,
      minorVersion: 1,
      attrs: CHANNEL,
      terms: { program: 0x4000_0000, credential: { kind: 'none' } },
    });
    const other = new TestConnection(new Callbacks({ recall: () => NFS4_OK }));
    lonely.bind(other.peer);
    await other.called(1);
    t.equal(await lonely.call([RECALL], 1000), null);
    t.ok(lonely.isFaulty);
  },
);

t.test('on the wire: calls of both directions share one connection', async (t) => {
  const { node, alice, connection } = await setup(t);
  const { address, port } = await node.server.listen('127.0.0.1', 0);
  const socket = connect({ host: address, port });
  t.teardown(() => socket.destroy());
  const records = new RecordReader(1 << 20);
  const received: Buffer[] = [];
  const more = new EventTarget();
  socket.on('data', (chunk) => {
    received.push(...records.push(chunk));
    more.dispatchEvent(new Event('more'));
  });
  const next = async (): Promise<Buffer> => {
    while (received.length === 0)
      await new Promise((wake) => more.addEventListener('more', wake, { once: true }));
    return received.shift() as Buffer;
  };
  const send = (message: Buffer) => {
    const w = new XdrWriter();
    const mark = beginRecord(w);
    w.opaqueFixed(message, message.length);
    endRecord(w, mark);
    socket.write(w.copy());
  };
  await alice.exchange();
  send(node.encode([alice.createSessionCall()]));
  const reply = await next();
  t.equal(reply.readUInt32BE(4), 1, 'the reply first');
  const nullCall = await next();
  t.equal(nullCall.readUInt32BE(4), 0, 'then a call');
  send(connection.callbacks.answer(nullCall) as Buffer);
  alice.sessionId = reply.subarray(-16 - 4 - 4 - 28 * 2, -4 - 4 - 28 * 2);
  alice.seqids[0] = 1;
  send(node.encode([alice.sequence()]));
  t.equal((await next()).readUInt32BE(24), 0, 'and the connection goes on');
});
