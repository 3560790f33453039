import { type PutRootFhArgs, type PutRootFhResult, putRootFh } from '../../nfs4/operations/put-root-fh.ts';
import { NFS4_OK } from '../../nfs4/status.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.21. */
export const servePutRootFh: ServedOperation<PutRootFhArgs, PutRootFhResult> = {
  codec: putRootFh,
  placement: 'in-session',
  onAbsent: 'served',
  serve(compound) {
    compound.setCurrent(compound.server.settings.filesystem.root());
    return { status: NFS4_OK };
  },
};
