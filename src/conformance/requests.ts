/** Operations as the tests of all versions send them. */
import { op } from '../client/compound-probe.ts';
import { attributeSet } from '../nfs4/attributes.ts';
import * as nfs from '../nfs4/constants.ts';
import { lock } from '../nfs4/operations/lock.ts';
import { type OpenArgs, open } from '../nfs4/operations/open.ts';
import type { Stateid, StateOwner } from '../nfs4/types.ts';

/** What a client remembers of a file that it has open. */
export interface OpenFile {
  readonly name: string;
  readonly handle: Buffer;
  readonly owner: string;
  stateid: Stateid;
}

export interface Range {
  readonly offset: bigint;
  readonly length: bigint;
}

export interface HeldLock {
  readonly file: OpenFile;
  readonly range: Range;
  stateid: Stateid;
}

export interface OpenWish {
  /** Name of the open-owner. */
  readonly owner?: string;
  readonly access?: number;
  readonly deny?: number;
  /** Permission bits of a file that is to be made; null: it must be there. Default 0666. */
  readonly create?: number | null;
}

export interface LockWish {
  readonly range?: Range;
  readonly type?: nfs.LockType;
  readonly reclaim?: boolean;
  /** Name of the lock-owner. */
  readonly owner?: string;
}

export const FIRST_BYTES: Range = { offset: 0n, length: 8n };
const ANYBODY = 0o666;

interface OwnerNumbers {
  readonly owner: StateOwner;
  /** Version 4.0; 0 in others. */
  readonly seqid: number;
}

export function openOp({ owner, seqid }: OwnerNumbers, claim: OpenArgs['claim'], wish: OpenWish) {
  const create = claim.claim === nfs.CLAIM_NULL ? (wish.create === undefined ? ANYBODY : wish.create) : null;
  const openHow: OpenArgs['openHow'] =
    create === null
      ? { openType: nfs.OPEN4_NOCREATE }
      : {
          openType: nfs.OPEN4_CREATE,
          how: { mode: nfs.UNCHECKED4, createAttrs: attributeSet({ mode: create }) },
        };
  const shareAccess = wish.access ?? nfs.OPEN4_SHARE_ACCESS_BOTH;
  return op(open, { seqid, shareAccess, shareDeny: wish.deny ?? 0, owner, openHow, claim });
}

/** By a lock-owner that is new on the file. */
export function firstLockOp(
  file: OpenFile,
  { owner, seqid: openSeqid }: OwnerNumbers,
  { range = FIRST_BYTES, type = nfs.WRITE_LT, reclaim = false }: LockWish,
) {
  return op(lock, {
    lockType: type,
    reclaim,
    ...range,
    locker: {
      newLockOwner: true,
      openOwner: { openSeqid, openStateid: file.stateid, lockSeqid: 0, lockOwner: owner },
    },
  });
}

export const RECLAIM_OPEN = { claim: nfs.CLAIM_PREVIOUS, delegateType: nfs.OPEN_DELEGATE_NONE } as const;
export const BY_HANDLE = { claim: nfs.CLAIM_FH } as const;
export const byName = (file: string) => ({ claim: nfs.CLAIM_NULL, file }) as const;
