import type { LockMode, Span } from '../core/byte-ranges.ts';
import { LENGTH_TO_END_OF_FILE, type LockType, READ_LT, READW_LT, WRITE_LT } from '../nfs4/constants.ts';
import type { LockDenied } from '../nfs4/lock-denied.ts';
import { NFS4ERR_BAD_RANGE, NFS4ERR_INVAL } from '../nfs4/status.ts';
import { MAX_FILE_OFFSET } from './attributes.ts';
import type { LockHolder } from './filesystem/types.ts';
import type { LockOwner } from './state/lock-owners.ts';

/**
 * The range that LOCK, LOCKT and LOCKU name (RFC 8881 section 18.10.3). The protocol counts to 2^64, record locks
 * to 2^63: what lies beyond cannot be locked (BAD_RANGE), what only reaches beyond must say "to the end".
 */
export function spanOf(
  offset: bigint,
  length: bigint,
): Span | typeof NFS4ERR_INVAL | typeof NFS4ERR_BAD_RANGE {
  if (length === 0n) return NFS4ERR_INVAL;
  if (length === LENGTH_TO_END_OF_FILE) {
    return offset > MAX_FILE_OFFSET ? NFS4ERR_BAD_RANGE : { start: offset, end: null };
  }
  const end = offset + length;
  if (end > LENGTH_TO_END_OF_FILE) return NFS4ERR_INVAL;
  return end > MAX_FILE_OFFSET + 1n ? NFS4ERR_BAD_RANGE : { start: offset, end };
}

/** Asking to be called back when the lock is free is asking for the lock: nobody is called back. */
export const modeOf = (type: LockType): LockMode =>
  type === READ_LT || type === READW_LT ? 'read' : 'write';

/** @param owner null: a program, or a client of another node; nothing more is known of it here */
export function deniedBy(holder: LockHolder, owner: LockOwner | null): LockDenied {
  const { start, end } = holder.span;
  return {
    offset: start,
    length: end === null ? LENGTH_TO_END_OF_FILE : end - start,
    lockType: holder.mode === 'read' ? READ_LT : WRITE_LT,
    owner:
      owner === null
        ? { clientId: 0n, owner: Buffer.alloc(0) }
        : { clientId: owner.client.clientId, owner: Buffer.from(owner.owner, 'hex') },
  };
}
