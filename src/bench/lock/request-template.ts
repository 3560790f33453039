/**
 * A COMPOUND that is written once and sent often. A measurement must cost its client as little as it can, since client and server
 * share the machine: between two sendings only the xid and the slot's number change.
 */
import type { OperationCall } from '../../nfs4/compound.ts';
import { encodeCompound } from '../../nfs4/compound.ts';
import { NFS_V4, NFS4_PROGRAM, NFSPROC4_COMPOUND } from '../../nfs4/constants.ts';
import { sequence } from '../../nfs4/operations/sequence.ts';
import { encodeCall } from '../../rpc/call.ts';
import type { Credential } from '../../rpc/credentials.ts';
import { beginRecord, endRecord } from '../../rpc/record-marking.ts';
import { XdrWriter } from '../../xdr/writer.ts';

const MINOR_VERSION = 1;
const XID_AT = 4;
/** From the start of a COMPOUND without a tag to the sequence number of its SEQUENCE: tag, version, count, operation, session. */
const SEQUENCE_ID_AT = 4 + 4 + 4 + 4 + 16;

export interface Slot {
  readonly sessionId: Buffer;
  readonly slotId: number;
  readonly highestSlotId: number;
}

export class RequestTemplate {
  /** The record, with its mark. It may be sent again when its reply has come, not before. */
  readonly bytes: Buffer;
  /** All that is in the COMPOUND, SEQUENCE included: what its reply answers. */
  readonly ops: readonly OperationCall[];
  readonly #sequenceIdAt: number;

  constructor(credential: Credential, slot: Slot, ops: readonly OperationCall[]) {
    const first = { op: sequence, args: { ...slot, sequenceId: 0, cacheThis: false } };
    const w = new XdrWriter();
    const mark = beginRecord(w);
    const [program, version, procedure] = [NFS4_PROGRAM, NFS_V4, NFSPROC4_COMPOUND];
    encodeCall(w, { xid: 0, program, version, procedure, credential });
    this.#sequenceIdAt = w.position + SEQUENCE_ID_AT;
    this.ops = [first, ...ops];
    encodeCompound(w, { minorVersion: MINOR_VERSION, ops: this.ops });
    endRecord(w, mark);
    this.bytes = w.copy();
  }

  /** For people: its last operation. */
  get title(): string {
    return this.ops.at(-1)!.op.name;
  }

  /** Overwrites the end of the last operation's arguments. */
  setEnd(bytes: Buffer): void {
    bytes.copy(this.bytes, this.bytes.length - bytes.length);
  }

  /** As a request that was not sent before. */
  renew(xid: number, sequenceId: number): Buffer {
    this.bytes.writeUInt32BE(xid, XID_AT);
    this.bytes.writeUInt32BE(sequenceId, this.#sequenceIdAt);
    return this.bytes;
  }
}
