import {
  conflictAmong,
  gaps,
  insert,
  isSpan,
  type LockMode,
  NO_RANGES,
  overlaps,
  type RangeSet,
  remove,
  type Span,
  within,
} from '../../core/byte-ranges.ts';
import { type Mutants, NO_MUTANTS } from '../../core/mutants.ts';
import { KERNEL_LOCKS, KERNEL_OFFSET_LIMIT, type LockCalls } from './record-locks.ts';
import { DONE, type Errno, errnoName, type FsResult, failed, failedWith } from './result.ts';
import type { FileNode, LockHolder, LockOutcome, LockTable } from './types.ts';

/** Where the table gets descriptors from. */
export interface LockableFiles {
  openDescription(node: FileNode, access: 'read' | 'both'): FsResult<number>;
  sharedDescriptor(node: FileNode): FsResult<number>;
}

/** What one owner has on one file: exists while it holds at least one byte, and for a while after that. */
interface Owned {
  readonly node: FileNode;
  ownerKey: string;
  readonly calls: LockCalls;
  /** Its own open file description. */
  fd: number;
  /** Is the description open for writing, as write locks need? */
  writable: boolean;
  /** What the kernel has given. */
  held: RangeSet;
}

/** A conflict that is gone by the time it is looked at is tried again, up to this many times in all. */
const ATTEMPTS = 4;
/** So many descriptions without locks are kept: who locks and unlocks all the time opens its file once. */
const RESTING = 256;

/**
 * Byte-range locks as open-file-description locks of the shared filesystem, where other nodes and local
 * programs meet them. The kernel decides; the mirror of what it gave to this process serves to name local
 * holders, to undo exactly, and to answer {@link held}.
 *
 * A pair of file and owner costs one descriptor while it holds a byte, however many ranges it holds; afterwards it rests until the
 * owner is released, or many others have rested since, or descriptors are short. So the limit of open files of the process (RLIMIT_NOFILE; Node raises the soft limit to the hard
 * one when it starts) limits such pairs: beyond it `lock` answers EMFILE.
 */
export class RangeLocks implements LockTable {
  readonly #files: LockableFiles;
  readonly #calls: LockCalls;
  readonly #mutants: Mutants;
  /** By file, then by owner. */
  readonly #byFile = new Map<string, Map<string, Owned>>();
  /** Those that hold nothing, in the order in which they came to rest. */
  readonly #resting = new Set<Owned>();
  /** The grant that was neither kept nor undone yet. */
  #pending: object | null = null;

  constructor(files: LockableFiles, calls: LockCalls = KERNEL_LOCKS, mutants: Mutants = NO_MUTANTS) {
    this.#files = files;
    this.#calls = calls;
    this.#mutants = mutants;
  }

  lock(node: FileNode, ownerKey: string, span: Span, mode: LockMode): LockOutcome {
    this.#assertSettled();
    const range = kernelSpan(span);
    if (range === null) return { outcome: 'error', errno: 'EINVAL' };
    const known = this.#find(node, ownerKey);
    // From here on it does not rest: a new description of its own must not be what closes the old one to make room.
    const rested = known !== undefined && this.#resting.delete(known);
    const described = this.#describe(node, ownerKey, mode, known);
    if (!described.ok) {
      if (rested) this.#restIfEmpty(known);
      return { outcome: 'error', errno: described.errno };
    }
    const owned = described.value;
    const leave = rested
      ? () => this.#restIfEmpty(owned)
      : // Opened for this lock, by an owner of whom nobody may ever speak again.
        () => this.#dropIfEmpty(owned);
    const outcome = this.#attempt(owned, range, mode, leave);
    if (outcome.outcome !== 'granted') leave();
    return outcome;
  }

  unlock(node: FileNode, ownerKey: string, span: Span): FsResult<void> {
    this.#assertSettled();
    const range = kernelSpan(span);
    if (range === null) return failed('EINVAL');
    const owned = this.#find(node, ownerKey);
    if (owned === undefined) return DONE;
    const left = remove(owned.held, range);
    const released = this.#mutants.has('D15') ? withRightPiece(owned.held, range) : range;
    const status = this.#calls.set(owned.fd, 'description', released, null);
    if (status < 0 && left.length > 0) return failedWith(status);
    owned.held = left;
    // Closing is a way to give up all locks that nothing can refuse.
    if (status < 0) this.#drop(owned);
    else this.#restIfEmpty(owned);
    return DONE;
  }

