import type { XdrReader } from '../xdr/reader.ts';
import type { XdrWriter } from '../xdr/writer.ts';
import { XdrError } from '../xdr/xdr-error.ts';
import {
  type Credential,
  decodeCredential,
  decodeOpaqueAuth,
  encodeCredential,
  encodeOpaqueAuth,
  NULL_AUTH,
  type OpaqueAuth,
} from './credentials.ts';
import { CALL, RPC_VERSION } from './message.ts';

/** The head of a call (RFC 5531 section 9); the procedure's arguments follow it. */
export interface RpcCall {
  /** Chosen by the caller; the reply carries it. */
  readonly xid: number;
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly credential: Credential;
  readonly verifier: OpaqueAuth;
}

/** A call, or one of an RPC version that we do not speak and whose rest cannot be read. */
export type IncomingCall =
  | ({ readonly kind: 'call' } & RpcCall)
  | { readonly kind: 'version-mismatch'; readonly xid: number };

/** Writes the head of a call; the arguments are to be written after it. */
export function encodeCall(w: XdrWriter, call: Omit<RpcCall, 'verifier'>): void {
  w.uint32(call.xid);
  w.uint32(CALL);
  w.uint32(RPC_VERSION);
  w.uint32(call.program);
  w.uint32(call.version);
  w.uint32(call.procedure);
  encodeCredential(w, call.credential);
  encodeOpaqueAuth(w, NULL_AUTH);
}

/**
 * Reads the head of a call and leaves `r` at the arguments. Throws XdrError when it is no call or its head
 * is broken: there is nothing to answer then, close the connection.
 */
export function decodeCall(r: XdrReader): IncomingCall {
  const xid = r.uint32();
  const messageType = r.uint32();
  if (messageType !== CALL) throw new XdrError(`message type ${messageType} where a call is expected`);
  if (r.uint32() !== RPC_VERSION) return { kind: 'version-mismatch', xid };
  return {
    kind: 'call',
    xid,
    program: r.uint32(),
    version: r.uint32(),
    procedure: r.uint32(),
    credential: decodeCredential(r),
    verifier: decodeOpaqueAuth(r),
  };
}
