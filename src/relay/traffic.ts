/** What the messages of one NFS connection are about, read with the project's own codecs. */
import { decodeCompoundHeader } from '../nfs4/compound.ts';
import { NFS4_PROGRAM, NFSPROC4_COMPOUND } from '../nfs4/constants.ts';
import { OPERATIONS } from '../nfs4/operations/index.ts';
import { decodeCall } from '../rpc/call.ts';
import { CALL } from '../rpc/message.ts';
import { XdrReader } from '../xdr/reader.ts';

/** `call`: from the client; `reply`: to it. What a server calls its client for is neither. */
export interface Message {
  readonly direction: 'call' | 'reply';
  /** Names of the operations of its COMPOUND; of a reply those of its call. Up to the first one that cannot be read. */
  readonly operations: readonly string[];
}

const BY_NUMBER = new Map(OPERATIONS.map((operation) => [operation.number, operation]));
/** Calls whose replies have not come; a client that never hears of more than this many has other troubles. */
const MOST_OPEN_CALLS = 4096;
const XID_AND_TYPE_BYTES = 8;

/** One connection. */
export class Traffic {
  readonly #calls = new Map<number, readonly string[]>();

  /** @param record a whole RPC message. @returns null for what is no message of the fore channel */
  fromClient(record: Buffer): Message | null {
    if (typeOf(record) !== CALL) return null;
    const operations = operationsOf(record);
    this.#calls.set(record.readUInt32BE(0), operations);
    const [oldest] = this.#calls.size > MOST_OPEN_CALLS ? this.#calls.keys() : [];
    if (oldest !== undefined) this.#calls.delete(oldest);
    return { direction: 'call', operations };
  }

  /** The same from the other side. */
  fromServer(record: Buffer): Message | null {
    if (record.length < XID_AND_TYPE_BYTES || typeOf(record) === CALL) return null;
    const xid = record.readUInt32BE(0);
    const operations = this.#calls.get(xid);
    if (operations === undefined) return null;
    this.#calls.delete(xid);
    return { direction: 'reply', operations };
  }
}

const typeOf = (record: Buffer): number | null =>
  record.length < XID_AND_TYPE_BYTES ? null : record.readUInt32BE(4);

function operationsOf(record: Buffer): string[] {
  const names: string[] = [];
  try {
    const reader = new XdrReader(record);
    const call = decodeCall(reader);
    if (call.kind !== 'call' || call.program !== NFS4_PROGRAM || call.procedure !== NFSPROC4_COMPOUND)
      return names;
    const { operationCount } = decodeCompoundHeader(reader);
    for (let index = 0; index < operationCount; index++) {
      const operation = BY_NUMBER.get(reader.uint32());
      if (operation === undefined) break;
      names.push(operation.name);
      operation.decodeArgs(reader);
    }
  } catch {
    // What cannot be read is passed on as it is: to complain of it is the server's.
  }
  return names;
}
