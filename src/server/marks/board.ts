import { hash } from 'node:crypto';
import { join } from 'node:path';
import { inBranch } from '../filesystem/branch.ts';
import { DescriptorCache } from '../filesystem/descriptors.ts';
import { KERNEL_LOCKS, type LockCalls } from '../filesystem/record-locks.ts';
import { type Errno, errnoName, type FsResult, failedWith } from '../filesystem/result.ts';
import type { FileNode } from '../filesystem/types.ts';

/** Where the marks of a file are. */
export type Place = bigint;

/** Where the nodes of a domain show each other what their clients have on its files. What it shows of this node, it shows to the others only. */
export interface MarkBoard {
  placeOf(node: FileNode): Place;
  /** Puts marks up; null, or why it could not. Those that are up already stay. */
  put(place: Place, marks: number): Errno | null;
  takeDown(place: Place, marks: number): void;
  /** Which of these marks other nodes have up. */
  others(place: Place, marks: number): FsResult<number>;
  /** Stands for the domain as a whole: there the marks say that some file has such a one. */
  readonly anywhere: Place;
  /** Tells the nodes that have delegations of a file that it is wanted (WANTED_*), until {@link unwant}. */
  want(place: Place, wanted: number): Errno | null;
  unwant(place: Place): void;
  /** Does another node want it? */
  isWanted(place: Place): FsResult<boolean>;
  /** All that other nodes want, of any file. */
  wanted(): FsResult<readonly Wanted[]>;
  /** Takes down all of this node's. */
  clear(): void;
}

export interface Wanted {
  readonly place: Place;
  /** WANTED_* */
  readonly wanted: number;
}

/**
 * Files that the marks are spread over: the kernel looks through all locks of a file at each call, and some hundred of them cost tens of
 * microseconds.
 */
const SHARDS = 4096n;
/** Descriptors of files without a mark of ours that are kept for the next one. */
const IDLE_DESCRIPTORS = 256;
/** Where files are wanted: one for the domain, so that whoever has delegations looks in one place for all of them. */
const WANTED_FILE = 'wanted';
/** Bytes for each file. */
const PLACE_BITS = 3n;
/** Of the hash: with the bits of the place it stays far below the kernel's last offset. */
const HASH_BITS = 57n;

/**
 * Marks as locked bytes of files in the control directory. They cannot be on the exported files: offsets end at 2^63 - 1, so there is no
 * byte that a client's lock "to the end", or a program's on the whole file, would not take as well; and whoever may read a file only
 * could not put up all of them. A file of the export has its bytes at a position that its key hashes to, the same on every node. Should two files ever share
 * one, an open of one may be refused for the other's sake; nothing is granted that should not be.
 *
 * All locks are shared ones and never refused. What counts is the test: whoever wants something puts up its own marks first, then looks
 * for those that they cannot stand beside. Of two that do so at the same time, at least one finds the other.
 *
 * They are locks of an open file description each, as byte-range locks are, so of a process that dies the beacon is gone before its marks
 * are, and the grant rule covers what they stand for (docs/protocol.md).
 *
 * To put a mark up, to look and to take it down is three calls: 4.5 microseconds of processor time with one file open, 8 with 20,000 (nothing
 * where the node has the file open in that way already), and as many descriptors as there are files with marks, at most one for each of
 * the files here. Opens without a deny mode need a mark as well: whoever comes later and denies must find them.
 */
export class RecordLockBoard implements MarkBoard {
  readonly #directory: string;
  readonly #calls: LockCalls;
  /** By the name of the file. */
  readonly #descriptors: DescriptorCache;
  /** What is up. */
  readonly #own = new Map<Place, number>();
  #wants = false;
  readonly anywhere = 1n << HASH_BITS;

  /** Makes the directory if need be. @throws the system's error */
  constructor(directory: string, calls: LockCalls = KERNEL_LOCKS) {
    this.#directory = directory;
    this.#calls = calls;
    this.#descriptors = new DescriptorCache(IDLE_DESCRIPTORS, (fd) => calls.close(fd));
    calls.makeDirectory(directory);
  }

  placeOf(node: FileNode): Place {
    const key = inBranch(node)?.inner.key ?? node.key;
    const digest = hash('sha1', key, 'buffer');
    return digest.readBigUInt64BE(0) & ((1n << HASH_BITS) - 1n);
  }

  put(place: Place, marks: number): Errno | null {
    const fd = this.#shard(place);
    if (fd < 0) return errnoName(-fd);
    const before = this.#own.get(place) ?? 0;
    this.#note(place, before, before | marks);
    for (const span of spansOf(place, marks & ~before)) {
      const status = this.#calls.set(fd, 'description', span, 'read');
      if (status === 0) continue;
      this.takeDown(place, marks & ~before);
      return errnoName(-status);
    }
    return null;
  }

  takeDown(place: Place, marks: number): void {
    const fd = this.#shard(place);
    for (const span of spansOf(place, marks)) {
      const status = fd < 0 ? fd : this.#calls.set(fd, 'description', span, null);
      // A mark that stays would bar a file for everybody else, and nobody here would know.
      if (status < 0) throw new Error(`the kernel refused to take a mark down: ${errnoName(-status)}`);
    }
    const before = this.#own.get(place) ?? 0;
    this.#note(place, before, before & ~marks);
    this.#descriptors.trim();
  }

