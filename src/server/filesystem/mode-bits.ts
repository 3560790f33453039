import type { Credentials, FsAttributes, Permissions } from './types.ts';

export const ROOT = 0;

/**
 * What the mode bits allow (POSIX 1003.1, file access permissions): the first class that fits decides, owner,
 * group or others, even where a later one would allow more. Root reads and writes everything, and executes what
 * has an execute bit at all.
 */
export function allowedByMode(
  { type, mode, uid, gid }: Pick<FsAttributes, 'type' | 'mode' | 'uid' | 'gid'>,
  who: Credentials,
): Permissions {
  if (who.uid === ROOT) {
    const execute = type === 'directory' || (mode & 0o111) !== 0;
    return { read: true, write: true, execute, owner: true };
  }
  const owner = uid === who.uid;
  const member = who.gid === gid || who.gids.includes(gid);
  const bits = owner ? mode >> 6 : member ? mode >> 3 : mode;
  return { read: (bits & 4) !== 0, write: (bits & 2) !== 0, execute: (bits & 1) !== 0, owner };
}
