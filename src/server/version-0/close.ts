import { type CloseArgs, type CloseResult, close } from '../../nfs4/operations/close.ts';
import { NFS4_OK, NFS4ERR_BAD_STATEID, NFS4ERR_NOFILEHANDLE } from '../../nfs4/status.ts';
import { judgePresence } from '../absence.ts';
import { serveClose as closeFile } from '../operations/close.ts';
import type { ServedOperation } from '../served-operation.ts';
import { findCloser, locateState, ownerOf } from './lookup.ts';
import { inSequence } from './owner-sequence.ts';

/** RFC 7530 section 16.2. */
export const serveClose: ServedOperation<CloseArgs, CloseResult> = {
  codec: close,
  placement: 'anywhere',
  onAbsent: 'served',
  replyBytes: 20,
  serve(compound, args) {
    const { server, current } = compound;
    if (current === null) return { status: NFS4ERR_NOFILEHANDLE };
    const open = locateState(server, args.openStateid);
    if (typeof open === 'number') {
      // Closed by this very request, when it came the first time?
      const owner = findCloser(server, args.openStateid);
      if (owner === null) return { status: judgePresence(compound) ?? open };
      return inSequence<CloseResult>(compound, owner.sequence, args.seqid, () => ({ status: open }));
    }
    const owner = open.kind === 'open' ? ownerOf(open) : undefined;
    if (owner === undefined) return { status: NFS4ERR_BAD_STATEID };
    return inSequence<CloseResult>(compound, owner.sequence, args.seqid, () => {
      owner.usedAtMs = server.settings.clock.nowMs();
      const result = closeFile.serve(compound, args) as CloseResult;
      if (result.status === NFS4_OK) open.client.keepClosed(open.index, owner);
      return result;
    });
  },
};
