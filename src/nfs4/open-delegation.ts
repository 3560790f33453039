import type { XdrReader } from '../xdr/reader.ts';
import type { XdrWriter } from '../xdr/writer.ts';
import {
  NFS_LIMIT_BLOCKS,
  NFS_LIMIT_SIZE,
  OPEN_DELEGATE_NONE,
  OPEN_DELEGATE_NONE_EXT,
  OPEN_DELEGATE_READ,
  OPEN_DELEGATE_WRITE,
  WND4_CONTENTION,
  WND4_RESOURCE,
} from './constants.ts';
import { type Ace, decodeAce, decodeStateid, encodeAce, encodeStateid, type Stateid } from './types.ts';

/** open_delegation4: what came with an open (RFC 8881 section 18.16.2). */
export type OpenDelegation =
  | { readonly delegationType: typeof OPEN_DELEGATE_NONE }
  | { readonly delegationType: typeof OPEN_DELEGATE_READ; readonly read: ReadDelegation }
  | { readonly delegationType: typeof OPEN_DELEGATE_WRITE; readonly write: WriteDelegation }
  | { readonly delegationType: typeof OPEN_DELEGATE_NONE_EXT; readonly whyNone: WhyNoDelegation };

/** open_read_delegation4 */
export interface ReadDelegation {
  readonly stateid: Stateid;
  /** It is recalled already (after a reclaim). */
  readonly recall: boolean;
  readonly permissions: Ace;
}

/** open_write_delegation4 */
export interface WriteDelegation extends ReadDelegation {
  readonly spaceLimit: SpaceLimit;
}

/** nfs_space_limit4: how much the client may keep dirty before it must ask. */
export type SpaceLimit =
  | { readonly limitBy: typeof NFS_LIMIT_SIZE; readonly fileSize: bigint }
  | { readonly limitBy: typeof NFS_LIMIT_BLOCKS; readonly numBlocks: number; readonly bytesPerBlock: number };

/** open_none_delegation4: why there is none (WND4_*), and what to expect of the server. */
export interface WhyNoDelegation {
  readonly why: number;
  /** With WND4_CONTENTION. */
  readonly serverWillPushDeleg?: boolean;
  /** With WND4_RESOURCE. */
  readonly serverWillSignalAvail?: boolean;
}

const DELEGATION_TYPES = [
  OPEN_DELEGATE_NONE,
  OPEN_DELEGATE_READ,
  OPEN_DELEGATE_WRITE,
  OPEN_DELEGATE_NONE_EXT,
] as const;
const SPACE_LIMITS = [NFS_LIMIT_SIZE, NFS_LIMIT_BLOCKS] as const;

export function encodeDelegation(w: XdrWriter, delegation: OpenDelegation): void {
  w.uint32(delegation.delegationType);
  switch (delegation.delegationType) {
    case OPEN_DELEGATE_NONE:
      break;
    case OPEN_DELEGATE_READ:
      encodeStateid(w, delegation.read.stateid);
      w.bool(delegation.read.recall);
      encodeAce(w, delegation.read.permissions);
      break;
    case OPEN_DELEGATE_WRITE:
      encodeStateid(w, delegation.write.stateid);
      w.bool(delegation.write.recall);
      encodeSpaceLimit(w, delegation.write.spaceLimit);
      encodeAce(w, delegation.write.permissions);
      break;
    case OPEN_DELEGATE_NONE_EXT:
      encodeWhyNone(w, delegation.whyNone);
      break;
  }
}

export function decodeDelegation(r: XdrReader): OpenDelegation {
  const delegationType = r.oneOf(DELEGATION_TYPES, 'open_delegation_type4');
  switch (delegationType) {
    case OPEN_DELEGATE_NONE:
      return { delegationType };
    case OPEN_DELEGATE_READ: {
      const read = { stateid: decodeStateid(r), recall: r.bool(), permissions: decodeAce(r) };
      return { delegationType, read };
    }
    case OPEN_DELEGATE_WRITE: {
      const stateid = decodeStateid(r);
      const recall = r.bool();
      const spaceLimit = decodeSpaceLimit(r);
      return { delegationType, write: { stateid, recall, spaceLimit, permissions: decodeAce(r) } };
    }
    case OPEN_DELEGATE_NONE_EXT:
      return { delegationType, whyNone: decodeWhyNone(r) };
  }
}

/** open_delegation_type4, as CLAIM_PREVIOUS names it. */
export function decodeDelegationType(r: XdrReader): OpenDelegation['delegationType'] {
  return r.oneOf(DELEGATION_TYPES, 'open_delegation_type4');
}

function encodeSpaceLimit(w: XdrWriter, limit: SpaceLimit): void {
  w.uint32(limit.limitBy);
  if (limit.limitBy === NFS_LIMIT_SIZE) {
    w.uint64(limit.fileSize);
  } else {
    w.uint32(limit.numBlocks);
    w.uint32(limit.bytesPerBlock);
  }
}

function decodeSpaceLimit(r: XdrReader): SpaceLimit {
  const limitBy = r.oneOf(SPACE_LIMITS, 'limit_by4');
  if (limitBy === NFS_LIMIT_SIZE) return { limitBy, fileSize: r.uint64() };
  return { limitBy, numBlocks: r.uint32(), bytesPerBlock: r.uint32() };
}

function encodeWhyNone(w: XdrWriter, none: WhyNoDelegation): void {
  w.uint32(none.why);
  if (none.why === WND4_CONTENTION) w.bool(none.serverWillPushDeleg ?? false);
  if (none.why === WND4_RESOURCE) w.bool(none.serverWillSignalAvail ?? false);
}

function decodeWhyNone(r: XdrReader): WhyNoDelegation {
  const why = r.uint32();
  if (why === WND4_CONTENTION) return { why, serverWillPushDeleg: r.bool() };
  if (why === WND4_RESOURCE) return { why, serverWillSignalAvail: r.bool() };
  return { why };
}
