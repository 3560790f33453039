import {
  type Failure,
  NFS4ERR_ACCESS,
  NFS4ERR_NOFILEHANDLE,
  NFS4ERR_NOTDIR,
  NFS4ERR_ROFS,
  NFS4ERR_SYMLINK,
} from '../nfs4/status.ts';
import type { Compound } from './compound.ts';
import { statusOfErrno } from './errno-status.ts';
import type { FileNode, Permissions } from './filesystem/types.ts';

/**
 * The directory that an operation works in, if it is one and the caller may do that to it.
 *
 * @param node the current or the saved filehandle
 * @param need what the caller must be allowed: to look names up, to read the names, or to change them
 */
export function directoryFor(
  compound: Compound,
  node: FileNode | null,
  need: 'execute' | 'read' | 'change',
): FileNode | Failure {
  if (node === null) return NFS4ERR_NOFILEHANDLE;
  if (node.type === 'symlink') return NFS4ERR_SYMLINK;
  if (node.type !== 'directory') return NFS4ERR_NOTDIR;
  const { domains, settings } = compound.server;
  const { filesystem } = settings;
  if (need === 'change' && (domains.isPseudoRoot(node) || filesystem.isReadOnly?.(node))) return NFS4ERR_ROFS;
  // What is done by name there is done with the caller's rights: the kernel says whether it may.
  if (need !== 'read' && filesystem.enforcesRights) return node;
  const allowed = filesystem.permissions(node, compound.caller.credentials);
  if (!allowed.ok) return statusOfErrno(allowed.errno);
  return permits(allowed.value, need) ? node : NFS4ERR_ACCESS;
}

/** New and removed names need search as well as write. */
const permits = (allowed: Permissions, need: 'execute' | 'read' | 'change'): boolean =>
  need === 'change' ? allowed.write && allowed.execute : allowed[need];

const STICKY = 0o1000;

/** May the caller take this name out of a directory that it may write to? In a sticky one only owners may. Null: yes. */
export function judgeRemoval(
  { server, caller }: Compound,
  directory: FileNode,
  name: string,
): Failure | null {
  const { filesystem } = server.settings;
  if (filesystem.enforcesRights) return null;
  const attributes = filesystem.attributes(directory);
  if (!attributes.ok) return statusOfErrno(attributes.errno);
  const { uid } = caller.credentials;
  if ((attributes.value.mode & STICKY) === 0 || uid === 0 || uid === attributes.value.uid) return null;
  const node = filesystem.lookup(directory, name);
  // Nothing of that name: whoever does the work says so.
  if (!node.ok) return null;
  const victim = filesystem.attributes(node.value);
  return victim.ok && victim.value.uid !== uid ? NFS4ERR_ACCESS : null;
}
