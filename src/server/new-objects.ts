import type { AttributeSet } from '../nfs4/attributes.ts';
import { type Failure, NFS4ERR_PERM } from '../nfs4/status.ts';
import type { ChangeInfo } from '../nfs4/types.ts';
import { settableFrom } from './attributes.ts';
import type { Compound } from './compound.ts';
import type { FsResult } from './filesystem/result.ts';
import type { Created, DirectoryChange, FileNode, InitialAttributes } from './filesystem/types.ts';

const SET_GROUP_ID = 0o2000;

/** What a caller may say about something that it makes. Only root may make it somebody else's. */
export function initialAttributes(compound: Compound, set: AttributeSet): InitialAttributes | Failure {
  const attributes = settableFrom(set);
  if (typeof attributes === 'number') return attributes;
  const { uid, gid, gids } = compound.caller.credentials;
  if (uid === 0) return attributes;
  if (attributes.uid !== undefined && attributes.uid !== uid) return NFS4ERR_PERM;
  const own = attributes.gid === undefined || attributes.gid === gid || gids.includes(attributes.gid);
  return own ? attributes : NFS4ERR_PERM;
}

/**
 * Makes something that belongs to the caller. Where the server may not give files away (it runs without root, or
 * the user is unknown in its user namespace) it stays the server's: that is better than nothing at all.
 */
export function makeOwned(
  compound: Compound,
  directory: FileNode,
  attributes: InitialAttributes,
  make: (attributes: InitialAttributes) => FsResult<Created>,
): FsResult<Created> {
  // Made with the caller's rights it is the caller's from the start.
  if (compound.server.settings.filesystem.enforcesRights) return make(attributes);
  const { uid, gid } = compound.caller.credentials;
  const owner = inheritsGroup(compound, directory) ? { uid } : { uid, gid };
  const owned = make({ ...owner, ...attributes });
  if (owned.ok || (owned.errno !== 'EPERM' && owned.errno !== 'EINVAL')) return owned;
  if (attributes.uid !== undefined || attributes.gid !== undefined) return owned;
  return make(attributes);
}

/** What is made in a set-group-id directory gets the directory's group. */
function inheritsGroup({ server }: Compound, directory: FileNode): boolean {
  const attributes = server.settings.filesystem.attributes(directory);
  return attributes.ok && (attributes.value.mode & SET_GROUP_ID) !== 0;
}

/** Two reads, so never atomic. */
export const changeInfo = ({ before, after }: DirectoryChange): ChangeInfo => ({
  atomic: false,
  before,
  after,
});
