import { type CallerRights, OWN_RIGHTS } from './caller-rights.ts';
import { FileContents } from './contents.ts';
import { makeDirectory, makeSpecial, makeSymlink, RegularFileMaker } from './creation.ts';
import { type ExportTerms, KernelExtents } from './extents.ts';
import { domainConstant, MIN_KEY_BYTES } from './handle.ts';
import { detectScheme, type IdentityScheme } from './identity.ts';
import { checkTarget } from './names.ts';
import { type Node, type NodeLimits, NodeTable } from './nodes.ts';
import { kernelPermissions, permissionsOf } from './permissions.ts';
import { errnoName, type FsResult, failed, failedWith } from './result.ts';
import { applyAttributes } from './setting.ts';
import { attributesOf, STATX_ATTRIBUTES, STATX_BYTES } from './statx.ts';
import { AT_FDCWD, fstatvfs, O_DIRECTORY, O_RDONLY, openat, readlink } from './syscalls.ts';
import { DirectoryTree } from './tree.ts';
import type {
  Access,
  Created,
  CreateHow,
  Credentials,
  DirectoryChange,
  DirectoryPage,
  FileNode,
  Filesystem,
  FsAttributes,
  FsSpace,
  InitialAttributes,
  Permissions,
  SetAttributesOutcome,
  SettableAttributes,
  Stability,
} from './types.ts';
import { KernelXattrs } from './xattrs.ts';

export interface ExportOptions {
  readonly exportDir: string;
  /** At least 16 bytes, secret, the same on all nodes of the domain and after every reboot. */
  readonly handleKey: Buffer;
  readonly limits?: Partial<NodeLimits>;
  /** Names and finds files otherwise than the filesystem and the process's rights allow at best. */
  readonly scheme?: Partial<IdentityScheme>;
  /** False: makes files as on a filesystem without O_TMPFILE. */
  readonly namelessFiles?: boolean;
  /** Whose rights operations have; default: the process's. */
  readonly rights?: CallerRights;
  /** Nothing is changed through this export: EROFS, for root as well. */
  readonly readOnly?: boolean;
}

const DEFAULT_LIMITS: NodeLimits = { nodes: 65_536, descriptors: 256, searched: 200_000 };
const STATVFS_BYTES = 112;
const MAX_TARGET_BYTES = 4096;

const stat = Buffer.alloc(STATX_BYTES);
const READ_ONLY = failed('EROFS');
const NOT_ASKED = (): number => 0;

/**
 * The real {@link Filesystem}: a directory of the kernel's. The parts do the work; each operation here begins
 * with closing the descriptors that became too many, which must not happen in the middle of one.
 */
export class ExportedFilesystem implements Filesystem, Disposable {
  /** How this process names and finds files, for diagnosis. */
  readonly scheme: IdentityScheme;
  readonly cookieVerifier: Buffer;
  readonly enforcesRights: boolean;
  readonly extents: KernelExtents;
  readonly xattrs: KernelXattrs;
  readonly #rights: CallerRights;
  readonly #readOnly: boolean;
  readonly #fsid: FsAttributes['fsid'];
  readonly #nodes: NodeTable;
  readonly #contents: FileContents;
  readonly #tree: DirectoryTree;

