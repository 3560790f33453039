import { type GetFhArgs, type GetFhResult, getFh } from '../../nfs4/operations/get-fh.ts';
import { NFS4_OK, NFS4ERR_NOFILEHANDLE } from '../../nfs4/status.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.8. */
export const serveGetFh: ServedOperation<GetFhArgs, GetFhResult> = {
  codec: getFh,
  placement: 'in-session',
  serve(compound) {
    if (compound.current === null) return { status: NFS4ERR_NOFILEHANDLE };
    return { status: NFS4_OK, object: compound.server.settings.filesystem.handleOf(compound.current) };
  },
};
