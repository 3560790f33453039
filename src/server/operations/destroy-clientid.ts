import {
  type DestroyClientidArgs,
  type DestroyClientidResult,
  destroyClientid,
} from '../../nfs4/operations/destroy-clientid.ts';
import { NFS4_OK, NFS4ERR_CLIENTID_BUSY, NFS4ERR_DELAY, NFS4ERR_STALE_CLIENTID } from '../../nfs4/status.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.50. Answered when the record is durably gone: the client will not be back to reclaim (I6). */
export const serveDestroyClientid: ServedOperation<DestroyClientidArgs, DestroyClientidResult> = {
  codec: destroyClientid,
  placement: 'anywhere',
  onAbsent: 'served',
  serve({ server }, { clientId }) {
    const client = server.clients.byId(clientId);
    if (client === undefined) return { status: NFS4ERR_STALE_CLIENTID };
    if (client.holdsState || client.sessions.size > 0) return { status: NFS4ERR_CLIENTID_BUSY };
    if (!client.confirmed) {
      if (client.createSession.inProgress) return { status: NFS4ERR_DELAY };
      server.clients.remove(client);
      return { status: NFS4_OK };
    }
    return server.leases.discard(client).then((gone) => ({ status: gone ? NFS4_OK : NFS4ERR_DELAY }));
  },
};
