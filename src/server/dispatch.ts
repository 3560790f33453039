import type { NodeId } from '../core/ids.ts';
import { type CompoundHeader, decodeCompoundHeader } from '../nfs4/compound.ts';
import { NFS_V4, NFS4_PROGRAM, NFSPROC4_COMPOUND, NFSPROC4_NULL } from '../nfs4/constants.ts';
import { decodeCall, type IncomingCall, type RpcCall } from '../rpc/call.ts';
import { AUTH_BADCRED, AUTH_REJECTEDCRED } from '../rpc/message.ts';
import { encodeReply, RPC_VERSION_MISMATCH, type RpcOutcome } from '../rpc/reply.ts';
import { XdrReader } from '../xdr/reader.ts';
import type { XdrWriter } from '../xdr/writer.ts';
import { XdrError } from '../xdr/xdr-error.ts';
import type { Peer } from './callbacks/peer.ts';
import { type Caller, callerOf } from './caller.ts';
import { CompoundRun } from './compound-run.ts';
import type { ServerState } from './server-state.ts';

const SUCCESS: RpcOutcome = { kind: 'success' };

/**
 * Answers one RPC message by writing the reply (RFC 5531 section 9). Nothing that a peer sends makes it throw.
 *
 * @param peer who sent it, when it can be called back
 * @param service by whose service address it came, where addresses move
 * @returns false when there is nothing to answer and the connection is to be closed: this was no call
 */
export function answerCall(
  server: ServerState,
  message: Buffer,
  writer: XdrWriter,
  peer: Peer | null,
  service?: NodeId,
): boolean | Promise<boolean> {
  const reader = new XdrReader(message);
  const call = readOrNull(() => decodeCall(reader));
  if (call === null) return false;
  const refusal = judgeCall(call);
  if (call.kind === 'version-mismatch' || refusal !== null) {
    encodeReply(writer, call.xid, refusal ?? RPC_VERSION_MISMATCH);
    return true;
  }
  const caller = callerOf(call.credential);
  if (caller === null) {
    const why = call.credential.kind === 'malformed' ? AUTH_BADCRED : AUTH_REJECTEDCRED;
    encodeReply(writer, call.xid, { kind: 'authentication-error', why });
    return true;
  }
  if (call.procedure === NFSPROC4_NULL) {
    encodeReply(writer, call.xid, SUCCESS);
    return true;
  }
  const known = service === undefined ? caller : { ...caller, service };
  const acting = server.settings.exports.actingAs(known);
  return answerCompound(server, call, acting, message, reader, writer, peer);
}

/** What a call is answered that comes from where nobody may ask anything, as knfsd answers it: AUTH_BADCRED, and NULL as always. */
export function answerStranger(message: Buffer, writer: XdrWriter): boolean {
  const call = readOrNull(() => decodeCall(new XdrReader(message)));
  if (call === null) return false;
  const ping = call.kind !== 'version-mismatch' && call.procedure === NFSPROC4_NULL;
  const refused: RpcOutcome = { kind: 'authentication-error', why: AUTH_BADCRED };
  encodeReply(writer, call.xid, judgeCall(call) ?? (ping ? SUCCESS : refused));
  return true;
}

function judgeCall(call: IncomingCall): RpcOutcome | null {
  if (call.kind === 'version-mismatch') return RPC_VERSION_MISMATCH;
  if (call.program !== NFS4_PROGRAM) return { kind: 'program-unavailable' };
  if (call.version !== NFS_V4) return { kind: 'program-mismatch', low: NFS_V4, high: NFS_V4 };
  if (call.procedure > NFSPROC4_COMPOUND) return { kind: 'procedure-unavailable' };
  return null;
}

function answerCompound(
  server: ServerState,
  call: RpcCall,
  caller: Caller,
  message: Buffer,
  reader: XdrReader,
  writer: XdrWriter,
  peer: Peer | null,
): boolean | Promise<boolean> {
  const header = readOrNull<CompoundHeader>(() => decodeCompoundHeader(reader));
  if (header === null) {
    encodeReply(writer, call.xid, { kind: 'garbage-arguments' });
    return true;
  }
  encodeReply(writer, call.xid, SUCCESS);
  const begin = () => new CompoundRun(server, caller, header, message, reader, writer, peer);
  const pending =
    header.minorVersion === 0 ? answerOnce(server, call, caller, message, writer, begin) : begin().run();
  return pending === undefined ? true : pending.then(() => true);
}

/** Without slots it is the xid that a request is recognised by when it comes again. */
function answerOnce(
  { duplicateRequests }: ServerState,
  { xid }: RpcCall,
  { principal }: Caller,
  message: Buffer,
  writer: XdrWriter,
  begin: () => CompoundRun,
): Promise<void> | undefined {
  return duplicateRequests.answer(duplicateRequests.keyOf(principal, xid, message), writer, begin);
}

/** Null: it does not follow its description. */
function readOrNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof XdrError) return null;
    throw error;
  }
}