  /** @throws Error, one sentence for the operator, when the directory cannot be exported. */
  constructor(options: ExportOptions) {
    if (options.handleKey.length < MIN_KEY_BYTES) {
      throw new RangeError(`the handle key must have at least ${MIN_KEY_BYTES} bytes`);
    }
    const rootFd = openat(AT_FDCWD, options.exportDir, O_RDONLY | O_DIRECTORY);
    if (rootFd < 0) throw new Error(`cannot export ${options.exportDir}: ${errnoName(-rootFd)}`);
    this.scheme = detectScheme(rootFd, options.scheme);
    // Positions in a directory mean the same on all nodes and after a reboot, so the verifier never changes.
    this.cookieVerifier = domainConstant('cookie verifier', options.handleKey).subarray(0, 8);
    // Not the device number, which differs between machines that share a filesystem.
    const fsid = domainConstant('fsid', options.handleKey);
    this.#fsid = { major: fsid.readBigUInt64BE(0), minor: fsid.readBigUInt64BE(8) };
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#rights = options.rights ?? OWN_RIGHTS;
    this.enforcesRights = this.#rights !== OWN_RIGHTS;
    this.#readOnly = options.readOnly ?? false;
    this.#nodes = new NodeTable(rootFd, this.scheme, options.handleKey, limits);
    this.#contents = new FileContents(this.#nodes, this.#rights);
    const terms: ExportTerms = {
      readOnly: this.#readOnly,
      rights: this.#rights,
      begin: () => this.#begin(),
    };
    this.extents = new KernelExtents(this.#contents, terms);
    this.xattrs = new KernelXattrs(this.#contents, terms, this.#nodes.root, (node) => this.#changeOf(node));
    this.#tree = new DirectoryTree(
      this.#nodes,
      this.#contents,
      new RegularFileMaker(options.namelessFiles ?? true, this.#rights.callerOwns),
      this.#rights,
    );
  }

  isReadOnly(): boolean {
    return this.#readOnly;
  }

  root(): FileNode {
    return this.#nodes.root;
  }

  fromHandle(handle: Buffer): FsResult<FileNode> {
    this.#begin();
    return this.#nodes.fromHandle(handle);
  }

  handleOf(node: FileNode): Buffer {
    return this.#nodes.handleOf(node as Node);
  }

  lookup(dir: FileNode, name: string): FsResult<FileNode> {
    this.#begin();
    return this.#tree.lookup(dir as Node, name);
  }

  parent(dir: FileNode): FsResult<FileNode> {
    this.#begin();
    return this.#tree.parent(dir as Node);
  }

  attributes(node: FileNode): FsResult<FsAttributes> {
    this.#begin();
    const status = this.#contents.stat(node as Node, STATX_ATTRIBUTES, stat);
    return status.ok ? { ok: true, value: attributesOf(stat, this.#fsid) } : status;
  }

  #changeOf(node: FileNode): FsResult<bigint> {
    const found = this.attributes(node);
    return found.ok ? { ok: true, value: found.value.change } : found;
  }

  setAttributes(node: FileNode, attributes: SettableAttributes): SetAttributesOutcome {
    if (this.#readOnly) return { applied: [], errno: READ_ONLY.errno };
    this.#begin();
    const fd = this.#contents.anyDescriptor(node as Node);
    if (!fd.ok) return { applied: [], errno: fd.errno };
    // Opened before the rights are the caller's: whether it may write is the caller of this method's to ask.
    const truncate = attributes.size === undefined ? NOT_ASKED : this.#contents.truncation(node as Node);
    return this.#rights.asCaller(() => applyAttributes(fd.value, attributes, truncate));
  }

  permissions(node: FileNode, who: Credentials): FsResult<Permissions> {
    this.#begin();
    const status = this.#contents.stat(node as Node, STATX_ATTRIBUTES, stat);
    if (!status.ok) return status;
    const allowed = this.enforcesRights ? this.#askKernel(node as Node, who) : permissionsOf(stat, who);
    return { ok: true, value: this.#readOnly ? { ...allowed, write: false } : allowed };
  }

  /** `stat` holds the attributes of the file. */
  #askKernel(node: Node, who: Credentials): Permissions {
    const fd = this.#contents.anyDescriptor(node);
    // It was open a moment ago.
    if (!fd.ok) return { read: false, write: false, execute: false, owner: false };
    return this.#rights.as(who, () => kernelPermissions(fd.value, stat, who));
  }

  space(): FsResult<FsSpace> {
    const fd = this.#nodes.descriptor(this.#nodes.root);
    if (!fd.ok) return fd;
    const statvfs = Buffer.alloc(STATVFS_BYTES);
    const status = fstatvfs(fd.value, statvfs);
    if (status < 0) return failedWith(status);
    // Of f_bsize, f_frsize, f_blocks, f_bfree, f_bavail, f_files, f_ffree, f_favail, 8 bytes each.
    const field = (index: number) => statvfs.readBigUInt64LE(index * 8);
    const unitBytes = field(1);
    return {
      ok: true,
      value: {
        bytesTotal: field(2) * unitBytes,
        bytesFree: field(3) * unitBytes,
        bytesAvailable: field(4) * unitBytes,
        filesTotal: field(5),
        filesFree: field(6),
        filesAvailable: field(7),
      },
    };
  }

  open(node: FileNode, access: Access): FsResult<void> {
    if (this.#readOnly && access === 'write') return READ_ONLY;
    this.#begin();
    return this.#contents.keep(node as Node, access);
  }

  close(node: FileNode, access: Access): void {
    this.#contents.release(node as Node, access);
  }

  read(
    node: FileNode,
    offset: bigint,
    count: number,
  ): FsResult<{ readonly data: Buffer; readonly eof: boolean }> {
    this.#begin();
    return this.#contents.read(node as Node, offset, count);
  }

  write(
    node: FileNode,
    offset: bigint,
    data: Buffer,
    stability: Stability,
  ): FsResult<{ readonly count: number }> {
    if (this.#readOnly) return READ_ONLY;
    this.#begin();
    return this.#contents.write(node as Node, offset, data, stability);
  }

  commit(node: FileNode): FsResult<void> {
    this.#begin();
    return this.#contents.commit(node as Node);
  }

  create(dir: FileNode, name: string, how: CreateHow): FsResult<Created> {
    if (this.#readOnly) return READ_ONLY;
    this.#begin();
    return this.#tree.create(dir as Node, name, how);
  }

  makeDirectory(dir: FileNode, name: string, attributes: InitialAttributes = {}): FsResult<Created> {
    if (this.#readOnly) return READ_ONLY;
    this.#begin();
    return this.#tree.make(dir as Node, name, (at) =>
      makeDirectory(at, name, attributes, this.#rights.callerOwns),
    );
  }

  makeSymlink(
    dir: FileNode,
    name: string,
    target: string,
    attributes: InitialAttributes = {},
  ): FsResult<Created> {
    if (this.#readOnly) return READ_ONLY;
    this.#begin();
    const good = checkTarget(target);
    if (!good.ok) return good;
    return this.#tree.make(dir as Node, name, (at) => makeSymlink(at, name, target, attributes));
  }

  makeSpecial(
    dir: FileNode,
    name: string,
    type: 'fifo' | 'socket' | 'block' | 'character',
    device: { readonly major: number; readonly minor: number },
    attributes: InitialAttributes = {},
  ): FsResult<Created> {
    if (this.#readOnly) return READ_ONLY;
    this.#begin();
    return this.#tree.make(dir as Node, name, (at) =>
      makeSpecial(at, name, type, device, attributes, this.#rights.callerOwns),
    );
  }

  link(node: FileNode, dir: FileNode, name: string): FsResult<DirectoryChange> {
    if (this.#readOnly) return READ_ONLY;
    this.#begin();
    return this.#tree.link(node as Node, dir as Node, name);
  }

  readLink(node: FileNode): FsResult<string> {
    this.#begin();
    if (node.type !== 'symlink') return failed('EINVAL');
    const fd = this.#nodes.descriptor(node as Node);
    if (!fd.ok) return fd;
    const target = Buffer.allocUnsafe(MAX_TARGET_BYTES);
    const bytes = readlink(fd.value, target);
    return bytes < 0 ? failedWith(bytes) : { ok: true, value: target.toString('utf8', 0, bytes) };
  }

  remove(dir: FileNode, name: string): FsResult<DirectoryChange> {
    if (this.#readOnly) return READ_ONLY;
    this.#begin();
    return this.#tree.remove(dir as Node, name);
  }

  rename(
    fromDir: FileNode,
    fromName: string,
    toDir: FileNode,
    toName: string,
  ): FsResult<{ readonly from: DirectoryChange; readonly to: DirectoryChange }> {
    if (this.#readOnly) return READ_ONLY;
    this.#begin();
    return this.#tree.rename(fromDir as Node, fromName, toDir as Node, toName);
  }

  readdir(dir: FileNode, cookie: bigint, max: number): FsResult<DirectoryPage> {
    this.#begin();
    return this.#tree.readdir(dir as Node, cookie, max);
  }

  dropIdle(): void {
    this.#nodes.dropIdle();
    this.#contents.dropIdle();
  }

  /**
   * A new open file description of a regular file for a lock owner, who closes it. Errors as for {@link open}.
   */
  openDescription(node: FileNode, access: 'read' | 'both'): FsResult<number> {
    if (this.#readOnly && access === 'both') return READ_ONLY;
    this.#begin();
    return this.#contents.openDescription(node as Node, access);
  }

  /** A readable descriptor that holds no locks, good until the next operation. */
  sharedDescriptor(node: FileNode): FsResult<number> {
    this.#begin();
    return this.#contents.descriptor(node as Node, 'read');
  }

  /** Closes everything that is open; nothing here may be used afterwards. */
  [Symbol.dispose](): void {
    this.#contents.closeAll();
    this.#nodes.closeAll();
  }

  #begin(): void {
    this.#nodes.trim();
    this.#contents.trim();
  }
}
