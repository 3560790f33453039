import { type LookuppArgs, type LookuppResult, lookupp } from '../../nfs4/operations/lookupp.ts';
import { NFS4_OK, NFS4ERR_NOTDIR, NFS4ERR_SYMLINK } from '../../nfs4/status.ts';
import { directoryFor } from '../directories.ts';
import { statusOfErrno } from '../errno-status.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.14. In version 4.0 a symbolic link is no directory like any other (RFC 7530 section 16.14.5). */
export const serveLookupp: ServedOperation<LookuppArgs, LookuppResult> = {
  codec: lookupp,
  placement: 'in-session',
  serve(compound) {
    const directory = directoryFor(compound, compound.current, 'execute');
    if (directory === NFS4ERR_SYMLINK && compound.request.minorVersion === 0)
      return { status: NFS4ERR_NOTDIR };
    if (typeof directory === 'number') return { status: directory };
    const parent = compound.server.settings.filesystem.parent(directory);
    if (!parent.ok) return { status: statusOfErrno(parent.errno) };
    compound.setCurrent(parent.value);
    return { status: NFS4_OK };
  },
};
