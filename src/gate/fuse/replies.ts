/** What the gate answers: `struct fuse_out_header`, then what the operation promises (include/uapi/linux/fuse.h). */
import type { FsAttributes, FsSpace } from '../../server/filesystem/types.ts';
import {
  ATTR_BYTES,
  FUSE_ASYNC_READ,
  FUSE_ATOMIC_O_TRUNC,
  FUSE_BIG_WRITES,
  FUSE_FLOCK_LOCKS,
  FUSE_KERNEL_VERSION,
  FUSE_MAX_PAGES,
  FUSE_MINOR,
  FUSE_PARALLEL_DIROPS,
  FUSE_POSIX_LOCKS,
  OUT_HEADER_BYTES,
} from './constants.ts';
import type { FuseLock } from './requests.ts';

/** The most that one READ or WRITE carries. */
export const MAX_TRANSFER_BYTES = 1024 * 1024;
const PAGE_BYTES = 4096;
const BLOCK_BYTES = 4096;
const NAME_BYTES = 255;
const SECTOR_BYTES = 512n;

/** A whole reply. @param error 0, or minus an error number; then there is no body */
export function encodeReply(unique: bigint, error: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const reply = Buffer.allocUnsafe(OUT_HEADER_BYTES + body.length);
  reply.writeUInt32LE(reply.length, 0);
  reply.writeInt32LE(error, 4);
  reply.writeBigUInt64LE(unique, 8);
  body.copy(reply, OUT_HEADER_BYTES);
  return reply;
}

/** Without the features that the kernel did not offer. POSIX locks and flock are what the gate is for. */
export function initBody(offered: number, maxReadahead: number): Buffer {
  const body = Buffer.alloc(64);
  const wanted =
    FUSE_ASYNC_READ |
    FUSE_POSIX_LOCKS |
    FUSE_ATOMIC_O_TRUNC |
    FUSE_BIG_WRITES |
    FUSE_FLOCK_LOCKS |
    FUSE_PARALLEL_DIROPS |
    FUSE_MAX_PAGES;
  body.writeUInt32LE(FUSE_KERNEL_VERSION, 0);
  body.writeUInt32LE(FUSE_MINOR, 4);
  body.writeUInt32LE(maxReadahead, 8);
  body.writeUInt32LE((wanted & offered) >>> 0, 12);
  body.writeUInt16LE(64, 16); // max_background
  body.writeUInt16LE(48, 18); // congestion_threshold
  body.writeUInt32LE(MAX_TRANSFER_BYTES, 20); // max_write
  body.writeUInt32LE(1, 24); // time_gran: nanoseconds
  body.writeUInt16LE(MAX_TRANSFER_BYTES / PAGE_BYTES, 28); // max_pages
  return body;
}

/** File type bits of `st_mode`, by type. */
const TYPE_BITS: Readonly<Record<FsAttributes['type'], number>> = {
  regular: 0o100_000,
  directory: 0o040_000,
  symlink: 0o120_000,
  fifo: 0o010_000,
  socket: 0o140_000,
  block: 0o060_000,
  character: 0o020_000,
};

function writeAttributes(body: Buffer, at: number, ino: bigint, attributes: FsAttributes): void {
  const { size, spaceUsed, accessTime, modifyTime, metadataTime, device } = attributes;
  body.writeBigUInt64LE(ino, at);
  body.writeBigUInt64LE(size, at + 8);
  body.writeBigUInt64LE((spaceUsed + SECTOR_BYTES - 1n) / SECTOR_BYTES, at + 16);
  for (const [index, time] of [accessTime, modifyTime, metadataTime].entries()) {
    body.writeBigInt64LE(time.seconds, at + 24 + 8 * index);
    body.writeUInt32LE(time.nseconds, at + 48 + 4 * index);
  }
  body.writeUInt32LE(TYPE_BITS[attributes.type] | attributes.mode, at + 60);
  body.writeUInt32LE(Math.min(attributes.links, 0xffff_ffff), at + 64);
  body.writeUInt32LE(attributes.uid, at + 68);
  body.writeUInt32LE(attributes.gid, at + 72);
  // new_encode_dev() of the kernel: 12 bits of major, 20 of minor.
  const { major, minor } = device;
  body.writeUInt32LE(((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0, at + 76);
  body.writeUInt32LE(BLOCK_BYTES, at + 80);
}

/** `struct fuse_entry_out`. Nothing is kept by the kernel (no validity): another node may change it at any moment. */
export function entryBody(nodeid: bigint, attributes: FsAttributes): Buffer {
  const body = Buffer.alloc(40 + ATTR_BYTES);
  body.writeBigUInt64LE(nodeid, 0);
  writeAttributes(body, 40, attributes.fileid, attributes);
  return body;
}

/** `struct fuse_attr_out`, as little kept. */
export function attributesBody(attributes: FsAttributes): Buffer {
  const body = Buffer.alloc(16 + ATTR_BYTES);
  writeAttributes(body, 16, attributes.fileid, attributes);
  return body;
}

export function openBody(fh: bigint, flags: number): Buffer {
  const body = Buffer.alloc(16);
  body.writeBigUInt64LE(fh, 0);
  body.writeUInt32LE(flags, 8);
  return body;
}

/** `struct fuse_write_out`, and what extended attributes are asked the size of. */
export function sizeBody(size: number): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt32LE(size, 0);
  return body;
}

export function offsetBody(offset: bigint): Buffer {
  const body = Buffer.alloc(8);
  body.writeBigUInt64LE(offset, 0);
  return body;
}

export function lockBody({ start, end, type, pid }: FuseLock): Buffer {
  const body = Buffer.alloc(24);
  body.writeBigUInt64LE(start, 0);
  body.writeBigUInt64LE(end, 8);
  body.writeUInt32LE(type, 16);
  body.writeUInt32LE(pid, 20);
  return body;
}

/** `struct fuse_statfs_out`. */
export function spaceBody(space: FsSpace): Buffer {
  const body = Buffer.alloc(80);
  const block = BigInt(BLOCK_BYTES);
  const { bytesTotal, bytesFree, bytesAvailable, filesTotal, filesFree } = space;
  for (const [index, count] of [
    bytesTotal / block,
    bytesFree / block,
    bytesAvailable / block,
    filesTotal,
    filesFree,
  ].entries())
    body.writeBigUInt64LE(count, 8 * index);
  body.writeUInt32LE(BLOCK_BYTES, 40);
  body.writeUInt32LE(NAME_BYTES, 44);
  body.writeUInt32LE(BLOCK_BYTES, 48);
  return body;
}

export interface ListedEntry {
  readonly ino: bigint;
  /** Where the listing goes on after it. */
  readonly next: bigint;
  readonly name: string;
}

/** `struct fuse_dirent` for as many as fit, each padded to 8 bytes. The type is left open (DT_UNKNOWN). */
export function directoryBody(entries: Iterable<ListedEntry>, room: number): Buffer {
  const parts: Buffer[] = [];
  let left = room;
  for (const { ino, next, name } of entries) {
    const bytes = Buffer.from(name);
    const part = Buffer.alloc((24 + bytes.length + 7) & ~7);
    if (part.length > left) break;
    part.writeBigUInt64LE(ino, 0);
    part.writeBigUInt64LE(next, 8);
    part.writeUInt32LE(bytes.length, 16);
    bytes.copy(part, 24);
    parts.push(part);
    left -= part.length;
  }
  return Buffer.concat(parts);
}
