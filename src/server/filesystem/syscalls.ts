import { constants } from 'node:fs';
import { endianness } from 'node:os';
import koffi from 'koffi';

/**
 * The system calls of the filesystem layer, as glibc (2.33 or newer) wraps them. Each returns what the
 * kernel returns: 0 or more for success, minus the error number for failure, never an exception.
 * Buffers that the kernel fills belong to the caller, who reuses them: a koffi struct would double the cost.
 */

// All structures here are laid out alike on x86_64 and arm64, the 64-bit little-endian Linux ABIs.
if (endianness() !== 'LE') throw new Error('the filesystem layer knows little-endian machines only');

export const AT_FDCWD = -100;
export const AT_REMOVEDIR = 0x200;
export const AT_SYMLINK_FOLLOW = 0x400;
export const AT_EMPTY_PATH = 0x1000;
/** name_to_handle_at: an identifier is enough, it need not be good for open_by_handle_at (Linux 6.5). */
export const AT_HANDLE_FID = 0x200;

// O_DIRECTORY and O_NOFOLLOW differ between x86_64 and arm64, so they come from Node; the others do not.
export const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;
export const O_TMPFILE = 0o20000000 | O_DIRECTORY;

/** Kernel handles are at most this long. */
export const MAX_HANDLE_BYTES = 128;

const libc = koffi.load('libc.so.6');
const result = (value: number): number => (value < 0 ? -koffi.errno() : value);

const openatCall = libc.func('int openat(int dir, const char *name, int flags, uint32_t mode)');
/** A new descriptor, close-on-exec. */
export const openat = (dir: number, name: string, flags: number, mode = 0): number =>
  result(openatCall(dir, name, flags | O_CLOEXEC, mode));

const closeCall = libc.func('int close(int fd)');
export const close = (fd: number): number => result(closeCall(fd));

const statxCall = libc.func(
  'int statx(int dir, const char *name, int flags, uint32_t mask, uint8_t *buffer)',
);
/** Fills the 256 bytes of `struct statx` for an open descriptor, O_PATH included. */
export const statx = (fd: number, mask: number, buffer: Buffer): number =>
  result(statxCall(fd, '', AT_EMPTY_PATH, mask, buffer));

const nameToHandleCall = libc.func(
  'int name_to_handle_at(int dir, const char *name, uint8_t *handle, uint8_t *mountId, int flags)',
);
/**
 * Fills `struct file_handle` (capacity in its first 4 bytes) and the 4 bytes of `mountId` for an open
 * descriptor.
 */
export const nameToHandle = (fd: number, handle: Buffer, mountId: Buffer, flags: number): number =>
  result(nameToHandleCall(fd, '', handle, mountId, AT_EMPTY_PATH | flags));

const openByHandleCall = libc.func('int open_by_handle_at(int mount, uint8_t *handle, int flags)');
/** `mount`: a descriptor on the filesystem, not an O_PATH one. */
export const openByHandle = (mount: number, handle: Buffer, flags: number): number =>
  result(openByHandleCall(mount, handle, flags | O_CLOEXEC));

// fcntl is variadic in C. Both ABIs pass an integer or pointer in the same register either way, and a
// fixed prototype saves koffi the work of describing the arguments at each call.
const fcntlCall = libc.func('int fcntl(int fd, int command, uint8_t *argument)');
export const fcntl = (fd: number, command: number, argument: Buffer): number =>
  result(fcntlCall(fd, command, argument));

const preadCall = libc.func('int64_t pread64(int fd, uint8_t *buffer, size_t count, int64_t offset)');
export const pread = (fd: number, buffer: Buffer, count: number, offset: bigint): number =>
  result(Number(preadCall(fd, buffer, count, offset)));

const pwriteCall = libc.func('int64_t pwrite64(int fd, const uint8_t *buffer, size_t count, int64_t offset)');
export const pwrite = (fd: number, buffer: Buffer, count: number, offset: bigint): number =>
  result(Number(pwriteCall(fd, buffer, count, offset)));

const fsyncCall = libc.func('int fsync(int fd)');
export const fsync = (fd: number): number => result(fsyncCall(fd));

const fdatasyncCall = libc.func('int fdatasync(int fd)');
export const fdatasync = (fd: number): number => result(fdatasyncCall(fd));

const ftruncateCall = libc.func('int ftruncate64(int fd, int64_t size)');
export const ftruncate = (fd: number, size: bigint): number => result(ftruncateCall(fd, size));

const lseekCall = libc.func('int64_t lseek64(int fd, int64_t offset, int whence)');
/** To an absolute position. Positions of directories fill 63 bits: 0 stands for every success. */
export const seekTo = (fd: number, offset: bigint): number =>
  lseekCall(fd, offset, 0) < 0 ? -koffi.errno() : 0;

