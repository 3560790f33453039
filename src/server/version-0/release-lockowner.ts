import {
  type ReleaseLockownerArgs,
  type ReleaseLockownerResult,
  releaseLockowner,
} from '../../nfs4/operations/release-lockowner.ts';
import { NFS4_OK, NFS4ERR_LOCKS_HELD } from '../../nfs4/status.ts';
import type { ServedOperation } from '../served-operation.ts';
import { findLiveClient } from './lookup.ts';

/** RFC 7530 section 16.37. Its lock stateids go, on all files; an owner that is not known is as good as released. */
export const serveReleaseLockowner: ServedOperation<ReleaseLockownerArgs, ReleaseLockownerResult> = {
  codec: releaseLockowner,
  placement: 'anywhere',
  onAbsent: 'served',
  replyBytes: 4,
  serve({ server }, { lockOwner }) {
    const client = findLiveClient(server, lockOwner.clientId);
    if (typeof client === 'number') return { status: client };
    const states = [...(client.lockOwners.get(lockOwner.owner.toString('hex'))?.states.values() ?? [])];
    if (states.some((state) => server.locking.holdsLocks(state))) return { status: NFS4ERR_LOCKS_HELD };
    for (const state of states) server.locking.freeLock(state);
    return { status: NFS4_OK };
  },
};
