import type { XdrReader } from '../xdr/reader.ts';
import type { XdrWriter } from '../xdr/writer.ts';
import { XdrError } from '../xdr/xdr-error.ts';
import { decodeOpaqueAuth, encodeOpaqueAuth, NULL_AUTH } from './credentials.ts';
import {
  AUTH_ERROR,
  GARBAGE_ARGS,
  MSG_ACCEPTED,
  MSG_DENIED,
  PROC_UNAVAIL,
  PROG_MISMATCH,
  PROG_UNAVAIL,
  REPLY,
  RPC_MISMATCH,
  RPC_VERSION,
  SUCCESS,
  SYSTEM_ERR,
} from './message.ts';

/** How a call ended (RFC 5531 section 9). After `success` the procedure's results follow. */
export type RpcReply = { readonly xid: number } & RpcOutcome;

export type RpcOutcome =
  | { readonly kind: 'success' }
  | { readonly kind: 'program-unavailable' }
  /** The program is there, in these versions. */
  | { readonly kind: 'program-mismatch'; readonly low: number; readonly high: number }
  | { readonly kind: 'procedure-unavailable' }
  | { readonly kind: 'garbage-arguments' }
  | { readonly kind: 'system-error' }
  /** These versions of RPC itself are spoken. */
  | { readonly kind: 'rpc-mismatch'; readonly low: number; readonly high: number }
  /** `why` is an auth_stat. */
  | { readonly kind: 'authentication-error'; readonly why: number };

/** Answer to a call with another version of RPC than ours. */
export const RPC_VERSION_MISMATCH: RpcOutcome = { kind: 'rpc-mismatch', low: RPC_VERSION, high: RPC_VERSION };

const ACCEPT_STATS = {
  success: SUCCESS,
  'program-unavailable': PROG_UNAVAIL,
  'program-mismatch': PROG_MISMATCH,
  'procedure-unavailable': PROC_UNAVAIL,
  'garbage-arguments': GARBAGE_ARGS,
  'system-error': SYSTEM_ERR,
} as const;

/** Writes a reply; after `success` the procedure's results are to be written. */
export function encodeReply(w: XdrWriter, xid: number, outcome: RpcOutcome): void {
  w.uint32(xid);
  w.uint32(REPLY);
  switch (outcome.kind) {
    case 'rpc-mismatch':
      w.uint32(MSG_DENIED);
      w.uint32(RPC_MISMATCH);
      encodeVersions(w, outcome);
      break;
    case 'authentication-error':
      w.uint32(MSG_DENIED);
      w.uint32(AUTH_ERROR);
      w.uint32(outcome.why);
      break;
    default:
      w.uint32(MSG_ACCEPTED);
      encodeOpaqueAuth(w, NULL_AUTH);
      w.uint32(ACCEPT_STATS[outcome.kind]);
      if (outcome.kind === 'program-mismatch') encodeVersions(w, outcome);
  }
}

/** Reads a reply and, after `success`, leaves `r` at the results. Throws XdrError when it is no reply. */
export function decodeReply(r: XdrReader): RpcReply {
  const xid = r.uint32();
  const messageType = r.uint32();
  if (messageType !== REPLY) throw new XdrError(`message type ${messageType} where a reply is expected`);
  const isDenied = r.oneOf([MSG_ACCEPTED, MSG_DENIED], 'reply_stat') === MSG_DENIED;
  return { xid, ...(isDenied ? decodeRejected(r) : decodeAccepted(r)) };
}

function decodeAccepted(r: XdrReader): RpcOutcome {
  decodeOpaqueAuth(r); // the verifier; AUTH_NONE and AUTH_SYS prove nothing with it
  const acceptStat = r.uint32();
  switch (acceptStat) {
    case SUCCESS:
      return { kind: 'success' };
    case PROG_UNAVAIL:
      return { kind: 'program-unavailable' };
    case PROG_MISMATCH:
      return { kind: 'program-mismatch', low: r.uint32(), high: r.uint32() };
    case PROC_UNAVAIL:
      return { kind: 'procedure-unavailable' };
    case GARBAGE_ARGS:
      return { kind: 'garbage-arguments' };
    case SYSTEM_ERR:
      return { kind: 'system-error' };
    default:
      throw new XdrError(`accept_stat of value ${acceptStat}`);
  }
}

function decodeRejected(r: XdrReader): RpcOutcome {
  const isMismatch = r.oneOf([RPC_MISMATCH, AUTH_ERROR], 'reject_stat') === RPC_MISMATCH;
  if (isMismatch) return { kind: 'rpc-mismatch', low: r.uint32(), high: r.uint32() };
  return { kind: 'authentication-error', why: r.uint32() };
}

function encodeVersions(w: XdrWriter, versions: { readonly low: number; readonly high: number }): void {
  w.uint32(versions.low);
  w.uint32(versions.high);
}
