import { type LockTArgs, type LockTResult, lockT } from '../../nfs4/operations/lock-t.ts';
import { NFS4ERR_DENIED } from '../../nfs4/status.ts';
import { serveLockT as test } from '../operations/lock-t.ts';
import type { ServedOperation } from '../served-operation.ts';
import { findLiveClient } from './lookup.ts';

/** RFC 7530 section 16.11. The client is the one that the lock owner names. */
export const serveLockT: ServedOperation<LockTArgs, LockTResult> = {
  codec: lockT,
  placement: 'anywhere',
  serve(compound, args) {
    const client = findLiveClient(compound.server, args.owner.clientId);
    if (typeof client === 'number') {
      if (client === NFS4ERR_DENIED) throw new Error('a denied lock must say by whom');
      return { status: client };
    }
    compound.actFor(client);
    return test.serve(compound, args);
  },
};
