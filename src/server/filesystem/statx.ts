import type { FileType, FsAttributes, Timestamp } from './types.ts';

/** Reads `struct statx` (statx(2)); the layout is the same on all architectures of one byte order. */

/** Type, inode, birth time and mount. */
export const STATX_IDENTITY = 0x1 | 0x100 | 0x800 | 0x1000;
/** All that `struct stat` has, and the birth time. */
export const STATX_ATTRIBUTES = 0x7ff | 0x800;
/** Links and ctime only. */
export const STATX_CHANGE = 0x4 | 0x80;
export const STATX_SIZE = 0x200;
export const STATX_BYTES = 256;

const HAS_BIRTH_TIME = 0x800;

/**
 * By the format bits of the mode. Not an object: Biome 2.6 reads octal keys of one in base 7 and rewrites them.
 */
const TYPES = new Map<number, FileType>([
  [0o010000, 'fifo'],
  [0o020000, 'character'],
  [0o040000, 'directory'],
  [0o060000, 'block'],
  [0o100000, 'regular'],
  [0o120000, 'symlink'],
  [0o140000, 'socket'],
]);

const OFFSET = {
  mask: 0,
  links: 16,
  uid: 20,
  gid: 24,
  mode: 28,
  inode: 32,
  size: 40,
  blocks: 48,
  accessTime: 64,
  birthTime: 80,
  changeTime: 96,
  modifyTime: 112,
  deviceMajor: 128,
  deviceMinor: 132,
  onDeviceMajor: 136,
  onDeviceMinor: 140,
  mountId: 144,
} as const;

const timestampAt = (buffer: Buffer, offset: number): Timestamp => ({
  seconds: buffer.readBigInt64LE(offset),
  nseconds: buffer.readUInt32LE(offset + 8),
});

export function typeOf(buffer: Buffer): FileType {
  const type = TYPES.get(buffer.readUInt16LE(OFFSET.mode) & 0o170000);
  if (type === undefined) throw new Error('the kernel reported a file type that does not exist');
  return type;
}

export const modeOf = (buffer: Buffer): number => buffer.readUInt16LE(OFFSET.mode) & 0o7777;
export const linksOf = (buffer: Buffer): number => buffer.readUInt32LE(OFFSET.links);
export const uidOf = (buffer: Buffer): number => buffer.readUInt32LE(OFFSET.uid);
export const gidOf = (buffer: Buffer): number => buffer.readUInt32LE(OFFSET.gid);
export const sizeOf = (buffer: Buffer): bigint => buffer.readBigUInt64LE(OFFSET.size);
export const mountOf = (buffer: Buffer): bigint => buffer.readBigUInt64LE(OFFSET.mountId);

/** Inode number and birth time: 20 bytes that name a file within its filesystem, whatever its device number. */
export function inodeAndBirth(buffer: Buffer): Buffer {
  const identity = Buffer.alloc(20);
  buffer.copy(identity, 0, OFFSET.inode, OFFSET.inode + 8);
  if (hasBirthTime(buffer)) buffer.copy(identity, 8, OFFSET.birthTime, OFFSET.birthTime + 12);
  return identity;
}

/** Device and inode as text: names a file among all of this machine. */
export const fileIdentityOf = (buffer: Buffer): string =>
  `${buffer.readUInt32LE(OFFSET.onDeviceMajor)}:${buffer.readUInt32LE(OFFSET.onDeviceMinor)}:${buffer.readBigUInt64LE(OFFSET.inode)}`;

/**
 * The change attribute. ctime in nanoseconds; Linux hands its own change counter (STATX_CHANGE_COOKIE) to
 * knfsd only, never to programs. Since 6.13 a ctime that was looked at is never given to a later
 * change; on older kernels two changes within one tick (up to 10 ms) may look like one.
 */
export const changeOf = (buffer: Buffer): bigint =>
  buffer.readBigInt64LE(OFFSET.changeTime) * 1_000_000_000n +
  BigInt(buffer.readUInt32LE(OFFSET.changeTime + 8));

export const accessTimeOf = (buffer: Buffer): Timestamp => timestampAt(buffer, OFFSET.accessTime);
export const modifyTimeOf = (buffer: Buffer): Timestamp => timestampAt(buffer, OFFSET.modifyTime);

const hasBirthTime = (buffer: Buffer): boolean => (buffer.readUInt32LE(OFFSET.mask) & HAS_BIRTH_TIME) !== 0;

export function attributesOf(buffer: Buffer, fsid: FsAttributes['fsid']): FsAttributes {
  return {
    type: typeOf(buffer),
    mode: modeOf(buffer),
    links: linksOf(buffer),
    uid: uidOf(buffer),
    gid: gidOf(buffer),
    size: sizeOf(buffer),
    // stx_blocks counts 512 bytes, whatever the filesystem's block size.
    spaceUsed: buffer.readBigUInt64LE(OFFSET.blocks) * 512n,
    fileid: buffer.readBigUInt64LE(OFFSET.inode),
    fsid,
    change: changeOf(buffer),
    accessTime: timestampAt(buffer, OFFSET.accessTime),
    modifyTime: timestampAt(buffer, OFFSET.modifyTime),
    metadataTime: timestampAt(buffer, OFFSET.changeTime),
    createTime: hasBirthTime(buffer) ? timestampAt(buffer, OFFSET.birthTime) : null,
    device: {
      major: buffer.readUInt32LE(OFFSET.deviceMajor),
      minor: buffer.readUInt32LE(OFFSET.deviceMinor),
    },
  };
}
