import type { XdrReader } from '../xdr/reader.ts';
import type { XdrWriter } from '../xdr/writer.ts';
import { type LockType, READ_LT, READW_LT, WRITE_LT, WRITEW_LT } from './constants.ts';
import { decodeStateOwner, encodeStateOwner, type StateOwner } from './types.ts';

/** LOCK4denied: the lock in the way, as LOCK and LOCKT tell it (RFC 8881 section 18.10.2). */
export interface LockDenied {
  readonly offset: bigint;
  /** LENGTH_TO_END_OF_FILE for a lock without end. */
  readonly length: bigint;
  readonly lockType: LockType;
  readonly owner: StateOwner;
}

const LOCK_TYPES: readonly LockType[] = [READ_LT, WRITE_LT, READW_LT, WRITEW_LT];

export function decodeLockType(r: XdrReader): LockType {
  return r.oneOf(LOCK_TYPES, 'nfs_lock_type4');
}

export function encodeLockDenied(w: XdrWriter, denied: LockDenied): void {
  w.uint64(denied.offset);
  w.uint64(denied.length);
  w.uint32(denied.lockType);
  encodeStateOwner(w, denied.owner);
}

export function decodeLockDenied(r: XdrReader): LockDenied {
  return {
    offset: r.uint64(),
    length: r.uint64(),
    lockType: decodeLockType(r),
    owner: decodeStateOwner(r),
  };
}