  test(node: FileNode, ownerKey: string, span: Span, mode: LockMode): FsResult<LockHolder | null> {
    this.#assertSettled();
    const range = kernelSpan(span);
    if (range === null) return failed('EINVAL');
    const owned = this.#find(node, ownerKey);
    // An owner without locks asks through a description that has none either.
    const fd =
      owned === undefined ? this.#files.sharedDescriptor(node) : { ok: true as const, value: owned.fd };
    return fd.ok ? this.#holder(fd.value, node, ownerKey, range, mode) : fd;
  }

  releaseOwner(node: FileNode, ownerKey: string): void {
    this.#assertSettled();
    const owned = this.#find(node, ownerKey);
    if (owned !== undefined) this.#drop(owned);
  }

  passOn(node: FileNode, ownerKey: string, toKey: string): void {
    this.#assertSettled();
    const owned = this.#find(node, ownerKey);
    if (owned === undefined) return;
    const resting = this.#find(node, toKey);
    if (resting !== undefined && resting.held.length > 0)
      throw new Error('locks are passed on to an owner that has some there');
    if (resting !== undefined) this.#drop(resting);
    const owners = this.#byFile.get(node.key)!;
    owners.delete(ownerKey);
    owners.set(toKey, owned);
    owned.ownerKey = toKey;
  }

  releaseAll(): void {
    for (const owners of this.#byFile.values()) for (const owned of owners.values()) this.#drop(owned);
  }

  held(node: FileNode, ownerKey: string): RangeSet {
    return this.#find(node, ownerKey)?.held ?? NO_RANGES;
  }

  /** @param leave when it was undone */
  #attempt(owned: Owned, range: Span, mode: LockMode, leave: () => void): LockOutcome {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const before = owned.held;
      const refusal = take(owned, range, mode);
      if (refusal === null) return this.#granted(owned, before, range, mode, leave);
      if (refusal !== 'EAGAIN' && refusal !== 'EACCES') return { outcome: 'error', errno: refusal };
      const holder = this.#holder(owned.fd, owned.node, owned.ownerKey, range, mode);
      if (!holder.ok) return { outcome: 'error', errno: holder.errno };
      if (holder.value !== null) return { outcome: 'conflict', holder: holder.value };
    }
    // Somebody takes it and lets go of it all the time. He cannot be shown, but each time he was there.
    return { outcome: 'conflict', holder: { span: range, mode: 'write' } };
  }

  #granted(owned: Owned, before: RangeSet, range: Span, mode: LockMode, leave: () => void): LockOutcome {
    const grant = {};
    this.#pending = grant;
    const settle = () => {
      if (this.#pending !== grant) throw new Error('a granted lock was kept or undone twice');
      this.#pending = null;
    };
    return {
      outcome: 'granted',
      keep: () => {
        settle();
        keep(owned, range, mode);
      },
      undo: () => {
        settle();
        undo(owned, before, range);
        leave();
      },
    };
  }

  /** Who is in the way: by name when it is an owner of this process, else as the kernel has it. */
  #holder(
    fd: number,
    node: FileNode,
    ownerKey: string,
    range: Span,
    mode: LockMode,
  ): FsResult<LockHolder | null> {
    const local = conflictAmong(rangesOf(this.#byFile.get(node.key)), ownerKey, range, mode);
    if (local !== null) return { ok: true, value: { ...local.range, ownerKey: local.owner } };
    const lock = this.#calls.find(fd, 'description', range, mode);
    return typeof lock === 'number' ? failedWith(lock) : { ok: true, value: lock };
  }

  /** The owner's description of the file, opened now if need be, with no more access than the mode needs. */
  #describe(node: FileNode, ownerKey: string, mode: LockMode, known: Owned | undefined): FsResult<Owned> {
    const writable = mode === 'write';
    if (known !== undefined && (known.writable || !writable)) return { ok: true, value: known };
    const fd = this.#open(node, writable ? 'both' : 'read');
    if (!fd.ok) return fd;
    if (known !== undefined) return moveTo(known, fd.value);
    const calls = this.#calls;
    const owned: Owned = { node, ownerKey, calls, fd: fd.value, writable, held: NO_RANGES };
    let owners = this.#byFile.get(node.key);
    if (owners === undefined) {
      owners = new Map();
      this.#byFile.set(node.key, owners);
    }
    owners.set(ownerKey, owned);
    return { ok: true, value: owned };
  }

  /** Those that rest make room. */
  #open(node: FileNode, access: 'read' | 'both'): FsResult<number> {
    const fd = this.#files.openDescription(node, access);
    if (fd.ok || fd.errno !== 'EMFILE' || this.#resting.size === 0) return fd;
    for (const owned of this.#resting) this.#drop(owned);
    return this.#files.openDescription(node, access);
  }

  #find(node: FileNode, ownerKey: string): Owned | undefined {
    return this.#byFile.get(node.key)?.get(ownerKey);
  }

  #dropIfEmpty(owned: Owned): void {
    if (owned.held.length === 0) this.#drop(owned);
  }

  #restIfEmpty(owned: Owned): void {
    if (owned.held.length > 0) return;
    this.#resting.add(owned);
    if (this.#resting.size <= RESTING) return;
    const [first] = this.#resting;
    if (first !== undefined) this.#drop(first);
  }

  /** Closing its description gives up all that the owner holds. */
  #drop(owned: Owned): void {
    this.#calls.close(owned.fd);
    this.#resting.delete(owned);
    const owners = this.#byFile.get(owned.node.key);
    owners?.delete(owned.ownerKey);
    if (owners?.size === 0) this.#byFile.delete(owned.node.key);
  }

  #assertSettled(): void {
    if (this.#pending !== null) throw new Error('a granted lock was neither kept nor undone');
  }
}

