import type { CallerRights } from './caller-rights.ts';
import { DescriptorCache } from './descriptors.ts';
import type { Node, NodeTable } from './nodes.ts';
import { DONE, type Errno, type FsResult, failed, failedWith } from './result.ts';
import { linksOf, STATX_BYTES, STATX_SIZE, sizeOf } from './statx.ts';
import {
  fdatasync,
  fsync,
  ftruncate,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  pread,
  pwrite,
  reopen,
  statx,
} from './syscalls.ts';
import type { Access, FileNode, Stability } from './types.ts';

/** Idle data descriptors of each access. */
const IDLE_LIMIT = 64;
const MAX_OFFSET = 2n ** 63n - 1n;
const OPEN_FLAGS = { read: O_RDONLY, write: O_WRONLY, both: O_RDWR } as const;

const stat = Buffer.alloc(STATX_BYTES);

/** What is inside regular files, through one descriptor per file and access. */
export class FileContents {
  readonly #nodes: NodeTable;
  readonly #descriptors: Readonly<Record<Access, DescriptorCache>> = {
    read: new DescriptorCache(IDLE_LIMIT),
    write: new DescriptorCache(IDLE_LIMIT),
  };

  /** Files are opened by the server, for whoever was found to be allowed; writing as root would leave set-id bits standing. */
  readonly #rights: CallerRights;
  #readInto = Buffer.allocUnsafeSlow(0);

  constructor(nodes: NodeTable, rights: CallerRights) {
    this.#nodes = nodes;
    this.#rights = rights;
  }

  keep(node: Node, access: Access): FsResult<void> {
    const fd = this.descriptor(node, access);
    if (!fd.ok) return fd;
    this.#descriptors[access].keep(node.key);
    return DONE;
  }

  release(node: Node, access: Access): void {
    this.#descriptors[access].release(node.key);
  }

  isKept(node: Node): boolean {
    return this.#descriptors.read.isKept(node.key) || this.#descriptors.write.isKept(node.key);
  }

  read(
    node: Node,
    offset: bigint,
    count: number,
  ): FsResult<{ readonly data: Buffer; readonly eof: boolean }> {
    const fd = this.descriptor(node, 'read');
    if (!fd.ok) return fd;
    // No file reaches that far.
    if (offset > MAX_OFFSET) return { ok: true, value: { data: Buffer.alloc(0), eof: true } };
    const data = this.#room(count);
    const bytes = pread(fd.value, data, count, offset);
    if (bytes < 0) return failedWith(bytes);
    if (bytes < count) return { ok: true, value: { data: data.subarray(0, bytes), eof: true } };
    const status = statx(fd.value, STATX_SIZE, stat);
    if (status < 0) return failedWith(status);
    return { ok: true, value: { data, eof: offset + BigInt(bytes) >= sizeOf(stat) } };
  }

  /** Used again and again: a megabyte of fresh memory for each READ costs more than to read it. */
  #room(count: number): Buffer {
    if (count > this.#readInto.length) this.#readInto = Buffer.allocUnsafeSlow(count);
    return this.#readInto.subarray(0, count);
  }

  write(
    node: Node,
    offset: bigint,
    data: Buffer,
    stability: Stability,
  ): FsResult<{ readonly count: number }> {
    if (offset + BigInt(data.length) > MAX_OFFSET) return failed('EFBIG');
    const fd = this.descriptor(node, 'write');
    if (!fd.ok) return fd;
    const count = this.#rights.asCaller(() => pwrite(fd.value, data, data.length, offset));
    if (count < 0) return failedWith(count);
    const status =
      stability === 'unstable' ? 0 : stability === 'data' ? fdatasync(fd.value) : fsync(fd.value);
    return status < 0 ? failedWith(status) : { ok: true, value: { count } };
  }

  commit(node: Node): FsResult<void> {
    // Any descriptor of the file will do, and one that has written is likely to be open.
    const writing = this.#descriptors.write.peek(node.key);
    const fd = writing === undefined ? this.descriptor(node, 'read') : open(writing);
    if (!fd.ok) return fd;
    const status = fsync(fd.value);
    return status < 0 ? failedWith(status) : DONE;
  }

  /** Opens now what it takes to set the size, and answers how: 0, or minus an error number, or the errno by name. */
  truncation(node: Node): (size: bigint) => number | Errno {
    const fd = this.descriptor(node, 'write');
    return fd.ok ? (size) => ftruncate(fd.value, size) : () => fd.errno;
  }

  /** A descriptor with this access, good until the operation ends. It holds no record locks. */
  descriptor(node: Node, access: Access): FsResult<number> {
    return this.#descriptors[access].get(node.key, () => this.openDescription(node, access));
  }

  /**
   * A new open file description, the caller's to close: record locks belong to one, so each lock owner needs
   * its own.
   */
  openDescription(node: Node, access: Access | 'both'): FsResult<number> {
    if (node.type !== 'regular') return failed(refusalOf(node));
    const any = this.anyDescriptor(node);
    if (!any.ok) return any;
    const fd = reopen(any.value, OPEN_FLAGS[access] | O_NONBLOCK);
    return fd < 0 ? failedWith(fd) : open(fd);
  }

  /**
   * Any descriptor of a file, good for its attributes and for opening it again. An open one comes first:
   * through it a file is within reach that has no name any more.
   */
  anyDescriptor(node: Node): FsResult<number> {
    const fd = this.#descriptors.read.peek(node.key) ?? this.#descriptors.write.peek(node.key);
    return fd === undefined ? this.#nodes.descriptor(node) : open(fd);
  }

  /** As statx, into `buffer`. ESTALE when the file has no name any more and no open keeps it alive. */
  stat(node: Node, mask: number, buffer: Buffer): FsResult<void> {
    const fd = this.anyDescriptor(node);
    if (!fd.ok) return fd;
    const status = statx(fd.value, mask, buffer);
    if (status < 0) return failedWith(status);
    if (linksOf(buffer) > 0 || this.isKept(node)) return DONE;
    this.forget(node);
    return failed('ESTALE');
  }

  /** A name of the file was removed: if it was the last, closes what would keep its space from being freed. */
  forgetIfGone(node: Node): void {
    const fd = this.anyDescriptor(node);
    if (!fd.ok || this.isKept(node)) return;
    if (statx(fd.value, STATX_LINKS, stat) === 0 && linksOf(stat) === 0) this.forget(node);
  }

  forget(node: Node): void {
    this.#descriptors.read.drop(node.key);
    this.#descriptors.write.drop(node.key);
    this.#nodes.forget(node);
  }

  trim(): void {
    this.#descriptors.read.trim();
    this.#descriptors.write.trim();
  }

  dropIdle(): void {
    this.#descriptors.read.dropIdle();
    this.#descriptors.write.dropIdle();
  }

  closeAll(): void {
    this.#descriptors.read.closeAll();
    this.#descriptors.write.closeAll();
  }
}

const STATX_LINKS = 0x4;

const open = (fd: number): FsResult<number> => ({ ok: true, value: fd });

const refusalOf = (node: FileNode): Errno =>
  node.type === 'directory' ? 'EISDIR' : node.type === 'symlink' ? 'ELOOP' : 'EINVAL';
