import type { XdrReader } from '../../xdr/reader.ts';
import type { XdrWriter } from '../../xdr/writer.ts';
import type { LockType } from '../constants.ts';
import { decodeLockDenied, decodeLockType, encodeLockDenied, type LockDenied } from '../lock-denied.ts';
import type { OperationCodec } from '../operation.ts';
import { decodeStatus, type Failure, NFS4_OK, NFS4ERR_DENIED } from '../status.ts';
import {
  decodeStateid,
  decodeStateOwner,
  encodeStateid,
  encodeStateOwner,
  type Stateid,
  type StateOwner,
} from '../types.ts';

/** LOCK: takes, or takes back, a byte-range lock. RFC 8881 section 18.10. */
export interface LockArgs {
  readonly lockType: LockType;
  readonly reclaim: boolean;
  readonly offset: bigint;
  /** LENGTH_TO_END_OF_FILE for a lock without end; 0 is the server's to refuse. */
  readonly length: bigint;
  readonly locker: Locker;
}

/** locker4: the first lock of an owner on a file names its open; later ones name the lock stateid. */
export type Locker =
  | { readonly newLockOwner: true; readonly openOwner: OpenToLockOwner }
  | { readonly newLockOwner: false; readonly lockOwner: ExistLockOwner };

/** open_to_lock_owner4. The two seqids are not used in 4.1 and later. */
export interface OpenToLockOwner {
  readonly openSeqid: number;
  readonly openStateid: Stateid;
  readonly lockSeqid: number;
  readonly lockOwner: StateOwner;
}

/** exist_lock_owner4. The seqid is not used in 4.1 and later. */
export interface ExistLockOwner {
  readonly lockStateid: Stateid;
  readonly lockSeqid: number;
}

export type LockResult =
  | { readonly status: typeof NFS4_OK; readonly lockStateid: Stateid }
  | { readonly status: typeof NFS4ERR_DENIED; readonly denied: LockDenied }
  | { readonly status: Exclude<Failure, typeof NFS4ERR_DENIED> };

function encodeLocker(w: XdrWriter, locker: Locker): void {
  w.bool(locker.newLockOwner);
  if (locker.newLockOwner) {
    w.uint32(locker.openOwner.openSeqid);
    encodeStateid(w, locker.openOwner.openStateid);
    w.uint32(locker.openOwner.lockSeqid);
    encodeStateOwner(w, locker.openOwner.lockOwner);
  } else {
    encodeStateid(w, locker.lockOwner.lockStateid);
    w.uint32(locker.lockOwner.lockSeqid);
  }
}

function decodeLocker(r: XdrReader): Locker {
  if (!r.bool()) {
    return { newLockOwner: false, lockOwner: { lockStateid: decodeStateid(r), lockSeqid: r.uint32() } };
  }
  const openOwner = {
    openSeqid: r.uint32(),
    openStateid: decodeStateid(r),
    lockSeqid: r.uint32(),
    lockOwner: decodeStateOwner(r),
  };
  return { newLockOwner: true, openOwner };
}

export const lock: OperationCodec<LockArgs, LockResult> = {
  number: 12,
  name: 'LOCK',
  encodeArgs(w, args) {
    w.uint32(args.lockType);
    w.bool(args.reclaim);
    w.uint64(args.offset);
    w.uint64(args.length);
    encodeLocker(w, args.locker);
  },
  decodeArgs: (r) => ({
    lockType: decodeLockType(r),
    reclaim: r.bool(),
    offset: r.uint64(),
    length: r.uint64(),
    locker: decodeLocker(r),
  }),
  encodeResult(w, result) {
    w.uint32(result.status);
    if (result.status === NFS4_OK) encodeStateid(w, result.lockStateid);
    else if (result.status === NFS4ERR_DENIED) encodeLockDenied(w, result.denied);
  },
  decodeResult(r) {
    const status = decodeStatus(r);
    if (status === NFS4_OK) return { status, lockStateid: decodeStateid(r) };
    if (status === NFS4ERR_DENIED) return { status, denied: decodeLockDenied(r) };
    return { status };
  },
};
