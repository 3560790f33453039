import { allowedByMode, ROOT } from './mode-bits.ts';
import { gidOf, modeOf, typeOf, uidOf } from './statx.ts';
import { mayAccess, R_OK, W_OK, X_OK } from './syscalls.ts';
import type { Credentials, Permissions } from './types.ts';

/** `stat`: the file's statx answer. Access control lists count as far as they show in the mode. */
export const permissionsOf = (stat: Buffer, who: Credentials): Permissions =>
  allowedByMode({ type: typeOf(stat), mode: modeOf(stat), uid: uidOf(stat), gid: gidOf(stat) }, who);

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
