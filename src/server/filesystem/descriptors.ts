import type { FsResult } from './result.ts';
import { close as closeDescriptor } from './syscalls.ts';

interface Entry {
  readonly fd: number;
  /** How many users count on it; idle at 0. */
  keepers: number;
}

/**
 * Open descriptors by key. Those that somebody keeps stay open; of the idle ones, which only save the next
 * user an open, the least recently used are closed when there are more than `idleLimit`.
 *
 * That happens in {@link trim} alone, which runs between operations, never within one: an operation that holds
 * the descriptor of one directory while it opens ten others must not find the first closed, or, worse, its
 * number given to another file.
 */
export class DescriptorCache {
  readonly #idleLimit: number;
  readonly #closeDescriptor: (fd: number) => void;
  readonly #entries = new Map<string, Entry>();
  /** In the order of their last use: a Map iterates in the order of insertion. */
  readonly #idle = new Map<string, Entry>();
  /** The process ran out of descriptors: the next trim closes all that it can, and the client comes again. */
  #starved = false;

  constructor(idleLimit: number, close: (fd: number) => void = closeDescriptor) {
    this.#idleLimit = idleLimit;
    this.#closeDescriptor = close;
  }

  /** The descriptor for this operation, not to be stored beyond it. Undefined: none is open. */
  peek(key: string): number | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (this.#idle.delete(key)) this.#idle.set(key, entry);
    return entry.fd;
  }

  /** As {@link peek}; opens one, idle from the start, when there is none. */
  get(key: string, open: () => FsResult<number>): FsResult<number> {
    const fd = this.peek(key);
    if (fd !== undefined) return { ok: true, value: fd };
    const opened = open();
    if (opened.ok) this.adopt(key, opened.value);
    else if (opened.errno === 'EMFILE' || opened.errno === 'ENFILE') this.#starved = true;
    return opened;
  }

  /** Takes over a descriptor that the caller has opened; closes it when there is one for the key already. */
  adopt(key: string, fd: number): void {
    if (this.#entries.has(key)) {
      this.#closeDescriptor(fd);
      return;
    }
    const entry = { fd, keepers: 0 };
    this.#entries.set(key, entry);
    this.#idle.set(key, entry);
  }

  /** Counts one more keeper of a descriptor that {@link get} has just answered. */
  keep(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) throw new Error('a descriptor was kept that is not open');
    entry.keepers += 1;
    this.#idle.delete(key);
  }

  /** Ends what one {@link keep} began. */
  release(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.keepers === 0)
      throw new Error('a descriptor was released that nobody keeps');
    entry.keepers -= 1;
    if (entry.keepers > 0) return;
    this.#idle.set(key, entry);
  }

  isKept(key: string): boolean {
    return (this.#entries.get(key)?.keepers ?? 0) > 0;
  }

  /** Closes the descriptor of a key unless somebody keeps it. */
  drop(key: string): void {
    const entry = this.#idle.get(key);
    if (entry !== undefined) this.#close(key, entry);
  }

  /** Closes what is too much. Only between operations. */
  trim(): void {
    const limit = this.#starved ? 0 : this.#idleLimit;
    this.#starved = false;
    for (const [key, entry] of this.#idle) {
      if (this.#idle.size <= limit) return;
      this.#close(key, entry);
    }
  }

  /** Only between operations. */
  dropIdle(): void {
    for (const [key, entry] of this.#idle) this.#close(key, entry);
  }

  /** Closes all of them, kept or not. */
  closeAll(): void {
    for (const [key, entry] of this.#entries) this.#close(key, entry);
  }

  #close(key: string, entry: Entry): void {
    this.#idle.delete(key);
    this.#entries.delete(key);
    this.#closeDescriptor(entry.fd);
  }
}
