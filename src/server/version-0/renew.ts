import { type RenewArgs, type RenewResult, renew } from '../../nfs4/operations/renew.ts';
import { NFS4_OK, NFS4ERR_CB_PATH_DOWN, NFS4ERR_LEASE_MOVED } from '../../nfs4/status.ts';
import type { ServedOperation } from '../served-operation.ts';
import type { SessionlessClient } from './client.ts';
import { findLiveClient } from './lookup.ts';

/**
 * RFC 7530 section 16.28. LEASE_MOVED (section 9.14.3) until the client was given fs_locations of each filesystem that moved with what it held
 * there; behind GETATTR in one COMPOUND, RENEW says who it was that was given them. Then CB_PATH_DOWN (section 16.28.4), to a client with delegations that it
 * cannot be asked for, or that were taken because of that: it gives back what it believes to have. The lease is renewed all the same.
 */
export const serveRenew: ServedOperation<RenewArgs, RenewResult> = {
  codec: renew,
  placement: 'anywhere',
  onAbsent: 'served',
  serve({ server, request, located }, { clientId }) {
    const client = findLiveClient(server, clientId);
    if (typeof client === 'number') return { status: client };
    request.peer?.showClient();
    for (const domain of located) client.movedLeases.settle(domain);
    for (const domain of server.domains.all) server.rewriteRecord(client, domain);
    const down = isCut(client);
    // Whatever has been in the way may be gone.
    client.callbackPath?.check(server.settings.leaseMs);
    if (client.movedLeases.anyElsewhere) return { status: NFS4ERR_LEASE_MOVED };
    return { status: down ? NFS4ERR_CB_PATH_DOWN : NFS4_OK };
  },
};

function isCut({ callbackPath, delegations, revokedDelegations }: SessionlessClient): boolean {
  if (revokedDelegations > 0) return true;
  return delegations.size > 0 && (callbackPath === null || callbackPath.isDown);
}
