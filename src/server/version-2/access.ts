import { ACCESS4_XALIST, ACCESS4_XAREAD, ACCESS4_XAWRITE } from '../../nfs4/constants.ts';
import type { AccessArgs, AccessResult } from '../../nfs4/operations/access.ts';
import { NFS4_OK } from '../../nfs4/status.ts';
import type { Compound } from '../compound.ts';
import { statusOfErrno } from '../errno-status.ts';
import type { FileNode } from '../filesystem/types.ts';
import { serveAccess as access } from '../operations/access.ts';
import type { ServedOperation } from '../served-operation.ts';

const XATTR_RIGHTS = ACCESS4_XAREAD | ACCESS4_XAWRITE | ACCESS4_XALIST;

/** With the rights to extended attributes (RFC 8276 section 8.5), which are those to the file's contents. */
export const serveAccess: ServedOperation<AccessArgs, AccessResult> = {
  ...access,
  serve(compound, args) {
    const plain = access.serve(compound, { access: args.access & ~XATTR_RIGHTS }) as AccessResult;
    const node = compound.current;
    if (plain.status !== NFS4_OK || node === null) return plain;
    const supported = args.access & (mayHaveXattrs(compound, node) ? XATTR_RIGHTS : 0);
    if (supported === 0) return plain;
    const allowed = compound.server.settings.filesystem.permissions(node, compound.caller.credentials);
    if (!allowed.ok) return { status: statusOfErrno(allowed.errno) };
    const { read, write } = allowed.value;
    const rights = (read ? ACCESS4_XAREAD | ACCESS4_XALIST : 0) | (write ? ACCESS4_XAWRITE : 0);
    return {
      status: NFS4_OK,
      supported: plain.supported | supported,
      access: plain.access | (supported & rights),
    };
  },
};

/** Linux keeps those of users for files and directories only. */
const mayHaveXattrs = ({ server }: Compound, node: FileNode): boolean =>
  (node.type === 'regular' || node.type === 'directory') && server.settings.filesystem.xattrs.supported(node);
