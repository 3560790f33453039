import { constants } from 'node:os';
import { KERNEL_LOCKS, KERNEL_OFFSET_LIMIT, type LockCalls, type LockOwnership } from './record-locks.ts';
import { errnoName } from './result.ts';

/** The beacon file does not answer. Nothing is proven by that: grant nothing, and report nobody dead (I7). */
export class BeaconError extends Error {
  override readonly name = 'BeaconError';
}

/** Beacon files that this process has open, by device and inode. */
const opened = new Set<string>();

/**
 * The record locks that show which incarnations are alive (docs/protocol.md): one byte of one file per
 * incarnation, held by its process. Linux gives up a dying process's POSIX locks when it closes its files,
 * before the deferred release of its OFD locks: who obtains a dead node's lock finds the beacon gone.
 *
 * There is no way to close a beacon, on purpose. POSIX locks belong to the process, and closing any descriptor
 * of the file drops them all, so a process opens a beacon file once and never again; a second time throws.
 */
export class Beacon {
  readonly #fd: number;
  readonly #path: string;
  readonly #ownership: LockOwnership;
  readonly #calls: LockCalls;
  readonly #lit = new Set<bigint>();

  private constructor(fd: number, path: string, ownership: LockOwnership, calls: LockCalls) {
    this.#fd = fd;
    this.#path = path;
    this.#ownership = ownership;
    this.#calls = calls;
  }

  /**
   * Opens the beacon file of a domain, making it if need be. `ownership: 'description'` is mutant D16: such
   * a beacon is released together with the other locks instead of before them.
   * @throws BeaconError when the file cannot be opened, or when this process has opened it before.
   */
  static open(
    path: string,
    options: { readonly ownership?: LockOwnership; readonly calls?: LockCalls } = {},
  ): Beacon {
    const { ownership = 'process', calls = KERNEL_LOCKS } = options;
    const fd = calls.openFile(path);
    if (fd < 0) throw new BeaconError(`cannot open the beacon file ${path}: ${errnoName(-fd)}`);
    const identity = calls.identityOf(fd);
    if (typeof identity === 'number')
      throw new BeaconError(`cannot examine the beacon file ${path}: ${errnoName(-identity)}`);
    // The descriptor stays open even now: closing it would put out the beacon that is lit.
    if (opened.has(identity)) {
      throw new BeaconError(
        `this process has opened the beacon file ${path} before: one process, one beacon`,
      );
    }
    opened.add(identity);
    return new Beacon(fd, path, ownership, calls);
  }

  /**
   * Takes the lock of `slot`, the offset of one byte, 0 to 2^63 - 2. True when it is held from now on (or was
   * before), false when another process holds it: two lives of one incarnation.
   * @throws BeaconError when the filesystem refuses locks.
   */
  light(slot: bigint): boolean {
    const status = this.#calls.set(this.#fd, this.#ownership, byteAt(slot), 'write');
    if (status === -constants.errno.EAGAIN || status === -constants.errno.EACCES) return false;
    if (status < 0) throw this.#failure('light', status);
    this.#lit.add(slot);
    return true;
  }

  /** Gives up a slot that this process lit; another one's is left alone. */
  extinguish(slot: bigint): void {
    if (!this.#lit.has(slot)) return;
    const status = this.#calls.set(this.#fd, this.#ownership, byteAt(slot), null);
    if (status < 0) throw this.#failure('put out', status);
    this.#lit.delete(slot);
  }

  /**
   * Is the incarnation that owns this slot alive? One fcntl, about a microsecond. The kernel never reports
   * an owner its own locks, so those of this process are answered from memory.
   * @throws BeaconError when the test itself fails, which says nothing about the peer.
   */
  isLit(slot: bigint): boolean {
    if (this.#lit.has(slot)) return true;
    const status = this.#calls.isByteLocked(this.#fd, this.#ownership, slot);
    if (status < 0) throw this.#failure('test', status);
    return status === 1;
  }

  /**
   * Is any incarnation alive in another process? One fcntl over all slots; the lights of this process do not count.
   * @throws BeaconError when the test itself fails.
   */
  anyLit(): boolean {
    const found = this.#calls.find(this.#fd, this.#ownership, { start: 0n, end: null }, 'write');
    if (typeof found === 'number') throw this.#failure('test', found);
    return found !== null;
  }

  #failure(doing: string, status: number): BeaconError {
    return new BeaconError(`cannot ${doing} a beacon in ${this.#path}: ${errnoName(-status)}`);
  }
}

function byteAt(slot: bigint): { start: bigint; end: bigint } {
  // One byte that ends at the limit would read as "to the end of the file" in the kernel's terms.
  if (slot < 0n || slot + 1n >= KERNEL_OFFSET_LIMIT) throw new RangeError(`not a beacon slot: ${slot}`);
  return { start: slot, end: slot + 1n };
}
