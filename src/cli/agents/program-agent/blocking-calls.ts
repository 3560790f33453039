/** The calls with which a program locks: fcntl(2) and flock(2), on a thread of the pool, since they may wait for as long as they like. */
import { constants } from 'node:os';
import koffi from 'koffi';
import type { LockMode, Span } from '../../../core/byte-ranges.ts';

const libc = koffi.load('libc.so.6');
const fcntlCall = libc.func('int fcntl(int fd, int command, uint8_t *argument)');
const flockCall = libc.func('int flock(int fd, int operation)');

/** asm-generic, as on all machines that the lab runs on. */
const F_SETLK = 6;
const F_SETLKW = 7;
const LOCK_TYPES: Readonly<Record<LockMode | 'none', number>> = { read: 0, write: 1, none: 2 };
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;

const NAMES = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

/** What a call came to: `OK`, or the error's name without its E. EWOULDBLOCK and EACCES say the same here as EAGAIN. */
function statusOf(result: number, errno: number): string {
  if (result >= 0) return 'OK';
  if (errno === constants.errno.EAGAIN || errno === constants.errno.EACCES) return 'AGAIN';
  return (NAMES.get(errno) ?? 'EIO').slice(1);
}

const called = (start: (done: (error: unknown, result: number) => void) => void): Promise<string> =>
  new Promise((resolve, reject) =>
    start((error, result) => {
      // The error number is the thread's own, and koffi keeps it for the callback.
      if (error) reject(error as Error);
      else resolve(statusOf(result, koffi.errno()));
    }),
  );

/** A record lock of this process. @param mode null: none any more */
export function lockRange(fd: number, span: Span, mode: LockMode | null, waits: boolean): Promise<string> {
  const argument = Buffer.alloc(32);
  argument.writeInt16LE(LOCK_TYPES[mode ?? 'none'], 0);
  argument.writeBigInt64LE(span.start, 8);
  argument.writeBigInt64LE(span.end === null ? 0n : span.end - span.start, 16);
  return called((done) => fcntlCall.async(fd, waits ? F_SETLKW : F_SETLK, argument, done));
}

/** A lock of the whole file, of its open description. */
export function lockFile(fd: number, mode: LockMode | null, waits: boolean): Promise<string> {
  const operation = mode === null ? LOCK_UN : mode === 'read' ? LOCK_SH : LOCK_EX;
  return called((done) => flockCall.async(fd, waits ? operation : operation | LOCK_NB, done));
}
