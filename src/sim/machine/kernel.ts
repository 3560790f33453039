/** The one kernel under all simulated containers, as far as locks go: files, descriptors, and in which order a dying process lets go. */
import { constants } from 'node:os';
import type { Random } from '../../core/clock.ts';
import type { LockCalls, LockOwnership } from '../../server/filesystem/record-locks.ts';
import { skewed } from '../chance.ts';
import type { Timeline } from '../timeline.ts';
import { LockTable } from './lock-table.ts';
import type { SimProcess } from './process.ts';

const { EAGAIN, EBADF } = constants.errno;

/** A file as locks see it. */
export interface KernelFile {
  /** For people. */
  readonly name: string;
  readonly locks: LockTable;
}

/** An open file description; each descriptor has one of its own, since nobody here duplicates any. */
interface Description {
  readonly file: KernelFile;
  readonly process: SimProcess;
  readonly writable: boolean;
}

/** Between two of the locks that a dying process lets go. Mostly at once; on a busy kernel it takes a while. */
const QUICK_RELEASE_MS = 0.02;
const SLOW_RELEASE_MS = 40;
const SLOW_SHARE = 0.5;
/** All of them together; a process may have thousands. */
const SLOWEST_MS = 2000;
/** What was opened last goes first, or by lot. */
const NEWEST_FIRST_SHARE = 0.5;

/** Kernels that this program has simulated: processes of different ones are different, though their numbers are the same. */
let kernels = 0;

export class Kernel {
  readonly #number: number;
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #files = new Map<string, KernelFile>();
  readonly #descriptors = new Map<number, Description>();
  /** Files as processes see them whose locks were dropped while they lived: with their own locks only. */
  readonly #onTheirOwn = new Map<SimProcess, Map<KernelFile, KernelFile>>();
  #lastFd = 2;

  constructor(timeline: Timeline, random: Random) {
    kernels += 1;
    this.#number = kernels;
    this.#timeline = timeline;
    this.#random = random;
  }

  /** The file at this path; made if need be. */
  file(name: string): KernelFile {
    let file = this.#files.get(name);
    if (file === undefined) {
      file = { name, locks: new LockTable() };
      this.#files.set(name, file);
    }
    return file;
  }

  /** A descriptor. */
  open(file: KernelFile, process: SimProcess, writable: boolean): number {
    this.#lastFd += 1;
    this.#descriptors.set(this.#lastFd, { file: this.#asSeenBy(process, file), process, writable });
    return this.#lastFd;
  }

  /**
   * All locks of a process that lives are dropped, and it is not told: from now on it sees its own and nobody else's, and all others see
   * theirs without its own. So does the lock manager of a filesystem of several kernels with a node that it has not heard of for a while (D19).
   */
  dropLocksOf(process: SimProcess): void {
    if (this.#onTheirOwn.has(process)) return;
    this.#onTheirOwn.set(process, new Map());
    for (const [fd, description] of this.#descriptors) {
      if (description.process !== process) continue;
      const file = this.#asSeenBy(process, description.file);
      const moved = { ...description, file };
      description.file.locks.handOver(description, file.locks, moved);
      description.file.locks.handOver(process, file.locks, process);
      this.#descriptors.set(fd, moved);
    }
    process.whenDead(() => this.#onTheirOwn.delete(process));
  }

  #asSeenBy(process: SimProcess, file: KernelFile): KernelFile {
    const seen = this.#onTheirOwn.get(process);
    if (seen === undefined) return file;
    let own = seen.get(file);
    if (own === undefined) {
      own = { name: file.name, locks: new LockTable() };
      seen.set(file, own);
    }
    return own;
  }

  /**
   * The calls of one process. One that has died, or stands still, changes nothing and learns nothing any more.
   * @param path what a path of this process means to the kernel
   */
  callsOf(process: SimProcess, path: (path: string) => string): LockCalls {
    return {
      makeDirectory: () => {},
      openFile: (name) => this.open(this.file(path(name)), process, true),
      close: (fd) => (process.acts ? this.#close(fd) : 0),
      identityOf: (fd) => {
        const description = this.#descriptors.get(fd);
        return description === undefined ? -EBADF : `${this.#number} ${process.pid} ${description.file.name}`;
      },
      set: (fd, ownership, span, mode) => {
        if (!process.acts) return 0;
        const description = this.#descriptors.get(fd);
        if (description === undefined || (mode === 'write' && !description.writable)) return -EBADF;
        return description.file.locks.set(ownerOf(description, ownership), span, mode) ? 0 : -EAGAIN;
      },
      find: (fd, ownership, span, mode) => {
        const description = this.#descriptors.get(fd);
        if (description === undefined) return -EBADF;
        return description.file.locks.find(ownerOf(description, ownership), span, mode);
      },
      isByteLocked: (fd, ownership, offset) => {
        const description = this.#descriptors.get(fd);
        if (description === undefined) return -EBADF;
        return description.file.locks.isLocked(ownerOf(description, ownership), offset) ? 1 : 0;
      },
    };
  }

  /**
   * A dead process's files are closed: its POSIX locks go with that, all at once, and those of its open file descriptions one by one
   * after it, in an order that nobody promises (docs/protocol.md). Anything may happen in between.
   * @param done called when the last is gone
   */
  takeBack(process: SimProcess, done: () => void): void {
    const left: number[] = [];
    for (const [fd, { file, process: owner }] of this.#descriptors) {
      if (owner !== process) continue;
      file.locks.releaseAll(process);
      left.push(fd);
    }
    const slowMs = Math.min(SLOW_RELEASE_MS, SLOWEST_MS / left.length);
    const mostMs = this.#random() < SLOW_SHARE ? slowMs : QUICK_RELEASE_MS;
    const newestFirst = this.#random() < NEWEST_FIRST_SHARE;
    const next = (): void => {
      // Nobody sees it when one without locks is closed.
      while (left.length > 0) {
        const at = newestFirst ? left.length - 1 : Math.floor(this.#random() * left.length);
        const [fd] = left.splice(at, 1);
        if (this.#release(fd!)) break;
      }
      if (left.length === 0) done();
      else this.#timeline.after(skewed(this.#random, 0, mostMs), next);
    };
    this.#timeline.after(skewed(this.#random, 0, mostMs), next);
  }

  #close(fd: number): number {
    const description = this.#descriptors.get(fd);
    if (description === undefined) return -EBADF;
    // Closing any descriptor of a file drops the process's own locks on it.
    description.file.locks.releaseAll(description.process);
    this.#release(fd);
    return 0;
  }

  /** @returns did it hold a lock? */
  #release(fd: number): boolean {
    const description = this.#descriptors.get(fd)!;
    this.#descriptors.delete(fd);
    const held = description.file.locks.holds(description);
    if (held) description.file.locks.releaseAll(description);
    return held;
  }
}

const ownerOf = (description: Description, ownership: LockOwnership): object =>
  ownership === 'process' ? description.process : description;
