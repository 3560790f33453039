import {
  type ReclaimCompleteArgs,
  type ReclaimCompleteResult,
  reclaimComplete,
} from '../../nfs4/operations/reclaim-complete.ts';
import { NFS4_OK, NFS4ERR_COMPLETE_ALREADY, NFS4ERR_DELAY, NFS4ERR_NOFILEHANDLE } from '../../nfs4/status.ts';
import { judgePresence } from '../absence.ts';
import type { Compound } from '../compound.ts';
import type { FileNode } from '../filesystem/types.ts';
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
  onAbsent: 'served',
  replyBytes: 4,
  serve(compound, { oneFs }) {
    if (oneFs) {
      const { current } = compound;
      return current === null ? { status: NFS4ERR_NOFILEHANDLE } : completeThere(compound, current);
    }
    const { client, server } = compound;
    if (client.reclaimComplete) return { status: NFS4ERR_COMPLETE_ALREADY };
    return complete(server, client);
  },
};

/**
 * Row 30: the end of reclaims in one filesystem that came here from another node; the node's own recovery goes on. Where there was none to be
 * made it is passed over (row 14, section 18.51.4).
 */
function completeThere(
  compound: Compound,
  current: FileNode,
): ReclaimCompleteResult | Promise<ReclaimCompleteResult> {
  const { client, server } = compound;
  const absence = judgePresence(compound);
  if (absence !== null) return { status: absence };
  const domain = server.domains.find(current);
  if (domain === null) return { status: NFS4_OK };
  const isHeldFor = client.estate?.origin?.domain === domain;
  if (!isHeldFor && !domain.coordination.mayArrive(client.identity))
    return { status: client.arrivedIn.has(domain) ? NFS4ERR_COMPLETE_ALREADY : NFS4_OK };
  return server.records.arrive(client, domain).then((durable) => {
    if (!durable) return { status: NFS4ERR_DELAY };
    client.arrivedIn.add(domain);
    server.estates.settle(client, domain);
    return { status: NFS4_OK };
  });
}

function complete(
  { records, estates, settings: { steps } }: ServerState,
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
    estates.settle(client);
    return { status: NFS4_OK };
  });
}