const getdentsCall = libc.func('int64_t getdents64(int fd, uint8_t *buffer, size_t size)');
export const getdents = (fd: number, buffer: Buffer): number =>
  result(Number(getdentsCall(fd, buffer, buffer.length)));

const unlinkatCall = libc.func('int unlinkat(int dir, const char *name, int flags)');
export const unlinkat = (dir: number, name: string, flags: number): number =>
  result(unlinkatCall(dir, name, flags));

const mkdiratCall = libc.func('int mkdirat(int dir, const char *name, uint32_t mode)');
export const mkdirat = (dir: number, name: string, mode: number): number =>
  result(mkdiratCall(dir, name, mode));

const mknodatCall = libc.func('int mknodat(int dir, const char *name, uint32_t mode, uint64_t device)');
export const mknodat = (dir: number, name: string, mode: number, device: bigint): number =>
  result(mknodatCall(dir, name, mode, device));

const symlinkatCall = libc.func('int symlinkat(const char *target, int dir, const char *name)');
export const symlinkat = (target: string, dir: number, name: string): number =>
  result(symlinkatCall(target, dir, name));

const readlinkatCall = libc.func(
  'int64_t readlinkat(int dir, const char *name, uint8_t *buffer, size_t size)',
);
/** The target of the symbolic link that an O_PATH descriptor stands for. */
export const readlink = (fd: number, buffer: Buffer): number =>
  result(Number(readlinkatCall(fd, '', buffer, buffer.length)));

/** The path of what a descriptor stands for, as this process sees it now. ENAMETOOLONG beyond a page. */
export const pathOfDescriptor = (fd: number, buffer: Buffer): number =>
  result(Number(readlinkatCall(AT_FDCWD, byDescriptor(fd), buffer, buffer.length)));

const renameat2Call = libc.func(
  'int renameat2(int fromDir, const char *from, int toDir, const char *to, uint32_t flags)',
);
export const renameat = (fromDir: number, from: string, toDir: number, to: string): number =>
  result(renameat2Call(fromDir, from, toDir, to, 0));

/**
 * The way to a file by a descriptor of it, O_PATH included, for calls that take only names. The kernel goes to
 * the file itself and follows nothing further, be it a symbolic link.
 */
const byDescriptor = (fd: number): string => `/proc/self/fd/${fd}`;

const linkatCall = libc.func(
  'int linkat(int fromDir, const char *from, int toDir, const char *to, int flags)',
);
/** A name for an open file. By its path, since AT_EMPTY_PATH would need CAP_DAC_READ_SEARCH. */
export const linkDescriptor = (fd: number, dir: number, name: string): number =>
  result(linkatCall(AT_FDCWD, byDescriptor(fd), dir, name, AT_SYMLINK_FOLLOW));

/** A new file description of the file behind an O_PATH descriptor. */
export const reopen = (fd: number, flags: number): number => openat(AT_FDCWD, byDescriptor(fd), flags);

const fchmodatCall = libc.func('int fchmodat(int dir, const char *name, uint32_t mode, int flags)');
/** By path, since fchmod refuses O_PATH descriptors. */
export const chmodDescriptor = (fd: number, mode: number): number =>
  result(fchmodatCall(AT_FDCWD, byDescriptor(fd), mode, 0));

const fchownatCall = libc.func(
  'int fchownat(int dir, const char *name, uint32_t uid, uint32_t gid, int flags)',
);
/** 2^32 - 1 leaves an id as it is. */
export const chownDescriptor = (fd: number, uid: number, gid: number): number =>
  result(fchownatCall(fd, '', uid, gid, AT_EMPTY_PATH));

const utimensatCall = libc.func('int utimensat(int dir, const char *name, const uint8_t *times, int flags)');
/** `times`: two `struct timespec`, access and modification. */
export const utimensDescriptor = (fd: number, times: Buffer): number =>
  result(utimensatCall(fd, '', times, AT_EMPTY_PATH));

const fstatvfsCall = libc.func('int fstatvfs64(int fd, uint8_t *buffer)');
/** Fills the 112 bytes of `struct statvfs`. */
export const fstatvfs = (fd: number, buffer: Buffer): number => result(fstatvfsCall(fd, buffer));

const fstatfsCall = libc.func('int fstatfs64(int fd, uint8_t *buffer)');
/** Fills the 120 bytes of `struct statfs`, whose first 8 are the filesystem's magic number. */
export const fstatfs = (fd: number, buffer: Buffer): number => result(fstatfsCall(fd, buffer));

// ---- whose rights they have ----

