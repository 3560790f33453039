import { pathOfDescriptor } from './syscalls.ts';

const SLASH = 0x2f;
/** What the kernel tells of a path fits into a page. */
const scratch = Buffer.alloc(4096);
/** Of no path. */
const NOWHERE = Buffer.from([0]);

/**
 * The path of an export, to tell in a microsecond that a directory is below it: much quicker than to climb from one to the other. Where
 * it says no, it may be wrong: the export may have got another name, or a path may be longer than can be told.
 */
export class ExportPath {
  readonly #rootFd: number;
  /** Without a slash at its end; empty for the root of everything. */
  #root: Buffer;

  constructor(rootFd: number) {
    this.#rootFd = rootFd;
    this.#root = pathOf(rootFd);
  }

  isAbove(fd: number): boolean {
    const bytes = pathOfDescriptor(fd, scratch);
    const { length } = this.#root;
    return bytes > length && scratch[length] === SLASH && scratch.subarray(0, length).equals(this.#root);
  }

  lookAgain(): void {
    this.#root = pathOf(this.#rootFd);
  }
}

function pathOf(fd: number): Buffer {
  const bytes = pathOfDescriptor(fd, scratch);
  if (bytes <= 0) return NOWHERE;
  const known = Buffer.from(scratch.subarray(0, bytes));
  return known.length === 1 && known[0] === SLASH ? Buffer.alloc(0) : known;
}
