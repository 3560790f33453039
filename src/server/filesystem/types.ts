import type { LockMode, RangeSet, Span } from '../../core/byte-ranges.ts';
import type { Errno, FsResult } from './result.ts';

export type FileType = 'regular' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'block' | 'character';

/**
 * One file of the export. A value: two of them name the same file exactly when their keys are equal,
 * on every node and after every reboot. Holding one costs no descriptor and keeps no file alive.
 */
export interface FileNode {
  /** Good as a key of a Map. */
  readonly key: string;
  readonly type: FileType;
}

/** `nfstime4` (RFC 8881 section 3.3.1): seconds since 1970, and 0 to 999,999,999 nanoseconds. */
export interface Timestamp {
  readonly seconds: bigint;
  readonly nseconds: number;
}

export interface FsAttributes {
  readonly type: FileType;
  /** Permission bits with set-user-id, set-group-id and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly links: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes. */
  readonly size: bigint;
  /** Bytes that the filesystem has allocated. */
  readonly spaceUsed: bigint;
  readonly fileid: bigint;
  /**
   * What the directory above has in the place of this file (RFC 8881 section 5.8.2.19). Absent where that is the file
   * itself: everywhere but where one filesystem begins inside another.
   */
  readonly mountedOnFileid?: bigint;
  /** The same on all nodes of the domain, after every reboot. */
  readonly fsid: { readonly major: bigint; readonly minor: bigint };
  /** Differs after each change of contents or metadata; nanoseconds of ctime (RFC 8881 section 5.8.1.4). */
  readonly change: bigint;
  readonly accessTime: Timestamp;
  readonly modifyTime: Timestamp;
  readonly metadataTime: Timestamp;
  /** Null where the filesystem keeps none. */
  readonly createTime: Timestamp | null;
  readonly device: { readonly major: number; readonly minor: number };
}

/** What can be set. Absent members stay as they are. */
export interface SettableAttributes {
  readonly size?: bigint;
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
  readonly accessTime?: Timestamp | 'now';
  readonly modifyTime?: Timestamp | 'now';
}

/** `applied` counts even when a later one failed (`attrsset` of SETATTR, RFC 8881 section 18.30.3). */
export interface SetAttributesOutcome {
  readonly applied: readonly (keyof SettableAttributes)[];
  /** Null when all were applied. */
  readonly errno: Errno | null;
}

/** `change_info4` of a directory; `before` and `after` were read separately, so `atomic` is false. */
export interface DirectoryChange {
  readonly before: bigint;
  readonly after: bigint;
}

/**
 * Attributes of something new, set before anybody can see it where the filesystem allows. The seam for
 * the identity: whoever asks for a file is made its owner by giving `uid` and `gid` here.
 * Without `mode`: 0o644, directories 0o755.
 */
export type InitialAttributes = SettableAttributes;

/** `createhow4` (RFC 8881 section 18.16). */
export type CreateHow =
  | { readonly kind: 'unchecked'; readonly attributes?: InitialAttributes }
  | { readonly kind: 'guarded'; readonly attributes?: InitialAttributes }
  /**
   * EXCLUSIVE4 and EXCLUSIVE4_1. The verifier lives in the access and modification times, so
   * `accessTime` and `modifyTime` must not be among `attributes` (leave them out of suppattr_exclcreat).
   */
  | {
      readonly kind: 'exclusive';
      readonly verifier: Buffer;
      readonly attributes?: Omit<InitialAttributes, 'accessTime' | 'modifyTime'>;
    };

export interface Created {
  readonly node: FileNode;
  /**
   * False: it was there already (unchecked), or this very request had made it (exclusive, same verifier).
   * Nothing of an existing file was touched, not even its size: check access and shares, then truncate
   * with setAttributes. It may be of any type when `how` is unchecked.
   */
  readonly created: boolean;
  readonly directory: DirectoryChange;
}

export interface DirectoryEntry {
  readonly name: string;
  /** Goes on after this entry; never 0, 1 or 2 (RFC 8881 section 18.23.3). */
  readonly cookie: bigint;
  readonly fileid: bigint;
}

export interface DirectoryPage {
  readonly entries: readonly DirectoryEntry[];
  /** Nothing follows. Without it the next page may still turn out empty. */
  readonly eof: boolean;
}

export type Access = 'read' | 'write';
/** `unstable`: in memory; `data`: contents durable; `file`: metadata as well (`stable_how4`). */
export type Stability = 'unstable' | 'data' | 'file';

/** Who asks, from AUTH_SYS. */
export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  readonly gids: readonly number[];
}

/** What mode bits allow; `execute` is search for a directory. */
export interface Permissions {
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
  /** May change attributes that only the owner may: the owner itself and root. */
  readonly owner: boolean;
}

