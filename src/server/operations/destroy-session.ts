import {
  type DestroySessionArgs,
  type DestroySessionResult,
  destroySession,
} from '../../nfs4/operations/destroy-session.ts';
import { NFS4_OK, NFS4ERR_BADSESSION, NFS4ERR_DELAY, NFS4ERR_NOT_ONLY_OP } from '../../nfs4/status.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.37. Opens and locks stay: they are the client's, not the session's. */
export const serveDestroySession: ServedOperation<DestroySessionArgs, DestroySessionResult> = {
  codec: destroySession,
  placement: 'anywhere',
  onAbsent: 'served',
  serve(compound, { sessionId }) {
    const session = compound.server.sessions.byId(sessionId);
    if (session === undefined) return { status: NFS4ERR_BADSESSION };
    // Within the session itself nothing may follow (section 18.37.3).
    if (session === compound.session && compound.remaining > 0) return { status: NFS4ERR_NOT_ONLY_OP };
    const busy = session.slots.some((slot) => slot.inProgress && slot !== compound.slot);
    if (busy) return { status: NFS4ERR_DELAY };
    compound.server.sessions.destroy(session);
    return { status: NFS4_OK };
  },
};
