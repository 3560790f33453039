import { type RenewArgs, type RenewResult, renew } from '../../nfs4/operations/renew.ts';
import { NFS4_OK, NFS4ERR_LEASE_MOVED } from '../../nfs4/status.ts';
import type { ServedOperation } from '../served-operation.ts';
import { findLiveClient } from './lookup.ts';

/**
 * RFC 7530 section 16.28. LEASE_MOVED (section 9.14.3) until the client was given fs_locations of each filesystem that moved with what it held
 * there; behind GETATTR in one COMPOUND, RENEW says who it was that was given them. The lease is renewed all the same.
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
    return { status: client.movedLeases.any ? NFS4ERR_LEASE_MOVED : NFS4_OK };
  },
};
