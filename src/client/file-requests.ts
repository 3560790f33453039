/** The COMPOUNDs about one file, built from what is known of it at the moment of sending. */
import type { LockMode, Span } from '../core/byte-ranges.ts';
import { NO_ATTRIBUTES } from '../nfs4/attributes.ts';
import * as nfs from '../nfs4/constants.ts';
import { close } from '../nfs4/operations/close.ts';
import { getFh } from '../nfs4/operations/get-fh.ts';
import { type Locker, lock } from '../nfs4/operations/lock.ts';
import { lockT } from '../nfs4/operations/lock-t.ts';
import { lockU } from '../nfs4/operations/lock-u.ts';
import { lookup } from '../nfs4/operations/lookup.ts';
import { type OpenClaim, type OpenHow, open } from '../nfs4/operations/open.ts';
import { putFh } from '../nfs4/operations/put-fh.ts';
import { putRootFh } from '../nfs4/operations/put-root-fh.ts';
import { remove } from '../nfs4/operations/remove.ts';
import { NFS4_OK } from '../nfs4/status.ts';
import type { StateOwner } from '../nfs4/types.ts';
import { type CompoundReply, type Op, op } from './compound.ts';
import { Delegation, type DelegationKind, delegationGiven } from './delegation.ts';
import type { OpenWish } from './file-context.ts';
import { type FileState, splitPath } from './file-state.ts';

/** The operations after SEQUENCE, and what to take out of a reply whose status is OK. */
export interface FileRequest {
  readonly ops: readonly Op[];
  accept(reply: CompoundReply): void;
}

const CREATE_UNCHECKED: OpenHow = {
  openType: nfs.OPEN4_CREATE,
  how: { mode: nfs.UNCHECKED4, createAttrs: NO_ATTRIBUTES },
};
/** The verifier tells our own repeated request from another's: as RFC 8881 section 18.16.3 has it, with attributes. */
const createExclusively = (verf: Buffer): OpenHow => ({
  openType: nfs.OPEN4_CREATE,
  how: { mode: nfs.EXCLUSIVE4_1, createBoth: { verf, attrs: NO_ATTRIBUTES } },
});

const DO_NOT_CREATE: OpenHow = { openType: nfs.OPEN4_NOCREATE };

const wishBits = (kind: DelegationKind | null): number =>
  kind === null
    ? nfs.OPEN4_SHARE_ACCESS_WANT_NO_DELEG
    : kind === 'read'
      ? nfs.OPEN4_SHARE_ACCESS_WANT_READ_DELEG
      : nfs.OPEN4_SHARE_ACCESS_WANT_WRITE_DELEG;

/** An open comes back with the delegation that came with it, or without one. */
function claimPrevious({ delegation }: FileState): OpenClaim {
  const delegateType =
    delegation === null
      ? nfs.OPEN_DELEGATE_NONE
      : delegation.kind === 'read'
        ? nfs.OPEN_DELEGATE_READ
        : nfs.OPEN_DELEGATE_WRITE;
  return { claim: nfs.CLAIM_PREVIOUS, delegateType };
}

/** The same bytes name the open-owner and the lock-owner; the server keeps the two apart. */
const stateOwner = (clientId: bigint, file: FileState): StateOwner => ({
  clientId,
  owner: Buffer.from(file.owner, 'utf8'),
});

const wireLength = (span: Span): bigint =>
  span.end === null ? nfs.LENGTH_TO_END_OF_FILE : span.end - span.start;

const lockType = (mode: LockMode) => (mode === 'read' ? nfs.READ_LT : nfs.WRITE_LT);
/** The client will come again; a server may keep its place (RFC 8881 section 18.10.4). */
const waitingLockType = (mode: LockMode) => (mode === 'read' ? nfs.READW_LT : nfs.WRITEW_LT);

/** Null as long as the file's handle is not known: it never was opened. */
function at(file: FileState): Op | null {
  return file.handle === null ? null : op(putFh, { object: file.handle });
}

function directory(path: readonly string[]): Op[] {
  return [op(putRootFh, {}), ...path.map((objName) => op(lookup, { objName }))];
}

/** OPEN by name. Widening what is open already gives the same stateid, one seqid further (RFC 8881 section 9.9). */
export function openByName(
  file: FileState,
  clientId: bigint,
  { access, create, deny = 0, exclusive }: OpenWish,
): FileRequest {
  const { directories, name } = splitPath(file.path);
  const opened = op(open, {
    seqid: 0,
    shareAccess: access | wishBits(file.delegationWish),
    shareDeny: deny,
    owner: stateOwner(clientId, file),
    openHow: exclusive ? createExclusively(exclusive) : create ? CREATE_UNCHECKED : DO_NOT_CREATE,
    claim: { claim: nfs.CLAIM_NULL, file: name },
  });
  const handle = op(getFh, {});
  return {
    ops: [...directory(directories), opened, handle],
    accept(reply) {
      const [openResult, handleResult] = [reply.of(opened), reply.of(handle)];
      if (openResult?.status !== NFS4_OK || handleResult?.status !== NFS4_OK) return;
      file.openStateid = openResult.stateid;
      file.handle = handleResult.object;
      file.access = access;
      file.deny = deny;
      const given = delegationGiven(openResult.delegation);
      if (given !== null && file.delegation === null)
        file.delegation = new Delegation(given.kind, given.stateid);
    },
  };
}

