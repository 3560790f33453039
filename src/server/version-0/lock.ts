import {
  type ExistLockOwner,
  type LockArgs,
  type LockResult,
  lock,
  type OpenToLockOwner,
} from '../../nfs4/operations/lock.ts';
import {
  NFS4_OK,
  NFS4ERR_BAD_SEQID,
  NFS4ERR_BAD_STATEID,
  NFS4ERR_DELAY,
  NFS4ERR_NOFILEHANDLE,
} from '../../nfs4/status.ts';
import type { Compound } from '../compound.ts';
import { serveLock as takeLock } from '../operations/lock.ts';
import type { ServedOperation } from '../served-operation.ts';
import { type FoundState, findClient, locateHere, locateState, ownerOf } from './lookup.ts';
import { inSequence, OwnerSequence } from './owner-sequence.ts';
import { recordFirst } from './record-first.ts';

/**
 * RFC 7530 section 16.10. The first lock of an owner on a file goes by the open's stateid and has two seqids, that of the open-owner and
 * that of the lock-owner; later ones go by the lock stateid and have the lock-owner's. Who may have which range is the same
 * for all versions (operations/lock.ts).
 */
export const serveLock: ServedOperation<LockArgs, LockResult> = {
  codec: lock,
  placement: 'anywhere',
  onAbsent: 'served',
  replyBytes: 20,
  prepare({ server }, { locker, reclaim }) {
    const stateid = locker.newLockOwner ? locker.openOwner.openStateid : locker.lockOwner.lockStateid;
    const state = locateState(server, stateid);
    if (typeof state === 'number') return null;
    return recordFirst(server, state.client, state.file.domain, reclaim ? 'reclaim' : 'new-state');
  },
  serve(compound, args) {
    if (compound.current === null) return { status: NFS4ERR_NOFILEHANDLE };
    const { locker } = args;
    return locker.newLockOwner
      ? lockAsNewOwner(compound, args, locker.openOwner)
      : lockAsKnownOwner(compound, args, locker.lockOwner);
  },
};

function lockAsKnownOwner(
  compound: Compound,
  args: LockArgs,
  { lockStateid, lockSeqid }: ExistLockOwner,
): LockResult {
  const state = locateHere(compound, lockStateid);
  if (typeof state === 'number') return asFailure(state);
  const sequence = state.kind === 'lock' ? state.client.lockSequenceOf(state.owner.owner) : null;
  if (sequence === null) return { status: NFS4ERR_BAD_STATEID };
  return inSequence(compound, sequence, lockSeqid, () => take(compound, args, state));
}

function lockAsNewOwner(compound: Compound, args: LockArgs, locker: OpenToLockOwner): LockResult {
  const { server } = compound;
  const client = findClient(server, locker.lockOwner.clientId);
  if (typeof client === 'number') return asFailure(client);
  const open = locateHere(compound, locker.openStateid);
  if (typeof open === 'number') return asFailure(open);
  if (open.kind !== 'open' || open.client !== client) return { status: NFS4ERR_BAD_STATEID };
  const opener = ownerOf(open);
  if (opener === undefined) return { status: NFS4ERR_BAD_STATEID };
  const name = locker.lockOwner.owner.toString('hex');
  return inSequence<LockResult>(compound, opener.sequence, locker.openSeqid, () => {
    opener.usedAtMs = server.settings.clock.nowMs();
    const left = server.locking.findLock(client, name, open);
    // One that it was never told of was held for it, by another node's word (estates/estates.ts).
    if (left !== null && left.seqid > 0) {
      // It has a lock stateid for this file, and must use it.
      if (server.locking.holdsLocks(left)) return { status: NFS4ERR_BAD_SEQID };
      // Nothing is locked by it: as with RELEASE_LOCKOWNER, a client may begin anew. Ganesha forgets it with the last unlock.
      server.locking.freeLock(left);
    }
    // Known from other files: its sequence goes on. Else it begins with whatever number it comes with.
    const sequence = client.lockSequenceOf(name) ?? new OwnerSequence();
    const result = inSequence(compound, sequence, locker.lockSeqid, () => take(compound, args, open));
    if (result.status === NFS4_OK) client.keepLockSequence(name, sequence);
    return result;
  });
}

function take(compound: Compound, args: LockArgs, { client, file }: FoundState): LockResult {
  const { server } = compound;
  if (!client.recordedIn.has(file.domain)) {
    const { grants } = server;
    const refusal = args.reclaim ? grants.reclaim(client, file.domain) : grants.newState(client, file.domain);
    // I6, as for OPEN.
    if (refusal === null) return { status: NFS4ERR_DELAY };
  }
  const result = takeLock.serve(compound, args) as LockResult;
  if (result.status === NFS4_OK && args.reclaim) server.reclaimSilence.reclaimed(client, file.domain);
  return result;
}

/** None of those that say where something is cannot be had. */
const asFailure = (status: number): LockResult => ({ status }) as LockResult;
