import { type CloseArgs, type CloseResult, close } from '../../nfs4/operations/close.ts';
import { NFS4_OK, NFS4ERR_BAD_STATEID, NFS4ERR_NOFILEHANDLE } from '../../nfs4/status.ts';
import type { Stateid } from '../../nfs4/types.ts';
import type { ServedOperation } from '../served-operation.ts';

/** What CLOSE returns: a stateid that is never valid (RFC 8881 section 8.2.3). */
const INVALID_STATEID: Stateid = { seqid: 0xffff_ffff, other: Buffer.alloc(12) };

/** RFC 8881 section 18.2. Locks that were taken through the open go with it. */
export const serveClose: ServedOperation<CloseArgs, CloseResult> = {
  codec: close,
  placement: 'in-session',
  replyBytes: 20,
  serve(compound, { openStateid }) {
    if (compound.current === null) return { status: NFS4ERR_NOFILEHANDLE };
    const open = compound.findState(openStateid, true);
    if (typeof open === 'number') return { status: open };
    if (open.kind !== 'open') return { status: NFS4ERR_BAD_STATEID };
    compound.server.locking.close(open);
    compound.currentStateid = null;
    return { status: NFS4_OK, openStateid: INVALID_STATEID };
  },
};