/** OPEN with CLAIM_PREVIOUS: takes an open back from a server that lost it (RFC 8881 section 18.16.3). */
export const reclaimOpen = (file: FileState, clientId: bigint): FileRequest | null =>
  openAgain(file, clientId, claimPrevious(file));

/** OPEN with CLAIM_FH: anew, without a name. */
export const openByHandle = (file: FileState, clientId: bigint): FileRequest | null =>
  openAgain(file, clientId, { claim: nfs.CLAIM_FH });

/** For what the file was open before. */
function openAgain(file: FileState, clientId: bigint, claim: OpenClaim): FileRequest | null {
  const target = at(file);
  if (target === null) return null;
  const opened = op(open, {
    seqid: 0,
    shareAccess: file.access | nfs.OPEN4_SHARE_ACCESS_WANT_NO_DELEG,
    shareDeny: file.deny,
    owner: stateOwner(clientId, file),
    openHow: DO_NOT_CREATE,
    claim,
  });
  return {
    ops: [target, opened],
    accept(reply) {
      const result = reply.of(opened);
      if (result?.status !== NFS4_OK) return;
      file.openStateid = result.stateid;
      const given = delegationGiven(result.delegation);
      if (given === null || file.delegation?.kind !== given.kind) return file.loseDelegation();
      file.delegation.stateid = given.stateid;
      if (given.recall) file.delegation.recall();
    },
  };
}

export interface LockRequest extends FileRequest {
  /** The lock in the way, if the answer was DENIED and told it. */
  conflict(reply: CompoundReply): Conflict | null;
}

/** Who is in the way, as far as the server says. */
export interface Conflict {
  readonly owner: string;
  readonly span: Span;
  readonly mode: LockMode;
}

/** LOCK, new or reclaimed; null when the file is not open. */
export function lockRange(
  file: FileState,
  clientId: bigint,
  span: Span,
  mode: LockMode,
  { reclaim, waits }: { readonly reclaim: boolean; readonly waits: boolean },
): LockRequest | null {
  const target = at(file);
  const locker = lockerOf(file, clientId);
  if (target === null || locker === null) return null;
  const locked = op(lock, {
    lockType: waits ? waitingLockType(mode) : lockType(mode),
    reclaim,
    offset: span.start,
    length: wireLength(span),
    locker,
  });
  return {
    ops: [target, locked],
    accept(reply) {
      const result = reply.of(locked);
      if (result?.status === NFS4_OK) file.lockStateid = result.lockStateid;
    },
    conflict(reply) {
      const result = reply.of(locked);
      return result !== null && 'denied' in result ? conflictOf(result.denied) : null;
    },
  };
}

function lockerOf(file: FileState, clientId: bigint): Locker | null {
  if (file.openStateid === null) return null;
  if (file.lockStateid !== null) {
    return { newLockOwner: false, lockOwner: { lockStateid: file.lockStateid, lockSeqid: 0 } };
  }
  const lockOwner = stateOwner(clientId, file);
  const openOwner = { openSeqid: 0, openStateid: file.openStateid, lockSeqid: 0, lockOwner };
  return { newLockOwner: true, openOwner };
}

function conflictOf(denied: import('../nfs4/lock-denied.ts').LockDenied): Conflict {
  const end = denied.length === nfs.LENGTH_TO_END_OF_FILE ? null : denied.offset + denied.length;
  const reads = denied.lockType === nfs.READ_LT || denied.lockType === nfs.READW_LT;
  return {
    owner: denied.owner.owner.toString('utf8'),
    span: { start: denied.offset, end },
    mode: reads ? 'read' : 'write',
  };
}

/** LOCKT; null when the handle is not known. */
export function testRange(file: FileState, clientId: bigint, span: Span, mode: LockMode): LockRequest | null {
  const target = at(file);
  if (target === null) return null;
  const tested = op(lockT, {
    lockType: lockType(mode),
    offset: span.start,
    length: wireLength(span),
    owner: stateOwner(clientId, file),
  });
  return {
    ops: [target, tested],
    accept() {},
    conflict(reply) {
      const result = reply.of(tested);
      return result !== null && 'denied' in result ? conflictOf(result.denied) : null;
    },
  };
}

/** LOCKU; null when the server knows of no lock of this owner. */
export function unlockRange(file: FileState, span: Span): FileRequest | null {
  const target = at(file);
  if (target === null || file.lockStateid === null) return null;
  const unlocked = op(lockU, {
    lockType: nfs.WRITE_LT,
    seqid: 0,
    lockStateid: file.lockStateid,
    offset: span.start,
    length: wireLength(span),
  });
  return {
    ops: [target, unlocked],
    accept(reply) {
      const result = reply.of(unlocked);
      if (result?.status === NFS4_OK) file.lockStateid = result.lockStateid;
    },
  };
}

/** CLOSE; null when the file is not open. */
export function closeOpen(file: FileState): FileRequest | null {
  const target = at(file);
  if (target === null || file.openStateid === null) return null;
  return {
    ops: [target, op(close, { seqid: 0, openStateid: file.openStateid })],
    accept: () => file.forgetOpen(),
  };
}

export function removeByName(path: string): FileRequest {
  const { directories, name } = splitPath(path);
  return { ops: [...directory(directories), op(remove, { target: name })], accept() {} };
}