export interface FsSpace {
  readonly bytesTotal: bigint;
  readonly bytesFree: bigint;
  /** To users other than root. */
  readonly bytesAvailable: bigint;
  readonly filesTotal: bigint;
  readonly filesFree: bigint;
  readonly filesAvailable: bigint;
}

/** What is inside regular files, beyond reading and writing (RFC 7862). Whoever calls has judged access. */
export interface FileExtents {
  /** Where the next data or hole begins, from `offset` on; a hole follows the last byte. ENXIO: nothing of the kind, or no such offset. */
  seek(node: FileNode, offset: bigint, what: 'data' | 'hole'): FsResult<bigint>;
  /** Room for the range, which the file then reaches at least. EOPNOTSUPP where the filesystem cannot, as for the others. */
  allocate(node: FileNode, offset: bigint, length: bigint): FsResult<void>;
  /** Makes a hole; the size stays. */
  deallocate(node: FileNode, offset: bigint, length: bigint): FsResult<void>;
  /** Copies up to `count` bytes, and answers how many. EXDEV, EOPNOTSUPP: not without reading and writing them. */
  copy(from: FileNode, fromAt: bigint, to: FileNode, toAt: bigint, count: number): FsResult<number>;
  /** Lets both files share blocks, all or nothing. `count` 0: to the end. */
  clone(from: FileNode, fromAt: bigint, to: FileNode, toAt: bigint, count: bigint): FsResult<void>;
}

export type XattrWish = 'either' | 'create' | 'replace';

/** Extended attributes that users give files (RFC 8276). ENODATA: there is none of this name. E2BIG: too large a value. */
export interface ExtendedAttributes {
  supported(node: FileNode): boolean;
  get(node: FileNode, name: string): FsResult<Buffer>;
  /** The change of the file. */
  set(node: FileNode, name: string, value: Buffer, wish: XattrWish): FsResult<DirectoryChange>;
  remove(node: FileNode, name: string): FsResult<DirectoryChange>;
  /** In no particular order. */
  list(node: FileNode): FsResult<readonly string[]>;
  /** Do new files in a directory get an access control list from it? */
  inheritsAccessList(directory: FileNode): boolean;
}

/**
 * An exported directory. All operations are synchronous and answer errors by errno. Unless it
 * {@link Filesystem.enforcesRights | enforces rights} itself, they run with those of the process: whether a client may
 * do something is asked with {@link permissions} first.
 *
 * Names are single components of 1 to 255 bytes of UTF-8: an empty one, `.`, `..`, `/` or NUL inside is
 * EINVAL, ill-formed UTF-16 EILSEQ, a longer one ENAMETOOLONG. Symbolic links are never followed. What is
 * mounted below the export is not part of it: lookup answers EXDEV (show it as if it were not there). A file
 * that is gone is ESTALE; a handle that this domain never gave out is EBADHANDLE.
 */
export interface Filesystem {
  /** Comes with READDIR replies; a request with a cookie other than 0 must bring the same. 8 bytes. */
  readonly cookieVerifier: Buffer;
  /**
   * Names are looked up, made, changed and removed, and attributes set, with the rights of the caller (caller-rights.ts), so
   * that the kernel says who may do what: EACCES and EPERM. Still to be asked with {@link permissions}: reading and writing files
   * and listing directories, which NFS allows in cases that a local program does not know (RFC 8881 section 18.16.4: the owner).
   */
  readonly enforcesRights?: boolean;
  readonly extents: FileExtents;
  readonly xattrs: ExtendedAttributes;
  /** Nothing can be changed there, whoever asks: EROFS. Absent: nowhere. */
  isReadOnly?(node: FileNode): boolean;

  root(): FileNode;
  /** `handle` is not kept. ESTALE may also come later, from the first operation on the node. */
  fromHandle(handle: Buffer): FsResult<FileNode>;
  /** At most 128 bytes (NFS4_FHSIZE); shared, do not write to it. */
  handleOf(node: FileNode): Buffer;

  lookup(dir: FileNode, name: string): FsResult<FileNode>;
  /** ENOENT for the root, ENOTDIR for anything but a directory. */
  parent(dir: FileNode): FsResult<FileNode>;

  attributes(node: FileNode): FsResult<FsAttributes>;
  /** In the order size, owner, mode, times (chown clears set-id bits; truncation changes times). */
  setAttributes(node: FileNode, attributes: SettableAttributes): SetAttributesOutcome;
  permissions(node: FileNode, who: Credentials): FsResult<Permissions>;
  /** Of the filesystem that the file lies in. */
  space(node: FileNode): FsResult<FsSpace>;

