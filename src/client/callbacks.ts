/**
 * What a server asks of its client (RFC 8881 section 20): CB_NULL, CB_SEQUENCE and CB_RECALL, over connections that the client has made.
 * Answers within the turn. A recall is answered before the delegation goes back: that is the listener's to see to.
 */
import {
  CB_PROC_COMPOUND,
  CB_PROC_NULL,
  CB_VERSION,
  decodeCallbackHeader,
} from '../nfs4/callback-compound.ts';
import { type CbGetAttrArgs, type CbGetAttrResult, cbGetAttr } from '../nfs4/callbacks/cb-get-attr.ts';
import { type CbRecallArgs, cbRecall } from '../nfs4/callbacks/cb-recall.ts';
import { type CbSequenceArgs, type CbSequenceResult, cbSequence } from '../nfs4/callbacks/cb-sequence.ts';
import { CompoundReplyWriter, OP_ILLEGAL, statusOfXdrError } from '../nfs4/compound.ts';
import {
  type Failure,
  NFS4_OK,
  NFS4ERR_BADSESSION,
  NFS4ERR_BADSLOT,
  NFS4ERR_MINOR_VERS_MISMATCH,
  NFS4ERR_NOTSUPP,
  NFS4ERR_OP_ILLEGAL,
  NFS4ERR_OP_NOT_IN_SESSION,
  NFS4ERR_RETRY_UNCACHED_REP,
  NFS4ERR_SEQ_MISORDERED,
  NFS4ERR_SEQUENCE_POS,
  type Status,
} from '../nfs4/status.ts';
import { decodeCall } from '../rpc/call.ts';
import { CALL } from '../rpc/message.ts';
import { encodeReply, RPC_VERSION_MISMATCH, type RpcOutcome } from '../rpc/reply.ts';
import { XdrReader } from '../xdr/reader.ts';
import { XdrWriter } from '../xdr/writer.ts';
import { XdrError } from '../xdr/xdr-error.ts';

/** The number that the client gives its callback program; transient ones begin here (RFC 5531 section 8.2). */
export const CALLBACK_PROGRAM = 0x4000_0000;
const MINOR_VERSION = 1;
/** Operations of CB_COMPOUND that we read; the others of RFC 8881 section 20 are not supported. */
const LAST_CALLBACK = 14;
const FIRST_CALLBACK = 3;
const SUCCESS: RpcOutcome = { kind: 'success' };

export interface CallbackEvents {
  /** The server wants a delegation back. NFS4_OK, or why it is not known here (BAD_STATEID, BADHANDLE). */
  recall(args: CbRecallArgs): Status;
  /** Somebody wants to know what has become of a file with a write delegation. Absent: CB_GETATTR is not supported. */
  getAttributes?(args: CbGetAttrArgs): CbGetAttrResult;
}

interface Sequenced {
  readonly result: CbSequenceResult;
  readonly repeated: boolean;
}

/** Is this message a call, and no reply to one of ours? */
export const isCall = (message: Buffer): boolean => message.length >= 8 && message.readUInt32BE(4) === CALL;

export class Callbacks {
  readonly #events: CallbackEvents;
  /** Of each session: by slot, the newest sequence id. */
  readonly #sessions = new Map<string, number[]>();

  constructor(events: CallbackEvents) {
    this.#events = events;
  }

  /** Calls of this session are ours. @param slots of its back channel */
  addSession(id: Buffer, slots: number): void {
    this.#sessions.set(id.toString('hex'), new Array<number>(slots).fill(0));
  }

