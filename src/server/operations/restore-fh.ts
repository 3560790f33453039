import { type RestoreFhArgs, type RestoreFhResult, restoreFh } from '../../nfs4/operations/restore-fh.ts';
import { NFS4_OK, NFS4ERR_NOFILEHANDLE, NFS4ERR_RESTOREFH } from '../../nfs4/status.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.27; the saved stateid comes along (section 16.2.3.1.2). */
export const serveRestoreFh: ServedOperation<RestoreFhArgs, RestoreFhResult> = {
  codec: restoreFh,
  placement: 'in-session',
  onAbsent: 'served',
  serve(compound) {
    if (compound.saved === null) {
      // RFC 7530 section 16.28; RFC 8881 has the status no more.
      return { status: compound.request.minorVersion === 0 ? NFS4ERR_RESTOREFH : NFS4ERR_NOFILEHANDLE };
    }
    compound.current = compound.saved;
    compound.currentStateid = compound.savedStateid;
    return { status: NFS4_OK };
  },
};
