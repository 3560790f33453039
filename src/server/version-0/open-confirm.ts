import {
  type OpenConfirmArgs,
  type OpenConfirmResult,
  openConfirm,
} from '../../nfs4/operations/open-confirm.ts';
import { NFS4_OK, NFS4ERR_BAD_STATEID, NFS4ERR_DELAY, NFS4ERR_NOFILEHANDLE } from '../../nfs4/status.ts';
import type { ServedOperation } from '../served-operation.ts';
import { bumpSeqid } from '../state/stateids.ts';
import { findState, locateHere, locateState, ownerOf } from './lookup.ts';
import { inSequence } from './owner-sequence.ts';

/** RFC 7530 section 16.18. The first confirmed open is where the client's record becomes durable (I6). */
export const serveOpenConfirm: ServedOperation<OpenConfirmArgs, OpenConfirmResult> = {
  codec: openConfirm,
  placement: 'anywhere',
  onAbsent: 'served',
  replyBytes: 20,
  prepare({ server }, { openStateid }) {
    const open = locateState(server, openStateid);
    if (typeof open === 'number' || open.kind !== 'open' || open.revoked !== 0) return null;
    const { client, file } = open;
    if (client.recordedIn.has(file.domain)) return null;
    // The open is held already, so grace does not speak against it; a client that is on its way out gets no record (records.ts).
    client.inFlight += 1;
    return server.records.write(client, file.domain).finally(() => {
      client.inFlight -= 1;
    });
  },
  serve(compound, { openStateid, seqid }) {
    const { server, current } = compound;
    if (current === null) return { status: NFS4ERR_NOFILEHANDLE };
    const open = locateHere(compound, openStateid);
    if (typeof open === 'number') return { status: open };
    const owner = open.kind === 'open' ? ownerOf(open) : undefined;
    if (owner === undefined) return { status: NFS4ERR_BAD_STATEID };
    return inSequence<OpenConfirmResult>(compound, owner.sequence, seqid, () => {
      owner.usedAtMs = server.settings.clock.nowMs();
      if (owner.confirmed) return { status: NFS4ERR_BAD_STATEID };
      const found = findState(compound, openStateid, true);
      if (typeof found === 'number') return { status: found };
      if (!found.client.recordedIn.has(found.file.domain)) return { status: NFS4ERR_DELAY };
      owner.confirmed = true;
      return { status: NFS4_OK, openStateid: bumpSeqid(found) };
    });
  },
};
