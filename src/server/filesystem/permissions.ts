import { gidOf, modeOf, typeOf, uidOf } from './statx.ts';
import type { Credentials, Permissions } from './types.ts';

const ROOT = 0;

/**
 * What the mode bits allow (POSIX 1003.1, file access permissions): the first class that fits decides, owner,
 * group or others, even where a later one would allow more. Root reads and writes everything, and executes what
 * has an execute bit at all. `stat`: the file's statx answer. Access control lists count as far as they show in
 * the mode.
 */
export function permissionsOf(stat: Buffer, who: Credentials): Permissions {
  const mode = modeOf(stat);
  if (who.uid === ROOT) {
    const execute = typeOf(stat) === 'directory' || (mode & 0o111) !== 0;
    return { read: true, write: true, execute, owner: true };
  }
  const owner = uidOf(stat) === who.uid;
  const group = gidOf(stat);
  const member = who.gid === group || who.gids.includes(group);
  const bits = owner ? mode >> 6 : member ? mode >> 3 : mode;
  return { read: (bits & 4) !== 0, write: (bits & 2) !== 0, execute: (bits & 1) !== 0, owner };
}