  /** The reply to a whole RPC message that {@link isCall}; null: none, it makes no sense. */
  answer(message: Buffer): Buffer | null {
    const w = new XdrWriter();
    try {
      const r = new XdrReader(message);
      const call = decodeCall(r);
      if (call.kind === 'version-mismatch') encodeReply(w, call.xid, RPC_VERSION_MISMATCH);
      else if (call.program !== CALLBACK_PROGRAM) encodeReply(w, call.xid, { kind: 'program-unavailable' });
      else if (call.version !== CB_VERSION)
        encodeReply(w, call.xid, { kind: 'program-mismatch', low: CB_VERSION, high: CB_VERSION });
      else if (call.procedure > CB_PROC_COMPOUND) encodeReply(w, call.xid, { kind: 'procedure-unavailable' });
      else {
        encodeReply(w, call.xid, SUCCESS);
        if (call.procedure !== CB_PROC_NULL) this.#compound(r, w);
      }
      return w.copy();
    } catch (error) {
      if (error instanceof XdrError) return null;
      throw error;
    }
  }

  #compound(r: XdrReader, w: XdrWriter): void {
    const { tag, minorVersion, operationCount } = decodeCallbackHeader(r);
    const reply = new CompoundReplyWriter(w, tag);
    if (minorVersion !== MINOR_VERSION) {
      reply.finish(NFS4ERR_MINOR_VERS_MISMATCH);
      return;
    }
    let repeated = false;
    for (let index = 0; index < operationCount && reply.status === NFS4_OK; index += 1) {
      const number = r.uint32();
      const misplaced = judgePlace(number, index, repeated);
      try {
        if (misplaced !== null) reply.addFailure(number, misplaced);
        else if (index === 0) repeated = this.#enter(r, reply);
        else this.#operation(number, r, reply);
      } catch (error) {
        if (!(error instanceof XdrError)) throw error;
        reply.addFailure(number, statusOfXdrError(error));
      }
    }
    reply.finish();
  }

  #enter(r: XdrReader, reply: CompoundReplyWriter): boolean {
    const { result, repeated } = this.#sequence(cbSequence.decodeArgs(r));
    reply.add(cbSequence, result);
    return repeated;
  }

  #operation(number: number, r: XdrReader, reply: CompoundReplyWriter): void {
    const { getAttributes } = this.#events;
    if (number === cbGetAttr.number && getAttributes !== undefined)
      reply.add(cbGetAttr, getAttributes(cbGetAttr.decodeArgs(r)));
    else if (number === cbRecall.number)
      reply.add(cbRecall, { status: this.#events.recall(cbRecall.decodeArgs(r)) });
    else if (number < FIRST_CALLBACK || number > LAST_CALLBACK)
      reply.addFailure(OP_ILLEGAL, NFS4ERR_OP_ILLEGAL);
    else reply.addFailure(number, NFS4ERR_NOTSUPP);
  }

  /** `repeated`: what follows was done when it came the first time (RFC 8881 section 20.9.3). */
  #sequence(args: CbSequenceArgs): Sequenced {
    const refused = (status: Failure): Sequenced => ({ result: { status }, repeated: false });
    const slots = this.#sessions.get(args.sessionId.toString('hex'));
    if (slots === undefined) return refused(NFS4ERR_BADSESSION);
    const newest = slots[args.slotId];
    if (newest === undefined) return refused(NFS4ERR_BADSLOT);
    const repeated = args.sequenceId === newest && newest !== 0;
    if (!repeated && args.sequenceId !== (newest + 1) >>> 0) return refused(NFS4ERR_SEQ_MISORDERED);
    slots[args.slotId] = args.sequenceId;
    const { sessionId, sequenceId, slotId } = args;
    const highest = slots.length - 1;
    return {
      result: {
        status: NFS4_OK,
        sessionId,
        sequenceId,
        slotId,
        highestSlotId: highest,
        targetHighestSlotId: highest,
      },
      repeated,
    };
  }
}

/** Null: it may stand there. */
function judgePlace(number: number, index: number, repeated: boolean): Failure | null {
  const isSequence = number === cbSequence.number;
  if (index === 0) return isSequence ? null : NFS4ERR_OP_NOT_IN_SESSION;
  if (isSequence) return NFS4ERR_SEQUENCE_POS;
  return repeated ? NFS4ERR_RETRY_UNCACHED_REP : null;
}
