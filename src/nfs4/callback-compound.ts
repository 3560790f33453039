/**
 * CB_COMPOUND (RFC 8881 section 20, RFC 7530 section 15): a COMPOUND that the server sends. Its results are read and
 * written as those of any other (compound.ts); only its head differs.
 */
import type { XdrReader } from '../xdr/reader.ts';
import type { XdrWriter } from '../xdr/writer.ts';
import type { CompoundHeader, OperationCall } from './compound.ts';
import { ARRAY_MAX_ELEMENTS, TAG_MAX_BYTES } from './constants.ts';

/** Procedures of the callback program, whose number is the client's to choose; its version is 1. */
export const CB_VERSION = 1;
export const CB_PROC_NULL = 0;
export const CB_PROC_COMPOUND = 1;

export interface CallbackHeader extends CompoundHeader {
  /** 4.0: what the client gave with SETCLIENTID; 0 in later versions. */
  readonly callbackIdent: number;
}

export function encodeCallbackCompound(
  w: XdrWriter,
  head: { readonly minorVersion: number; readonly callbackIdent: number },
  calls: readonly OperationCall[],
): void {
  w.opaque(Buffer.alloc(0));
  w.uint32(head.minorVersion);
  w.uint32(head.callbackIdent);
  w.uint32(calls.length);
  for (const { op, args } of calls) {
    w.uint32(op.number);
    op.encodeArgs(w, args as never);
  }
}

/** Then, `operationCount` times: the callback's number with `r.uint32()`, and its arguments with its codec. */
export function decodeCallbackHeader(r: XdrReader): CallbackHeader {
  const tag = r.opaque(TAG_MAX_BYTES);
  const minorVersion = r.uint32();
  const callbackIdent = r.uint32();
  return { tag, minorVersion, callbackIdent, operationCount: r.count(ARRAY_MAX_ELEMENTS, 4) };
}
