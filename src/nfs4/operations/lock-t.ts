import type { LockType } from '../constants.ts';
import { decodeLockDenied, decodeLockType, encodeLockDenied, type LockDenied } from '../lock-denied.ts';
import type { OperationCodec } from '../operation.ts';
import { decodeStatus, NFS4ERR_DENIED, type Status } from '../status.ts';
import { decodeStateOwner, encodeStateOwner, type StateOwner } from '../types.ts';

/** LOCKT: would this lock be granted now? Nothing is taken. RFC 8881 section 18.11. */
export interface LockTArgs {
  readonly lockType: LockType;
  readonly offset: bigint;
  readonly length: bigint;
  readonly owner: StateOwner;
}

export type LockTResult =
  | { readonly status: typeof NFS4ERR_DENIED; readonly denied: LockDenied }
  | { readonly status: Exclude<Status, typeof NFS4ERR_DENIED> };

export const lockT: OperationCodec<LockTArgs, LockTResult> = {
  number: 13,
  name: 'LOCKT',
  encodeArgs(w, args) {
    w.uint32(args.lockType);
    w.uint64(args.offset);
    w.uint64(args.length);
    encodeStateOwner(w, args.owner);
  },
  decodeArgs: (r) => ({
    lockType: decodeLockType(r),
    offset: r.uint64(),
    length: r.uint64(),
    owner: decodeStateOwner(r),
  }),
  encodeResult(w, result) {
    w.uint32(result.status);
    if (result.status === NFS4ERR_DENIED) encodeLockDenied(w, result.denied);
  },
  decodeResult(r) {
    const status = decodeStatus(r);
    return status === NFS4ERR_DENIED ? { status, denied: decodeLockDenied(r) } : { status };
  },
};
