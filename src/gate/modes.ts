/** Whose things are, and what may be done with them (inode(7)). */
import type { Header } from './fuse/requests.ts';
import type { GateState } from './gate-state.ts';
import type { Inode } from './inodes.ts';

/** What of `st_mode` can be set. */
export const PERMISSION_BITS = 0o7777;
export const SET_USER_ID = 0o4000;
export const SET_GROUP_ID = 0o2000;

/** Whom something new belongs to: whoever asked, and the group of a directory that hands its own on. */
export function ownership({ filesystem }: GateState, directory: Inode, { uid, gid }: Header) {
  const attributes = filesystem.attributes(directory.node);
  const inherits = attributes.ok && (attributes.value.mode & SET_GROUP_ID) !== 0;
  return { uid, gid: inherits ? attributes.value.gid : gid };
}
