import {
  type ReclaimCompleteArgs,
  type ReclaimCompleteResult,
  reclaimComplete,
} from '../../nfs4/operations/reclaim-complete.ts';
import { NFS4_OK, NFS4ERR_COMPLETE_ALREADY, NFS4ERR_DELAY, NFS4ERR_NOFILEHANDLE } from '../../nfs4/status.ts';
import type { ServedOperation } from '../served-operation.ts';
import type { ServerState } from '../server-state.ts';
import type { Client } from '../state/clients.ts';

/**
 * RFC 8881 section 18.51. The global form is answered OK when the client's record is durable in the current epoch of
 * every domain, never before (I6); from then on it may have new state, and reclaims no more (rows 6, 8 and 13). What is
 * durable in some domains only counts there already (records.ts).
 */
export const serveReclaimComplete: ServedOperation<ReclaimCompleteArgs, ReclaimCompleteResult> = {
  codec: reclaimComplete,
  placement: 'in-session',
  replyBytes: 4,
  serve(compound, { oneFs }) {
    if (oneFs) {
      // Row 14: the end of reclaims after a migration of one filesystem; the node's own recovery goes on.
      return { status: compound.current === null ? NFS4ERR_NOFILEHANDLE : NFS4_OK };
    }
    const { client, server } = compound;
    if (client.reclaimComplete) return { status: NFS4ERR_COMPLETE_ALREADY };
    return complete(server, client);
  },
};

function complete(
  { records, settings: { steps } }: ServerState,
  client: Client,
): ReclaimCompleteResult | Promise<ReclaimCompleteResult> {
  if (client.revoked > 0) {
    // It lost what it had reclaimed, and does not know. The record waits until it has acknowledged that (leases.ts).
    client.reclaimComplete = true;
    return { status: NFS4_OK };
  }
  steps.at('before-completion');
  return records.writeAll(client).then((durable) => {
    if (!durable) return { status: NFS4ERR_DELAY };
    steps.at('between-completion-and-reply');
    // Two of them may have been on their way at once.
    if (client.reclaimComplete) return { status: NFS4ERR_COMPLETE_ALREADY };
    client.reclaimComplete = true;
    return { status: NFS4_OK };
  });
}
