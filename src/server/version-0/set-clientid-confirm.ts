import {
  type SetClientidConfirmArgs,
  type SetClientidConfirmResult,
  setClientidConfirm,
} from '../../nfs4/operations/set-clientid-confirm.ts';
import {
  NFS4_OK,
  NFS4ERR_CLID_INUSE,
  NFS4ERR_DELAY,
  NFS4ERR_STALE_CLIENTID,
  type Status,
} from '../../nfs4/status.ts';
import type { ServedOperation } from '../served-operation.ts';
import type { ServerState } from '../server-state.ts';
import { followIntroduction } from './callback-path.ts';
import { SessionlessClient } from './client.ts';
import { identityOf } from './principal.ts';
import { confirmedClientOf, isInUse } from './set-clientid.ts';

/** RFC 7530 section 16.34; the cases are those of its section 16.34.5. It writes no record (D9): that an open does. */
export const serveSetClientidConfirm: ServedOperation<SetClientidConfirmArgs, SetClientidConfirmResult> = {
  codec: setClientidConfirm,
  placement: 'anywhere',
  onAbsent: 'served',
  serve({ server, caller }, args) {
    const client = server.clients.anyById(args.clientId);
    if (!(client instanceof SessionlessClient)) return { status: NFS4ERR_STALE_CLIENTID };
    const { principal } = identityOf(client.identity.ownerId, caller);
    if (client.identity.principal !== principal) return { status: NFS4ERR_CLID_INUSE };
    if (client.confirmed) return { status: confirmAgain(server, client, args.setclientidConfirm) };
    if (!client.introduction.confirm.equals(args.setclientidConfirm))
      return { status: NFS4ERR_STALE_CLIENTID };
    // The very same, while it is being worked on.
    if (client.createSession.inProgress) return { status: NFS4ERR_DELAY };
    client.createSession.inProgress = true;
    return confirm(server, client).then((status) => {
      client.createSession.inProgress = false;
      return { status };
    });
  },
};

/** An update of the callback address takes effect; what was confirmed before is confirmed. */
function confirmAgain(server: ServerState, client: SessionlessClient, verifier: Buffer): Status {
  if (client.update?.confirm.equals(verifier)) {
    client.introduction = client.update;
    client.update = null;
    followIntroduction(server, client);
  } else if (!client.introduction.confirm.equals(verifier)) return NFS4ERR_STALE_CLIENTID;
  if (client.standing === 'live') server.leases.renew(client);
  return NFS4_OK;
}

/** This is where a restarted client's earlier life ends, its record first (I6, row 23). */
async function confirm(server: ServerState, client: SessionlessClient): Promise<Status> {
  const earlier = confirmedClientOf(server, client.identity);
  if (earlier !== null) {
    const stranger = earlier.identity.principal !== client.identity.principal;
    // It was not when SETCLIENTID was asked.
    if (stranger && isInUse(server, earlier)) return NFS4ERR_CLID_INUSE;
    if (!(await server.leases.discard(earlier))) return NFS4ERR_DELAY;
  }
  if (!(await server.estates.makeWayFor(client))) return NFS4ERR_DELAY;
  if (!(await server.records.confirmed(client))) return NFS4ERR_DELAY;
  // While we waited, another SETCLIENTID of the owner may have replaced this client id.
  if (client.standing === 'gone') return NFS4ERR_STALE_CLIENTID;
  server.clients.confirm(client);
  server.estates.attach(client);
  server.leases.renew(client);
  followIntroduction(server, client);
  return NFS4_OK;
}
