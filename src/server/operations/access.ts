import {
  ACCESS4_DELETE,
  ACCESS4_EXECUTE,
  ACCESS4_EXTEND,
  ACCESS4_LOOKUP,
  ACCESS4_MODIFY,
  ACCESS4_READ,
} from '../../nfs4/constants.ts';
import { type AccessArgs, type AccessResult, access } from '../../nfs4/operations/access.ts';
import { NFS4_OK, NFS4ERR_INVAL, NFS4ERR_NOFILEHANDLE } from '../../nfs4/status.ts';
import { statusOfErrno } from '../errno-status.ts';
import type { Permissions } from '../filesystem/types.ts';
import type { ServedOperation } from '../served-operation.ts';

const DIRECTORY_RIGHTS = ACCESS4_READ | ACCESS4_LOOKUP | ACCESS4_MODIFY | ACCESS4_EXTEND | ACCESS4_DELETE;
const FILE_RIGHTS = ACCESS4_READ | ACCESS4_MODIFY | ACCESS4_EXTEND | ACCESS4_EXECUTE;
const KNOWN_RIGHTS = DIRECTORY_RIGHTS | FILE_RIGHTS;

/** RFC 8881 section 18.1. */
export const serveAccess: ServedOperation<AccessArgs, AccessResult> = {
  codec: access,
  placement: 'in-session',
  serve(compound, args) {
    const node = compound.current;
    if (node === null) return { status: NFS4ERR_NOFILEHANDLE };
    if ((args.access & ~KNOWN_RIGHTS) !== 0) return { status: NFS4ERR_INVAL };
    const allowed = compound.server.settings.filesystem.permissions(node, compound.caller.credentials);
    if (!allowed.ok) return { status: statusOfErrno(allowed.errno) };
    const directory = node.type === 'directory';
    const supported = args.access & (directory ? DIRECTORY_RIGHTS : FILE_RIGHTS);
    return { status: NFS4_OK, supported, access: supported & rightsOf(allowed.value, directory) };
  },
};

/** Names in a directory are changed by whoever may write to it and search it. */
const rightsOf = ({ read, write, execute }: Permissions, directory: boolean): number =>
  (read ? ACCESS4_READ : 0) |
  (write && (execute || !directory) ? ACCESS4_MODIFY | ACCESS4_EXTEND | ACCESS4_DELETE : 0) |
  (execute ? (directory ? ACCESS4_LOOKUP : ACCESS4_EXECUTE) : 0);