  others(place: Place, marks: number): FsResult<number> {
    const fd = this.#shard(place);
    if (fd < 0) return failedWith(fd);
    const spans = spansOf(place, marks);
    const first = spans[0];
    if (first === undefined) return NONE;
    // Most of the time there is nothing, and one look over all of it says so.
    if (spans.length > 1 || !isByte(first)) {
      const any = this.#calls.find(
        fd,
        'description',
        { start: first.start, end: spans.at(-1)?.end ?? null },
        'write',
      );
      if (typeof any === 'number') return failedWith(any);
      if (any === null) return NONE;
    }
    let found = 0;
    for (let mark = 1; mark <= marks; mark <<= 1) {
      if ((marks & mark) === 0) continue;
      for (const span of spansOf(place, mark)) {
        const lock = this.#calls.find(fd, 'description', span, 'write');
        if (typeof lock === 'number') return failedWith(lock);
        if (lock !== null) found |= mark;
      }
    }
    return { ok: true, value: found };
  }

  want(place: Place, wanted: number): Errno | null {
    const fd = this.#descriptor(WANTED_FILE);
    if (fd < 0) return errnoName(-fd);
    if (!this.#wants) this.#descriptors.keep(WANTED_FILE);
    this.#wants = true;
    for (const span of spansOf(place, wanted)) {
      const status = this.#calls.set(fd, 'description', span, 'read');
      if (status < 0) return errnoName(-status);
    }
    return null;
  }

  unwant(place: Place): void {
    const fd = this.#descriptor(WANTED_FILE);
    const status = fd < 0 ? fd : this.#calls.set(fd, 'description', bytesOf(place), null);
    if (status < 0) throw new Error(`the kernel refused to take a wish back: ${errnoName(-status)}`);
  }

  isWanted(place: Place): FsResult<boolean> {
    const fd = this.#descriptor(WANTED_FILE);
    if (fd < 0) return failedWith(fd);
    const lock = this.#calls.find(fd, 'description', bytesOf(place), 'write');
    return typeof lock === 'number' ? failedWith(lock) : { ok: true, value: lock !== null };
  }

  /** One look when nothing is wanted. The kernel shows any one lock of a range, so what lies on both sides of it is looked at as well. */
  wanted(): FsResult<readonly Wanted[]> {
    const fd = this.#descriptor(WANTED_FILE);
    if (fd < 0) return failedWith(fd);
    const found = new Map<Place, number>();
    const left: Bytes[] = [{ start: 0n, end: END }];
    for (let range = left.pop(); range !== undefined && found.size < MAX_WANTED; range = left.pop()) {
      if (range.start >= range.end) continue;
      const lock = this.#calls.find(fd, 'description', range, 'write');
      if (typeof lock === 'number') return failedWith(lock);
      if (lock === null) continue;
      const { start } = lock.span;
      const end = lock.span.end ?? END;
      for (let at = start; at < end; at += 1n) {
        const place = at >> PLACE_BITS;
        found.set(place, (found.get(place) ?? 0) | (1 << Number(at - (place << PLACE_BITS))));
      }
      left.push({ start: range.start, end: start }, { start: end, end: range.end });
    }
    return { ok: true, value: Array.from(found, ([place, wanted]) => ({ place, wanted })) };
  }

  clear(): void {
    this.#descriptors.closeAll();
    this.#own.clear();
    this.#wants = false;
  }

  #note(place: Place, before: number, after: number): void {
    if (after === 0) this.#own.delete(place);
    else this.#own.set(place, after);
    if (before === 0 && after !== 0) this.#descriptors.keep(shardOf(place));
    if (before !== 0 && after === 0) this.#descriptors.release(shardOf(place));
  }

  /** A descriptor, or minus an error number. */
  #shard(place: Place): number {
    return this.#descriptor(shardOf(place));
  }

  #descriptor(name: string): number {
    const known = this.#descriptors.peek(name);
    if (known !== undefined) return known;
    const fd = this.#calls.openFile(join(this.#directory, name));
    if (fd >= 0) this.#descriptors.adopt(name, fd);
    return fd;
  }
}

const shardOf = (place: Place): string => (place % SHARDS).toString(16).padStart(3, '0');

/** Beyond all places. */
const END = 1n << (HASH_BITS + PLACE_BITS + 1n);
/** Wishes that are seen in one look; the others have their turn when these are fulfilled. */
const MAX_WANTED = 1024;

const NONE: FsResult<number> = { ok: true, value: 0 };

interface Bytes {
  readonly start: bigint;
  readonly end: bigint;
}

const bytesOf = (place: Place): Bytes => ({ start: place << PLACE_BITS, end: (place + 1n) << PLACE_BITS });
const isByte = ({ start, end }: Bytes): boolean => end - start === 1n;

/** The bytes of these marks: neighbours in one span. */
function spansOf(place: Place, marks: number): readonly Bytes[] {
  const base = place << PLACE_BITS;
  const spans: Bytes[] = [];
  let bit = 0;
  while (marks >> bit !== 0) {
    if (((marks >> bit) & 1) === 0) {
      bit += 1;
      continue;
    }
    const from = bit;
    while (((marks >> bit) & 1) === 1) bit += 1;
    spans.push({ start: base + BigInt(from), end: base + BigInt(bit) });
  }
  return spans;
}
