import { type RenewArgs, type RenewResult, renew } from '../../nfs4/operations/renew.ts';
import { NFS4_OK } from '../../nfs4/status.ts';
import type { ServedOperation } from '../served-operation.ts';
import { findLiveClient } from './lookup.ts';

/** RFC 7530 section 16.28. */
export const serveRenew: ServedOperation<RenewArgs, RenewResult> = {
  codec: renew,
  placement: 'anywhere',
  serve({ server, request }, { clientId }) {
    const client = findLiveClient(server, clientId);
    if (typeof client === 'number') return { status: client };
    request.peer?.showClient();
    return { status: NFS4_OK };
  },
};
