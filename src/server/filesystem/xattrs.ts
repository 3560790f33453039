import type { FileContents } from './contents.ts';
import type { ExportTerms } from './extents.ts';
import type { Node } from './nodes.ts';
import { type FsResult, failed, failedWith } from './result.ts';
import { getXattr, listXattrs, removeXattr, setXattr, XATTR_CREATE, XATTR_REPLACE } from './syscalls.ts';
import type { DirectoryChange, ExtendedAttributes, FileNode, XattrWish } from './types.ts';

/** The one namespace that users have; NFS names come without it (RFC 8276 section 5). */
const NAMESPACE = 'user.';
/** XATTR_NAME_MAX, and the most that Linux keeps in one value or answers as a list. */
const MAX_NAME_BYTES = 255;
const MAX_BYTES = 65_536;
const DEFAULT_ACCESS_LIST = 'system.posix_acl_default';
const NOT_ONE_THAT_EXISTS = `${NAMESPACE}gracelab.is-there-any`;

const FLAGS: Record<XattrWish, number> = { either: 0, create: XATTR_CREATE, replace: XATTR_REPLACE };

const READ_ONLY = failed('EROFS');
const NOTHING = Buffer.alloc(0);
const scratch = Buffer.alloc(MAX_BYTES);

/** {@link ExtendedAttributes} of the kernel's files, with the caller's rights as far as the export has any. */
export class KernelXattrs implements ExtendedAttributes {
  readonly #contents: FileContents;
  readonly #terms: ExportTerms;
  readonly #change: (node: FileNode) => FsResult<bigint>;
  readonly #root: FileNode;
  #supported: boolean | null = null;

  /** @param change the change attribute of a file */
  constructor(
    contents: FileContents,
    terms: ExportTerms,
    root: FileNode,
    change: (node: FileNode) => FsResult<bigint>,
  ) {
    this.#contents = contents;
    this.#terms = terms;
    this.#root = root;
    this.#change = change;
  }

  /** Of the filesystem, so it is asked once. */
  supported(): boolean {
    this.#supported ??= this.#ask();
    return this.#supported;
  }

  get(node: FileNode, name: string): FsResult<Buffer> {
    const full = fullName(name);
    if (!full.ok) return full;
    const fd = this.#descriptor(node);
    if (!fd.ok) return fd;
    const bytes = this.#terms.rights.asCaller(() => getXattr(fd.value, full.value, scratch));
    return bytes < 0 ? failedWith(bytes) : { ok: true, value: Buffer.from(scratch.subarray(0, bytes)) };
  }

  set(node: FileNode, name: string, value: Buffer, wish: XattrWish): FsResult<DirectoryChange> {
    if (value.length > MAX_BYTES) return failed('E2BIG');
    return this.#alter(node, name, (fd, full) => setXattr(fd, full, value, FLAGS[wish]));
  }

  remove(node: FileNode, name: string): FsResult<DirectoryChange> {
    return this.#alter(node, name, removeXattr);
  }

  list(node: FileNode): FsResult<readonly string[]> {
    const fd = this.#descriptor(node);
    if (!fd.ok) return fd;
    const bytes = this.#terms.rights.asCaller(() => listXattrs(fd.value, scratch));
    if (bytes < 0) return failedWith(bytes);
    // Bytes first: what is no UTF-8 cannot be named in the protocol, and is left out as in a directory.
    const names = scratch.toString('latin1', 0, bytes).split('\0').map(decoded);
    const own = names.filter((name) => name?.startsWith(NAMESPACE)) as string[];
    return { ok: true, value: own.map((name) => name.slice(NAMESPACE.length)) };
  }

  inheritsAccessList(directory: FileNode): boolean {
    const fd = this.#descriptor(directory);
    return fd.ok && getXattr(fd.value, DEFAULT_ACCESS_LIST, NOTHING) >= 0;
  }

  #ask(): boolean {
    const fd = this.#descriptor(this.#root);
    if (!fd.ok) return false;
    const status = getXattr(fd.value, NOT_ONE_THAT_EXISTS, NOTHING);
    return status >= 0 || failedWith(status).errno !== 'EOPNOTSUPP';
  }

  #descriptor(node: FileNode): FsResult<number> {
    this.#terms.begin();
    return this.#contents.anyDescriptor(node as Node);
  }

  #alter(
    node: FileNode,
    name: string,
    alter: (fd: number, full: string) => number,
  ): FsResult<DirectoryChange> {
    if (this.#terms.readOnly) return READ_ONLY;
    const full = fullName(name);
    if (!full.ok) return full;
    const before = this.#change(node);
    if (!before.ok) return before;
    const fd = this.#descriptor(node);
    if (!fd.ok) return fd;
    const status = this.#terms.rights.asCaller(() => alter(fd.value, full.value));
    if (status < 0) return failedWith(status);
    const after = this.#change(node);
    return after.ok ? { ok: true, value: { before: before.value, after: after.value } } : after;
  }
}

function fullName(name: string): FsResult<string> {
  const full = NAMESPACE + name;
  if (name.length === 0 || name.includes('\0')) return failed('EINVAL');
  return Buffer.byteLength(full) > MAX_NAME_BYTES ? failed('ENAMETOOLONG') : { ok: true, value: full };
}

/** Null: it is not UTF-8. */
function decoded(latin1: string): string | null {
  const bytes = Buffer.from(latin1, 'latin1');
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : null;
}