/** Mutant D15: up to the end of the lock that goes on beyond the span. */
function withRightPiece(held: RangeSet, span: Span): Span {
  const { end } = span;
  const cut = end === null ? undefined : held.find((range) => overlaps(range.span, { start: end - 1n, end }));
  return cut === undefined ? span : { start: span.start, end: cut.span.end };
}

/** The span as the kernel can have it; null: there is no such range. */
function kernelSpan(span: Span): Span | null {
  if (!isSpan(span) || span.start >= KERNEL_OFFSET_LIMIT) return null;
  // No byte lies beyond the limit, so a range up to there and one to infinity are the same.
  const endless = span.end !== null && span.end >= KERNEL_OFFSET_LIMIT;
  return endless ? { start: span.start, end: null } : span;
}

function* rangesOf(owners: ReadonlyMap<string, Owned> | undefined): Generator<[string, RangeSet]> {
  if (owners === undefined) return;
  for (const [ownerKey, { held }] of owners) yield [ownerKey, held];
}

/**
 * Moves an owner's locks to another description, open for writing. It has read locks only, since its old
 * description allowed no others, and read locks of both descriptions stand side by side: no moment is without
 * them.
 */
function moveTo(owned: Owned, fd: number): FsResult<Owned> {
  for (const { span, mode } of owned.held) {
    const status = owned.calls.set(fd, 'description', span, mode);
    if (status < 0) {
      owned.calls.close(fd);
      return failedWith(status);
    }
  }
  owned.calls.close(owned.fd);
  owned.fd = fd;
  owned.writable = true;
  return { ok: true, value: owned };
}

/**
 * Takes from the kernel what the lock adds to what is held; null when it has all of it, and nothing otherwise.
 * Write locks in the range of a read lock are not downgraded before {@link keep}: another process could take a
 * read lock there in between, and then the write lock could not be had back by {@link undo}.
 */
function take(owned: Owned, range: Span, mode: LockMode): Errno | null {
  const downgrades = mode === 'read' && within(owned.held, range).some((part) => part.mode === 'write');
  const wanted = downgrades ? gaps(owned.held, range) : [range];
  const before = owned.held;
  for (const span of wanted) {
    const status = owned.calls.set(owned.fd, 'description', span, mode);
    if (status < 0) {
      undo(owned, before, range);
      return errnoName(-status);
    }
    owned.held = insert(owned.held, span, mode);
  }
  return null;
}

/** Makes a granted lock what was asked for: the downgrade that {@link take} put off. */
function keep(owned: Owned, range: Span, mode: LockMode): void {
  if (within(owned.held, range).every((part) => part.mode === mode)) return;
  weaken(owned, range, mode);
  owned.held = insert(owned.held, range, mode);
}

/** Gives back what {@link take} took: all of it is giving up or downgrading, which nobody can refuse. */
function undo(owned: Owned, before: RangeSet, range: Span): void {
  if (owned.held === before) return;
  for (const part of within(before, range)) if (part.mode === 'read') weaken(owned, part.span, 'read');
  for (const gap of gaps(before, range)) weaken(owned, gap, null);
  owned.held = before;
}

/**
 * The kernel may lack memory to split a lock (ENOLCK). Then this process holds a lock that its books do not
 * show, and there is no safe way on but to end: its locks and its beacon go, and its clients reclaim.
 */
function weaken(owned: Owned, span: Span, mode: LockMode | null): void {
  const status = owned.calls.set(owned.fd, 'description', span, mode);
  if (status < 0) throw new Error(`the kernel refused to weaken a lock: ${errnoName(-status)}`);
}
