import type { LockedRange } from '../core/byte-ranges.ts';
import type { FileState } from './file-state.ts';
import { toByteSpan } from './lock-belief.ts';
import type { Observer } from './observer.ts';

/** The client is told that a lock is gone, and tells its application (I5). */
export function loseLock(file: FileState, range: LockedRange, status: string, observer: Observer): void {
  file.locks.lose(range, status);
  const { owner, path } = file;
  const where = { file: path, span: toByteSpan(range.span), mode: range.mode };
  observer.report({ event: 'lock-lost', owner, ...where, status });
}

/**
 * The server knows nothing of these files any more: what was open there is to be reclaimed. `reclaimable` is false when it belongs to another
 * server scope than the one that gave the state, so that it must not be asked for it (RFC 8881 section 2.10.4).
 */
export function forgetState(files: Iterable<FileState>, reclaimable: boolean, observer: Observer): void {
  for (const file of files) {
    file.serverForgot();
    if (reclaimable) continue;
    file.forgetOpen();
    file.loseDelegation();
    loseLocks(file, 'SERVER_SCOPE', observer);
  }
}

/** All locks of the owner on the file: what they hung on is gone. */
export function loseLocks(file: FileState, status: string, observer: Observer): void {
  for (const range of file.locks.held) loseLock(file, range, status, observer);
}
