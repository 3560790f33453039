import { mkdirSync } from 'node:fs';
import type { LockMode, Span } from '../../core/byte-ranges.ts';
import { fileIdentityOf, STATX_IDENTITY } from './statx.ts';
import { AT_FDCWD, close, fcntl, O_CREAT, O_RDWR, openat, statx } from './syscalls.ts';

/**
 * Record locks of the kernel through fcntl. Of the two kinds, traditional POSIX ones belong to the process and
 * are gone as soon as it closes *any* descriptor of the file, those of an open file description when its last
 * descriptor is closed.
 */
export type LockOwnership = 'process' | 'description';

const COMMANDS = {
  process: { get: 5 /* F_GETLK */, set: 6 /* F_SETLK */ },
  description: { get: 36 /* F_OFD_GETLK */, set: 37 /* F_OFD_SETLK */ },
} as const;

const F_RDLCK = 0;
const F_WRLCK = 1;
const F_UNLCK = 2;

/**
 * The kernel's offsets are signed: this one and all beyond it cannot be locked, and the one before is "to the
 * end".
 */
export const KERNEL_OFFSET_LIMIT = 2n ** 63n;

/** The fields of `struct flock`: l_type, l_whence (0, SEEK_SET), l_start, l_len (0: to the end), l_pid. */
const flock = Buffer.from(new ArrayBuffer(32));
const shorts = new Int16Array(flock.buffer, 0, 2);
const longs = new BigInt64Array(flock.buffer, 0, 4);
const pid = new Int32Array(flock.buffer, 24, 1);

/** One buffer for all calls: each call fills it and is done with it before it returns. */
function fill(type: number, start: bigint, length: bigint): void {
  shorts[0] = type;
  shorts[1] = 0;
  longs[1] = start;
  longs[2] = length;
  // F_OFD_GETLK and F_OFD_SETLK demand 0 here.
  pid[0] = 0;
}

/** 0 is the kernel's way to say "to the end". */
const lengthOf = (span: Span): bigint =>
  span.end === null || span.end >= KERNEL_OFFSET_LIMIT ? 0n : span.end - span.start;

const typeOf = (mode: LockMode): number => (mode === 'read' ? F_RDLCK : F_WRLCK);

/**
 * Sets (or, with null, removes) a lock without waiting. 0, or minus an error number: EAGAIN or EACCES when
 * somebody else is in the way, EBADF when the descriptor lacks the access that the mode needs, ENOLCK.
 */
export function setLock(fd: number, ownership: LockOwnership, span: Span, mode: LockMode | null): number {
  fill(mode === null ? F_UNLCK : typeOf(mode), span.start, lengthOf(span));
  return fcntl(fd, COMMANDS[ownership].set, flock);
}

export interface KernelLock {
  readonly span: Span;
  readonly mode: LockMode;
}

/** The lock that would refuse this one; null: none; a number: minus the error number. */
export function findLock(
  fd: number,
  ownership: LockOwnership,
  span: Span,
  mode: LockMode,
): KernelLock | null | number {
  fill(typeOf(mode), span.start, lengthOf(span));
  const status = fcntl(fd, COMMANDS[ownership].get, flock);
  if (status < 0) return status;
  if (shorts[0] === F_UNLCK) return null;
  const start = longs[1] as bigint;
  const length = longs[2] as bigint;
  return {
    span: { start, end: length === 0n ? null : start + length },
    mode: shorts[0] === F_RDLCK ? 'read' : 'write',
  };
}

/**
 * Is one byte locked by another owner? 1, 0, or minus an error number. The beacon test: it allocates nothing.
 */
export function isByteLocked(fd: number, ownership: LockOwnership, offset: bigint): number {
  fill(F_WRLCK, offset, 1n);
  const status = fcntl(fd, COMMANDS[ownership].get, flock);
  if (status < 0) return status;
  return shorts[0] === F_UNLCK ? 0 : 1;
}

/**
 * All that locks and beacons ask of a kernel: this machine's one, or whatever stands in for it (src/sim). Outcomes are those of the
 * functions above.
 */
export interface LockCalls {
  /** With those above it; one that is there is fine. @throws the system's error */
  makeDirectory(path: string): void;
  /** A new description of the file at `path`, for reading and writing, made if need be. A descriptor, or minus an error number. */
  openFile(path: string): number;
  close(fd: number): number;
  /** The same for two descriptors of this process exactly when they are of one file; a number: minus the error number. */
  identityOf(fd: number): string | number;
  set(fd: number, ownership: LockOwnership, span: Span, mode: LockMode | null): number;
  find(fd: number, ownership: LockOwnership, span: Span, mode: LockMode): KernelLock | null | number;
  isByteLocked(fd: number, ownership: LockOwnership, offset: bigint): number;
}

const stat = Buffer.alloc(256);

export const KERNEL_LOCKS: LockCalls = {
  makeDirectory: (path) => void mkdirSync(path, { recursive: true, mode: 0o700 }),
  openFile: (path) => openat(AT_FDCWD, path, O_RDWR | O_CREAT, 0o600),
  close,
  identityOf(fd) {
    const status = statx(fd, STATX_IDENTITY, stat);
    return status < 0 ? status : fileIdentityOf(stat);
  },
  set: setLock,
  find: findLock,
  isByteLocked,
};
