import {
  type FreeStateidArgs,
  type FreeStateidResult,
  freeStateid,
} from '../../nfs4/operations/free-stateid.ts';
import { NFS4_OK, NFS4ERR_BAD_STATEID, NFS4ERR_LOCKS_HELD } from '../../nfs4/status.ts';
import { judgeStateid } from '../compound.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.38. For a revoked stateid this is the client's word that it knows of its loss (row 22). */
export const serveFreeStateid: ServedOperation<FreeStateidArgs, FreeStateidResult> = {
  codec: freeStateid,
  placement: 'in-session',
  onAbsent: 'served',
  replyBytes: 4,
  serve(compound, args) {
    const { server, client } = compound;
    const { locking } = server;
    const stateid = compound.meant(args.stateid);
    if (stateid === null) return { status: NFS4ERR_BAD_STATEID };
    const state = locking.stateids.find(stateid.other);
    if (state === undefined || state.client !== client) return { status: NFS4ERR_BAD_STATEID };
    if (state.revoked !== 0) {
      locking.acknowledge(state);
      if (state.kind === 'delegation' && state.revoking) server.rewriteRecord(client, state.file.domain);
      return { status: NFS4_OK };
    }
    const status = judgeStateid(state, stateid.seqid, client);
    if (status !== null) return { status };
    // An open goes with CLOSE, a delegation with DELEGRETURN.
    if (state.kind !== 'lock' || locking.holdsLocks(state)) return { status: NFS4ERR_LOCKS_HELD };
    locking.freeLock(state);
    return { status: NFS4_OK };
  },
};
