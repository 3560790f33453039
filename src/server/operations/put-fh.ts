import { type PutFhArgs, type PutFhResult, putFh } from '../../nfs4/operations/put-fh.ts';
import { NFS4_OK } from '../../nfs4/status.ts';
import { statusOfErrno } from '../errno-status.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.19. */
export const servePutFh: ServedOperation<PutFhArgs, PutFhResult> = {
  codec: putFh,
  placement: 'in-session',
  onAbsent: 'served',
  serve(compound, { object }) {
    const node = compound.server.settings.filesystem.fromHandle(object);
    if (!node.ok) return { status: statusOfErrno(node.errno) };
    compound.setCurrent(node.value);
    return { status: NFS4_OK };
  },
};
