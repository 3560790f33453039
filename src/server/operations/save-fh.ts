import { type SaveFhArgs, type SaveFhResult, saveFh } from '../../nfs4/operations/save-fh.ts';
import { NFS4_OK, NFS4ERR_NOFILEHANDLE } from '../../nfs4/status.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.28; the current stateid goes along (section 16.2.3.1.2). */
export const serveSaveFh: ServedOperation<SaveFhArgs, SaveFhResult> = {
  codec: saveFh,
  placement: 'in-session',
  serve(compound) {
    if (compound.current === null) return { status: NFS4ERR_NOFILEHANDLE };
    compound.saved = compound.current;
    compound.savedStateid = compound.currentStateid;
    return { status: NFS4_OK };
  },
};
