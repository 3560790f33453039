/** Numbers of the kernel's FUSE protocol, as include/uapi/linux/fuse.h has them (protocol 7.45; what is used here is there since 7.31). */

export const FUSE_KERNEL_VERSION = 7;
/** What the gate speaks: the kernel goes down to the lower minor of the two sides. */
export const FUSE_MINOR = 36;
/** Before it INIT and its reply were shorter, and the flags below had another meaning or none. */
export const LEAST_MINOR = 31;
export const FUSE_ROOT_ID = 1n;

/** `enum fuse_opcode`; those that are not here are answered with ENOSYS. */
export const OPCODES = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  setattr: 4,
  readlink: 5,
  symlink: 6,
  mknod: 8,
  mkdir: 9,
  unlink: 10,
  rmdir: 11,
  rename: 12,
  link: 13,
  open: 14,
  read: 15,
  write: 16,
  statfs: 17,
  release: 18,
  fsync: 20,
  setxattr: 21,
  getxattr: 22,
  listxattr: 23,
  removexattr: 24,
  flush: 25,
  init: 26,
  opendir: 27,
  readdir: 28,
  releasedir: 29,
  fsyncdir: 30,
  getlk: 31,
  setlk: 32,
  setlkw: 33,
  create: 35,
  interrupt: 36,
  destroy: 38,
  'batch-forget': 42,
  fallocate: 43,
  rename2: 45,
  lseek: 46,
  'copy-file-range': 47,
} as const;
export type OperationName = keyof typeof OPCODES;

/** Flags of INIT. */
export const FUSE_ASYNC_READ = 1 << 0;
export const FUSE_POSIX_LOCKS = 1 << 1;
export const FUSE_ATOMIC_O_TRUNC = 1 << 3;
export const FUSE_BIG_WRITES = 1 << 5;
export const FUSE_FLOCK_LOCKS = 1 << 10;
export const FUSE_PARALLEL_DIROPS = 1 << 18;
export const FUSE_MAX_PAGES = 1 << 22;

/** `valid` of SETATTR. */
export const FATTR_MODE = 1 << 0;
export const FATTR_UID = 1 << 1;
export const FATTR_GID = 1 << 2;
export const FATTR_SIZE = 1 << 3;
export const FATTR_ATIME = 1 << 4;
export const FATTR_MTIME = 1 << 5;
export const FATTR_FH = 1 << 6;
export const FATTR_ATIME_NOW = 1 << 7;
export const FATTR_MTIME_NOW = 1 << 8;

/** Reads and writes go past the page cache: another node may have written meanwhile. */
export const FOPEN_DIRECT_IO = 1 << 0;
export const FUSE_LK_FLOCK = 1 << 0;
/** Of WRITE: whoever writes may not set set-id bits (CAP_FSETID), so that they go. */
export const FUSE_WRITE_KILL_SUIDGID = 1 << 2;
/** The last byte of a lock "to the end": OFFSET_MAX of the kernel. */
export const OFFSET_MAX = 2n ** 63n - 1n;

/** `l_type` of fcntl(2), asm-generic. */
export const F_RDLCK = 0;
export const F_WRLCK = 1;
export const F_UNLCK = 2;

/** Bytes of the headers and of the fixed parts. */
export const IN_HEADER_BYTES = 40;
export const OUT_HEADER_BYTES = 16;
export const ATTR_BYTES = 88;
