import t from 'tap';
import { CALLBACK_PROGRAM, Callbacks } from '../../../src/client/callbacks.ts';
import type { ChannelEvents } from '../../../src/client/channel.ts';
import { RpcConnection } from '../../../src/client/rpc-connection.ts';
import { encodeCallbackCompound } from '../../../src/nfs4/callback-compound.ts';
import { cbGetAttr } from '../../../src/nfs4/callbacks/cb-get-attr.ts';
import { type CbRecallArgs, cbRecall } from '../../../src/nfs4/callbacks/cb-recall.ts';
import { cbSequence } from '../../../src/nfs4/callbacks/cb-sequence.ts';
import { call, decodeCompoundReply, type OperationCall } from '../../../src/nfs4/compound.ts';
import { NFS4_OK, NFS4ERR_BADHANDLE, statusName } from '../../../src/nfs4/status.ts';
import { encodeCall } from '../../../src/rpc/call.ts';
import { decodeReply } from '../../../src/rpc/reply.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';
import { XdrReader } from '../../../src/xdr/reader.ts';
import { XdrWriter } from '../../../src/xdr/writer.ts';

const SESSION_ID = Buffer.alloc(16, 5);
const RECALL = call(cbRecall, {
  stateid: { seqid: 1, other: Buffer.alloc(12, 1) },
  truncate: true,
  fh: Buffer.from('handle'),
});

const sequence = (args: { sessionId?: Buffer; sequenceId?: number; slotId?: number } = {}) =>
  call(cbSequence, {
    sessionId: SESSION_ID,
    sequenceId: 1,
    slotId: 0,
    highestSlotId: 0,
    cacheThis: false,
    referringCallLists: [],
    ...args,
  });

function message(procedure: number, write: (w: XdrWriter) => void = () => {}, changed: object = {}): Buffer {
  const w = new XdrWriter();
  const head = { xid: 9, program: CALLBACK_PROGRAM, version: 1, procedure };
  encodeCall(w, { ...head, credential: { kind: 'none' }, ...changed });
  write(w);
  return w.copy();
}

const compound = (calls: readonly OperationCall[], minorVersion = 1): Buffer =>
  message(1, (w) => encodeCallbackCompound(w, { minorVersion, callbackIdent: 0 }, calls));

function setup() {
  const recalls: CbRecallArgs[] = [];
  const callbacks = new Callbacks({
    recall: (args) => {
      recalls.push(args);
      return args.fh.length === 0 ? NFS4ERR_BADHANDLE : NFS4_OK;
    },
  });
  callbacks.addSession(SESSION_ID, 2);
  /** By name, of each operation that was answered. */
  const ask = (calls: readonly OperationCall[], minorVersion = 1): string[] => {
    const r = new XdrReader(callbacks.answer(compound(calls, minorVersion)) as Buffer);
    if (decodeReply(r).kind !== 'success') throw new Error('the RPC failed');
    const { status, results } = decodeCompoundReply(r, calls);
    return results.length === 0
      ? [statusName(status)]
      : results.map((result) => statusName(result?.status ?? 0));
  };
  return { callbacks, recalls, ask };
}

t.test('CB_NULL, and calls that are none of ours', async (t) => {
  const { callbacks } = setup();
  const kindOf = (bytes: Buffer) => decodeReply(new XdrReader(callbacks.answer(bytes) as Buffer)).kind;
  t.equal(kindOf(message(0)), 'success');
  t.equal(kindOf(message(2)), 'procedure-unavailable');
  t.equal(kindOf(message(0, undefined, { program: 100_003 })), 'program-unavailable');
  t.equal(kindOf(message(0, undefined, { version: 4 })), 'program-mismatch');
  t.equal(callbacks.answer(message(0).subarray(0, 14)), null, 'nonsense');
});

t.test('CB_RECALL reaches the listener once, whatever comes again', async (t) => {
  const { recalls, ask } = setup();
  t.same(ask([sequence(), RECALL]), ['OK', 'OK']);
  t.match(recalls, [{ truncate: true, fh: Buffer.from('handle') }]);
  t.same(ask([sequence(), RECALL]), ['OK', 'RETRY_UNCACHED_REP']);
  t.equal(recalls.length, 1);
  const unknown = call(cbRecall, { ...(RECALL.args as CbRecallArgs), fh: Buffer.alloc(0) });
  t.same(ask([sequence({ sequenceId: 2 }), unknown]), ['OK', 'BADHANDLE']);
});

t.test('CB_SEQUENCE must come first, and count as it was agreed', async (t) => {
  const { recalls, ask } = setup();
  t.same(ask([RECALL]), ['OP_NOT_IN_SESSION']);
  t.same(ask([sequence(), sequence()]), ['OK', 'SEQUENCE_POS']);
  t.same(ask([sequence({ sequenceId: 3 }), RECALL]), ['SEQ_MISORDERED']);
  t.same(ask([sequence({ slotId: 2 }), RECALL]), ['BADSLOT']);
  t.same(ask([sequence({ sessionId: Buffer.alloc(16) }), RECALL]), ['BADSESSION']);
  t.same(ask([sequence()], 0), ['MINOR_VERS_MISMATCH']);
  t.same(ask([sequence({ slotId: 1 }), RECALL]), ['OK', 'OK'], 'each slot counts for itself');
  t.equal(recalls.length, 1);
  const attributes = call(cbGetAttr, { fh: Buffer.alloc(0), attrRequest: [] });
  t.same(ask([sequence({ sequenceId: 2 }), attributes]), ['OK', 'NOTSUPP']);
});

t.test('calls of the server are answered on the connection that they come on', async (t) => {
  const { callbacks, recalls } = setup();
  const sent: Buffer[] = [];
  let events: ChannelEvents | null = null;
  const connection = await RpcConnection.open(
    {
      clock: new VirtualClock(),
      random: () => 0.5,
      credential: { kind: 'none' },
      callbacks,
      dial: async (theirs) => {
        events = theirs;
        return { send: (bytes) => void sent.push(bytes), close: () => {} };
      },
    },
    1000,
    () => {},
  );
  (events as ChannelEvents | null)?.message(compound([sequence(), RECALL]));
  t.equal(recalls.length, 1);
  t.equal(decodeReply(new XdrReader(sent[0] as Buffer)).xid, 9);
  t.notOk(connection?.ended);
});