const setfsuidCall = libc.func('int setfsuid(uint32_t uid)');
/** Of the calling thread. The id that was in force before, in any case: 2^32 - 1 asks for no more than that. */
export const setFilesystemUid = (uid: number): number => setfsuidCall(uid) >>> 0;

const setfsgidCall = libc.func('int setfsgid(uint32_t gid)');
export const setFilesystemGid = (gid: number): number => setfsgidCall(gid) >>> 0;

/** By number where glibc has no wrapper, or one that does something else. */
const SYS = {
  setgroups: process.arch === 'arm64' ? 159 : 116,
  /** The same on all architectures, as all calls that are newer than 2018. */
  faccessat2: 439,
} as const;

const setgroupsCall = libc.func('int64_t syscall(int64_t number, uint64_t count, const uint8_t *gids)');
const groups = Buffer.alloc(4 * 16);
/** Supplementary groups of the calling thread, up to 16. glibc's setgroups would set those of all threads. */
export const setOwnGroups = (gids: readonly number[]): number => {
  for (const [index, gid] of gids.entries()) groups.writeUInt32LE(gid, index * 4);
  return result(Number(setgroupsCall(SYS.setgroups, gids.length, groups)));
};

export const R_OK = 4;
export const W_OK = 2;
export const X_OK = 1;

const AT_EACCESS = 0x200;
const faccessat2Call = libc.func(
  'int64_t syscall(int64_t number, int dir, const char *name, int mode, int flags)',
);
/**
 * May the calling thread do that to the file behind a descriptor? With AT_EACCESS the kernel looks at the filesystem ids, as for
 * every other call; without, at the real ones. Linux 5.8.
 */
export const mayAccess = (fd: number, mode: number): number =>
  result(Number(faccessat2Call(SYS.faccessat2, fd, '', mode, AT_EACCESS | AT_EMPTY_PATH)));

// ---- what is inside files, beyond reading and writing (NFSv4.2) ----

export const SEEK_DATA = 3;
export const SEEK_HOLE = 4;
/** Where the next data or hole begins, or minus an error number. */
export const seekFor = (fd: number, offset: bigint, whence: typeof SEEK_DATA | typeof SEEK_HOLE): bigint => {
  const found = lseekCall(fd, offset, whence);
  return found < 0 ? BigInt(-koffi.errno()) : BigInt(found);
};

export const FALLOC_FL_KEEP_SIZE = 1;
export const FALLOC_FL_PUNCH_HOLE = 2;
const fallocateCall = libc.func('int fallocate64(int fd, int mode, int64_t offset, int64_t length)');
export const fallocate = (fd: number, mode: number, offset: bigint, length: bigint): number =>
  result(fallocateCall(fd, mode, offset, length));

const copyFileRangeCall = libc.func(
  'int64_t copy_file_range(int from, uint8_t *fromOffset, int to, uint8_t *toOffset, size_t count, uint32_t flags)',
);
/** The offsets are 8 bytes each, which the kernel moves on. */
export const copyFileRange = (
  from: number,
  fromOffset: Buffer,
  to: number,
  toOffset: Buffer,
  count: number,
): number => result(Number(copyFileRangeCall(from, fromOffset, to, toOffset, count, 0)));

const ioctlCall = libc.func('int ioctl(int fd, uint64_t request, uint8_t *argument)');
const FICLONERANGE = 0x4020_940d;
/** `range`: the 32 bytes of `struct file_clone_range`. */
export const cloneRange = (to: number, range: Buffer): number => result(ioctlCall(to, FICLONERANGE, range));

// ---- extended attributes, by the path of the descriptor: O_PATH descriptors are refused otherwise ----

export const XATTR_CREATE = 1;
export const XATTR_REPLACE = 2;

const getxattrCall = libc.func(
  'int64_t getxattr(const char *path, const char *name, uint8_t *value, size_t size)',
);
/** The length of the value, which is in `value` unless that is empty. */
export const getXattr = (fd: number, name: string, value: Buffer): number =>
  result(Number(getxattrCall(byDescriptor(fd), name, value, value.length)));

const setxattrCall = libc.func(
  'int setxattr(const char *path, const char *name, const uint8_t *value, size_t size, int flags)',
);
export const setXattr = (fd: number, name: string, value: Buffer, flags: number): number =>
  result(setxattrCall(byDescriptor(fd), name, value, value.length, flags));

const listxattrCall = libc.func('int64_t listxattr(const char *path, uint8_t *names, size_t size)');
/** Names, each with a NUL behind it. */
export const listXattrs = (fd: number, names: Buffer): number =>
  result(Number(listxattrCall(byDescriptor(fd), names, names.length)));

const removexattrCall = libc.func('int removexattr(const char *path, const char *name)');
export const removeXattr = (fd: number, name: string): number =>
  result(removexattrCall(byDescriptor(fd), name));
