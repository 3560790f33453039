import { type FsResult, failed, failedWith } from './result.ts';
import { getdents, seekTo } from './syscalls.ts';
import type { DirectoryEntry, DirectoryPage } from './types.ts';
import { utf8Name } from './utf8-name.ts';

interface RawEntry {
  readonly name: string;
  readonly inode: bigint;
  /** Where the directory goes on after this entry: a position that only the filesystem understands. */
  readonly next: bigint;
}

/** Offsets in `struct linux_dirent64`. */
const INODE = 0;
const NEXT = 8;
const RECORD_BYTES = 16;
const NAME = 19;

/** Several pages at once: one getdents64 answers about 1,000 short names. */
const BUFFER_BYTES = 32 * 1024;

/**
 * Cookies 0, 1 and 2 are reserved (RFC 8881 section 18.23.3), and filesystems do use such positions. Positions
 * are not negative, so moving all of them up keeps them apart and within 64 bits.
 */
const FIRST_COOKIE = 3n;
const POSITION_LIMIT = 2n ** 63n;

/**
 * The entries of a directory from the descriptor's position on, without `.`, `..` and names that are not UTF-8.
 * Ends early, as at the end, when the directory cannot be read: {@link readPage} tells the two apart.
 */
export function* readEntries(fd: number, failure?: (result: number) => void): Generator<RawEntry> {
  const buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  for (;;) {
    const bytes = getdents(fd, buffer);
    if (bytes < 0) failure?.(bytes);
    if (bytes <= 0) return;
    for (let at = 0; at < bytes; at += buffer.readUInt16LE(at + RECORD_BYTES)) {
      const nameEnd = buffer.indexOf(0, at + NAME);
      const name = utf8Name(buffer.subarray(at + NAME, nameEnd));
      if (name === null || name === '.' || name === '..') continue;
      yield { name, inode: buffer.readBigUInt64LE(at + INODE), next: buffer.readBigInt64LE(at + NEXT) };
    }
  }
}

/** One page of a directory for {@link Filesystem.readdir}; `fd` is a fresh descriptor of it. */
export function readPage(fd: number, cookie: bigint, max: number): FsResult<DirectoryPage> {
  if (cookie !== 0n) {
    const position = cookie - FIRST_COOKIE;
    if (position < 0n || position >= POSITION_LIMIT) return failed('EINVAL');
    const status = seekTo(fd, position);
    if (status < 0) return failedWith(status);
  }
  const entries: DirectoryEntry[] = [];
  let problem = 0;
  let eof = true;
  for (const { name, inode, next } of readEntries(fd, (result) => {
    problem = result;
  })) {
    if (entries.length >= max) {
      eof = false;
      break;
    }
    entries.push({ name, cookie: next + FIRST_COOKIE, fileid: inode });
  }
  return problem < 0 ? failedWith(problem) : { ok: true, value: { entries, eof } };
}
