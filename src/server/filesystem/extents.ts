import type { CallerRights } from './caller-rights.ts';
import type { FileContents } from './contents.ts';
import type { Node } from './nodes.ts';
import { DONE, type FsResult, failed, failedWith } from './result.ts';
import { STATX_BYTES, STATX_SIZE, sizeOf } from './statx.ts';
import {
  cloneRange,
  copyFileRange,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  fallocate,
  fdatasync,
  fsync,
  SEEK_DATA,
  SEEK_HOLE,
  seekFor,
  statx,
} from './syscalls.ts';
import type { FileExtents, FileNode } from './types.ts';

const MAX_OFFSET = 2n ** 63n - 1n;
/** A hole that is to reach the end of the file reaches the end of its last block, however large those are. */
const LARGEST_BLOCK = 1n << 20n;

const READ_ONLY = failed('EROFS');
const stat = Buffer.alloc(STATX_BYTES);
const fromOffset = Buffer.alloc(8);
const toOffset = Buffer.alloc(8);
const cloned = Buffer.alloc(32);

/** What all parts of one export have in common. */
export interface ExportTerms {
  readonly readOnly: boolean;
  readonly rights: CallerRights;
  /** To be called before each operation. */
  readonly begin: () => void;
}

/** {@link FileExtents} of the kernel's files. What changes a file is the caller's doing, so that set-id bits go as they do when it writes. */
export class KernelExtents implements FileExtents {
  readonly #contents: FileContents;
  readonly #terms: ExportTerms;

  constructor(contents: FileContents, terms: ExportTerms) {
    this.#contents = contents;
    this.#terms = terms;
  }

  seek(node: FileNode, offset: bigint, what: 'data' | 'hole'): FsResult<bigint> {
    this.#terms.begin();
    const fd = this.#contents.descriptor(node as Node, 'read');
    if (!fd.ok) return fd;
    if (offset > MAX_OFFSET) return failed('ENXIO');
    const found = seekFor(fd.value, offset, what === 'data' ? SEEK_DATA : SEEK_HOLE);
    return found < 0n ? failedWith(Number(found)) : { ok: true, value: found };
  }

  allocate(node: FileNode, offset: bigint, length: bigint): FsResult<void> {
    if (offset + length > MAX_OFFSET) return failed('EFBIG');
    return this.#change(node, (fd) => fallocate(fd, 0, offset, length));
  }

  deallocate(node: FileNode, offset: bigint, length: bigint): FsResult<void> {
    return this.#change(node, (fd) => {
      // To the end of the file and no further: the kernel refuses ranges that no file can have, and there is nothing to free.
      const size = sizeBy(fd);
      if (size < 0n) return Number(size);
      const blocksEnd = (size / LARGEST_BLOCK + 1n) * LARGEST_BLOCK;
      const end = offset + length < blocksEnd ? offset + length : blocksEnd;
      if (end <= offset) return 0;
      return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, end - offset);
    });
  }

  copy(from: FileNode, fromAt: bigint, to: FileNode, toAt: bigint, count: number): FsResult<number> {
    if (this.#terms.readOnly) return READ_ONLY;
    this.#terms.begin();
    const both = this.#both(from, to);
    if (!both.ok) return both;
    fromOffset.writeBigInt64LE(fromAt);
    toOffset.writeBigInt64LE(toAt);
    const { source, target } = both.value;
    const copied = this.#terms.rights.asCaller(() =>
      copyFileRange(source, fromOffset, target, toOffset, count),
    );
    return copied < 0 ? failedWith(copied) : { ok: true, value: copied };
  }

  clone(from: FileNode, fromAt: bigint, to: FileNode, toAt: bigint, count: bigint): FsResult<void> {
    if (this.#terms.readOnly) return READ_ONLY;
    this.#terms.begin();
    const both = this.#both(from, to);
    if (!both.ok) return both;
    const { source, target } = both.value;
    cloned.writeBigInt64LE(BigInt(source), 0);
    for (const [index, value] of [fromAt, count, toAt].entries())
      cloned.writeBigUInt64LE(value, 8 + index * 8);
    const status = this.#terms.rights.asCaller(() => cloneRange(target, cloned));
    if (status >= 0) return durable(fsync(target));
    const failure = failedWith(status);
    // Filesystems that know nothing of it leave the request to the kernel, which does not know it either.
    return failure.errno === 'ENOTTY' ? failed('EOPNOTSUPP') : failure;
  }

  #both(from: FileNode, to: FileNode): FsResult<{ readonly source: number; readonly target: number }> {
    const source = this.#contents.descriptor(from as Node, 'read');
    if (!source.ok) return source;
    const target = this.#contents.descriptor(to as Node, 'write');
    return target.ok ? { ok: true, value: { source: source.value, target: target.value } } : target;
  }

  /** Durable when it is answered: NFS has no COMMIT for these. */
  #change(node: FileNode, change: (fd: number) => number): FsResult<void> {
    if (this.#terms.readOnly) return READ_ONLY;
    this.#terms.begin();
    const fd = this.#contents.descriptor(node as Node, 'write');
    if (!fd.ok) return fd;
    const status = this.#terms.rights.asCaller(() => change(fd.value));
    return status < 0 ? failedWith(status) : durable(fdatasync(fd.value));
  }
}

const durable = (status: number): FsResult<void> => (status < 0 ? failedWith(status) : DONE);

/** Bytes, or minus an error number. */
function sizeBy(fd: number): bigint {
  const status = statx(fd, STATX_SIZE, stat);
  return status < 0 ? BigInt(status) : sizeOf(stat);
}
