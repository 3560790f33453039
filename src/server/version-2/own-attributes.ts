/** Attributes that version 4.2 has and 4.1 has not: RFC 7862 section 12.2, mode_umask of RFC 8275 and xattr_support of RFC 8276. */
import { attributeBitmap, type FileAttributes } from '../../nfs4/attributes.ts';
import { NFS4_CHANGE_TYPE_IS_TIME_METADATA } from '../../nfs4/constants.ts';
import type { FileNode, Filesystem, FsAttributes } from '../filesystem/types.ts';

/** In the creation of something, and nowhere else. */
export const SETTABLE_IN_2 = attributeBitmap(['modeUmask']);
export const SUPPORTED_IN_2 = attributeBitmap(['spaceFreed', 'changeAttrType', 'modeUmask', 'xattrSupport']);

export const attributesOfVersion2 = (
  filesystem: Filesystem,
  node: FileNode,
  { links, spaceUsed, type }: FsAttributes,
): FileAttributes => ({
  // Other names keep it all.
  spaceFreed: links > 1 && type !== 'directory' ? 0n : spaceUsed,
  changeAttrType: NFS4_CHANGE_TYPE_IS_TIME_METADATA,
  xattrSupport: filesystem.xattrs.supported(node),
});
