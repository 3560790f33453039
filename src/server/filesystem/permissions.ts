import { gidOf, modeOf, typeOf, uidOf } from './statx.ts';
import { mayAccess, R_OK, W_OK, X_OK } from './syscalls.ts';
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

/**
 * What the kernel allows, access control lists and all; `fd` and `stat` are the file's. To be called with the rights of `who`
 * (caller-rights.ts).
 */
export function kernelPermissions(fd: number, stat: Buffer, who: Credentials): Permissions {
  const may = (mode: number) => mayAccess(fd, mode) === 0;
  const owner = who.uid === ROOT || uidOf(stat) === who.uid;
  // One question where the answer is yes, as it mostly is.
  const both = may(R_OK | W_OK);
  return { read: both || may(R_OK), write: both || may(W_OK), execute: may(X_OK), owner };
}
