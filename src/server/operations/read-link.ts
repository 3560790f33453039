import { type ReadLinkArgs, type ReadLinkResult, readLink } from '../../nfs4/operations/read-link.ts';
import { NFS4_OK, NFS4ERR_INVAL, NFS4ERR_NOFILEHANDLE, NFS4ERR_WRONG_TYPE } from '../../nfs4/status.ts';
import { statusOfErrno } from '../errno-status.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.24. */
export const serveReadLink: ServedOperation<ReadLinkArgs, ReadLinkResult> = {
  codec: readLink,
  placement: 'in-session',
  serve(compound) {
    const node = compound.current;
    if (node === null) return { status: NFS4ERR_NOFILEHANDLE };
    // WRONG_TYPE came with 4.1.
    if (node.type !== 'symlink')
      return { status: compound.request.minorVersion === 0 ? NFS4ERR_INVAL : NFS4ERR_WRONG_TYPE };
    const link = compound.server.settings.filesystem.readLink(node);
    if (!link.ok) return { status: statusOfErrno(link.errno) };
    return { status: NFS4_OK, link: link.value };
  },
};
