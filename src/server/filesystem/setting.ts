import { type Errno, errnoName } from './result.ts';
import { chmodDescriptor, chownDescriptor, utimensDescriptor } from './syscalls.ts';
import type { SetAttributesOutcome, SettableAttributes, Timestamp } from './types.ts';

/** "Leave it as it is" for chown, so not a number that a user can have. */
const NO_ID = 0xffffffff;
const UTIME_NOW = 0x3fffffffn;
const UTIME_OMIT = 0x3ffffffen;
const MAX_SIZE = 2n ** 63n - 1n;

/** Two `struct timespec`: access, then modification. */
const times = Buffer.alloc(32);

/** Sets what is given, one kind after the other, and stops at the first that fails. */
class Setter {
  readonly #applied: (keyof SettableAttributes)[] = [];
  #errno: Errno | null = null;

  /** `set` answers 0, or minus an error number, or the errno by name. */
  step(names: readonly (keyof SettableAttributes)[], set: () => number | Errno): void {
    if (names.length === 0 || this.#errno !== null) return;
    const status = set();
    if (typeof status === 'string') this.#errno = status;
    else if (status < 0) this.#errno = errnoName(-status);
    else this.#applied.push(...names);
  }

  outcome(): SetAttributesOutcome {
    return { applied: this.#applied, errno: this.#errno };
  }
}

/**
 * Sets attributes through a descriptor (O_PATH is enough). The order matters: chown clears the set-id bits, so
 * the mode comes after it, and truncation sets the times, so they come last. `truncate` does so by a writable
 * descriptor.
 */
export function applyAttributes(
  fd: number,
  attributes: SettableAttributes,
  truncate: (size: bigint) => number | Errno,
): SetAttributesOutcome {
  const given = (...names: (keyof SettableAttributes)[]) =>
    names.filter((name) => attributes[name] !== undefined);
  const setter = new Setter();
  setter.step(given('size'), () => {
    const size = attributes.size as bigint;
    return size > MAX_SIZE ? 'EFBIG' : truncate(size);
  });
  setter.step(given('uid', 'gid'), () => chown(fd, attributes.uid, attributes.gid));
  setter.step(given('mode'), () => chmod(fd, attributes.mode as number));
  setter.step(given('accessTime', 'modifyTime'), () =>
    setTimes(fd, attributes.accessTime, attributes.modifyTime),
  );
  return setter.outcome();
}

function chown(fd: number, uid: number | undefined, gid: number | undefined): number | Errno {
  if (uid === NO_ID || gid === NO_ID) return 'EINVAL';
  return chownDescriptor(fd, uid ?? NO_ID, gid ?? NO_ID);
}

function chmod(fd: number, mode: number): number | Errno {
  return mode < 0 || mode > 0o7777 ? 'EINVAL' : chmodDescriptor(fd, mode);
}

export function setTimes(
  fd: number,
  access: Timestamp | 'now' | undefined,
  modify: Timestamp | 'now' | undefined,
): number | Errno {
  if (!putTime(0, access) || !putTime(16, modify)) return 'EINVAL';
  return utimensDescriptor(fd, times);
}

function putTime(offset: number, time: Timestamp | 'now' | undefined): boolean {
  if (time === undefined || time === 'now') {
    times.writeBigInt64LE(0n, offset);
    times.writeBigInt64LE(time === 'now' ? UTIME_NOW : UTIME_OMIT, offset + 8);
    return true;
  }
  // Checked here: UTIME_NOW and UTIME_OMIT are numbers beyond the range, which a client could send.
  if (time.nseconds < 0 || time.nseconds > 999_999_999) return false;
  times.writeBigInt64LE(BigInt.asIntN(64, time.seconds), offset);
  times.writeBigInt64LE(BigInt(time.nseconds), offset + 8);
  return true;
}
