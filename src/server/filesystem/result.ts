import { constants } from 'node:os';

/**
 * An error of the operating system by its name. `EBADHANDLE` is Linux's internal 521, which no system
 * call returns: here it says that a file handle was never given out by this domain.
 */
export type Errno = keyof typeof constants.errno | 'EBADHANDLE';

/** The outcome of a filesystem operation. Outcomes are values; only programming mistakes throw. */
export type FsResult<T> = { readonly ok: true; readonly value: T } | FsFailure;

export interface FsFailure {
  readonly ok: false;
  readonly errno: Errno;
}

export const failed = (errno: Errno): FsFailure => ({ ok: false, errno });
/** The success of an operation that has nothing to say. */
export const DONE: FsResult<void> = { ok: true, value: undefined };

const NAMES = new Map<number, Errno>();
for (const [name, number] of Object.entries(constants.errno)) {
  // Two names of one number (EAGAIN and EWOULDBLOCK, EOPNOTSUPP and ENOTSUP): one must win, always the same.
  if (name !== 'EWOULDBLOCK' && name !== 'ENOTSUP') NAMES.set(number, name as Errno);
}

/** The name of an error number; one that Node has no name for is reported as EIO. */
export const errnoName = (number: number): Errno => NAMES.get(number) ?? 'EIO';

/** The failure that a system call reports as a negative number. */
export const failedWith = (result: number): FsFailure => failed(errnoName(-result));
