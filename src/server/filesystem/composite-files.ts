/** What a composite filesystem does with the insides of files: it has none itself. */
import { fileIn, inBranch } from './branch.ts';
import { type FsResult, failed } from './result.ts';
import type { DirectoryChange, ExtendedAttributes, FileExtents, FileNode, XattrWish } from './types.ts';

const ELSEWHERE = failed('EXDEV');
const NONE_HERE = failed('EOPNOTSUPP');
const READ_ONLY = failed('EROFS');

export const COMPOSITE_EXTENTS: FileExtents = {
  seek(node, offset, what) {
    const at = fileIn(node);
    return at.branch.filesystem.extents.seek(at.inner, offset, what);
  },
  allocate(node, offset, length) {
    const at = fileIn(node);
    return at.branch.filesystem.extents.allocate(at.inner, offset, length);
  },
  deallocate(node, offset, length) {
    const at = fileIn(node);
    return at.branch.filesystem.extents.deallocate(at.inner, offset, length);
  },
  copy(from, fromAt, to, toAt, count) {
    const [source, target] = [fileIn(from), fileIn(to)];
    if (source.branch !== target.branch) return ELSEWHERE;
    return target.branch.filesystem.extents.copy(source.inner, fromAt, target.inner, toAt, count);
  },
  clone(from, fromAt, to, toAt, count) {
    const [source, target] = [fileIn(from), fileIn(to)];
    if (source.branch !== target.branch) return ELSEWHERE;
    return target.branch.filesystem.extents.clone(source.inner, fromAt, target.inner, toAt, count);
  },
};

export const COMPOSITE_XATTRS: ExtendedAttributes = {
  supported(node) {
    const at = inBranch(node);
    return at?.branch.filesystem.xattrs.supported(at.inner) ?? false;
  },
  get(node: FileNode, name: string): FsResult<Buffer> {
    const at = inBranch(node);
    return at === null ? NONE_HERE : at.branch.filesystem.xattrs.get(at.inner, name);
  },
  set(node: FileNode, name: string, value: Buffer, wish: XattrWish): FsResult<DirectoryChange> {
    const at = inBranch(node);
    return at === null ? READ_ONLY : at.branch.filesystem.xattrs.set(at.inner, name, value, wish);
  },
  remove(node: FileNode, name: string): FsResult<DirectoryChange> {
    const at = inBranch(node);
    return at === null ? READ_ONLY : at.branch.filesystem.xattrs.remove(at.inner, name);
  },
  list(node: FileNode): FsResult<readonly string[]> {
    const at = inBranch(node);
    return at === null ? NONE_HERE : at.branch.filesystem.xattrs.list(at.inner);
  },
  inheritsAccessList(directory) {
    const at = inBranch(directory);
    return at?.branch.filesystem.xattrs.inheritsAccessList(at.inner) ?? false;
  },
};