  /**
   * Keeps a descriptor for the access until {@link close} is called as often: I/O costs no open then, and an
   * unlinked file stays readable. Regular files only (EISDIR, ELOOP for a symlink, else EINVAL). Read and write
   * work without it too.
   */
  open(node: FileNode, access: Access): FsResult<void>;
  close(node: FileNode, access: Access): void;
  /** Reads up to `count` bytes; `eof` when nothing follows what was read. The buffer is good until the next read. */
  read(
    node: FileNode,
    offset: bigint,
    count: number,
  ): FsResult<{ readonly data: Buffer; readonly eof: boolean }>;
  /** Writes all of it, or as much as there was room for; EFBIG beyond 2^63 - 1. */
  write(
    node: FileNode,
    offset: bigint,
    data: Buffer,
    stability: Stability,
  ): FsResult<{ readonly count: number }>;
  /** Everything written to the file so far is durable, by whatever node it was written on the same kernel. */
  commit(node: FileNode): FsResult<void>;

  /** Makes or finds a regular file. EEXIST: guarded, or exclusive with another verifier. */
  create(dir: FileNode, name: string, how: CreateHow): FsResult<Created>;
  makeDirectory(dir: FileNode, name: string, attributes?: InitialAttributes): FsResult<Created>;
  /** `target` is any non-empty text without NUL, up to 4095 bytes. A mode is not applied: links have none. */
  makeSymlink(dir: FileNode, name: string, target: string, attributes?: InitialAttributes): FsResult<Created>;
  makeSpecial(
    dir: FileNode,
    name: string,
    type: 'fifo' | 'socket' | 'block' | 'character',
    device: { readonly major: number; readonly minor: number },
    attributes?: InitialAttributes,
  ): FsResult<Created>;
  /** A further name for a file that is not a directory. */
  link(node: FileNode, dir: FileNode, name: string): FsResult<DirectoryChange>;
  readLink(node: FileNode): FsResult<string>;
  /** Files and empty directories alike (REMOVE, RFC 8881 section 18.25). */
  remove(dir: FileNode, name: string): FsResult<DirectoryChange>;
  rename(
    fromDir: FileNode,
    fromName: string,
    toDir: FileNode,
    toName: string,
  ): FsResult<{ readonly from: DirectoryChange; readonly to: DirectoryChange }>;
  /**
   * Up to `max` entries from `cookie` on (0: the start), without `.` and `..`. EINVAL for a cookie that was
   * never given out. Names that are not UTF-8 cannot be expressed in the protocol and are left out.
   */
  readdir(dir: FileNode, cookie: bigint, max: number): FsResult<DirectoryPage>;

  /**
   * Closes every descriptor that is not kept by {@link open}, so that files removed elsewhere free their space.
   */
  dropIdle(): void;
}

/** Who stands in the way of a lock. */
export interface LockHolder {
  readonly span: Span;
  readonly mode: LockMode;
  /** Known when the holder is an owner of this very process. */
  readonly ownerKey?: string;
}

/**
 * Exactly one of `keep` and `undo` must be called, in the same turn of the event loop, after the beacons were
 * tested (grant rule, docs/protocol.md). Until then a part that is being downgraded keeps its write lock, so that
 * `undo` can never come too late.
 */
export interface GrantedLock {
  readonly outcome: 'granted';
  keep(): void;
  /** Restores exactly what the owner held before. */
  undo(): void;
}

export type LockOutcome =
  | GrantedLock
  | { readonly outcome: 'conflict'; readonly holder: LockHolder }
  | { readonly outcome: 'error'; readonly errno: Errno };

/**
 * Byte-range locks in the shared filesystem. `ownerKey` names a lock owner within this process.
 * Spans are half-open; `end: null`, or an end beyond 2^63 - 1, means to the end of the file and beyond.
 * A start of 2^63 or more cannot be locked: EINVAL.
 */
export interface LockTable {
  /**
   * Takes the lock without waiting, replacing what the owner has there (upgrade, downgrade, split, merge as in
   * POSIX).
   */
  lock(node: FileNode, ownerKey: string, span: Span, mode: LockMode): LockOutcome;
  /** Unlocking what is not held is fine. */
  unlock(node: FileNode, ownerKey: string, span: Span): FsResult<void>;
  /** Who would refuse this lock now; null: nobody. */
  test(node: FileNode, ownerKey: string, span: Span, mode: LockMode): FsResult<LockHolder | null>;
  /** Lets go of everything the owner has on the file. */
  releaseOwner(node: FileNode, ownerKey: string): void;
  /** All that one owner has on the file is another's from now on, who has nothing there: no moment is without it. */
  passOn(node: FileNode, ownerKey: string, toKey: string): void;
  /** Lets go of everything (planned stop, after the barrier). */
  releaseAll(): void;
  /** What the owner has on the file, ascending, neighbours of one mode merged. */
  held(node: FileNode, ownerKey: string): RangeSet;
}
