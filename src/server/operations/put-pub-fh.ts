import { type PutPubFhArgs, type PutPubFhResult, putPubFh } from '../../nfs4/operations/put-pub-fh.ts';
import { NFS4_OK } from '../../nfs4/status.ts';
import type { ServedOperation } from '../served-operation.ts';

/** The public filehandle is the root (RFC 8881 section 18.20). */
export const servePutPubFh: ServedOperation<PutPubFhArgs, PutPubFhResult> = {
  codec: putPubFh,
  placement: 'in-session',
  onAbsent: 'served',
  serve(compound) {
    compound.setCurrent(compound.server.settings.filesystem.root());
    return { status: NFS4_OK };
  },
};
