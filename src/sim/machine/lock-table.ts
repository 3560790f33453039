/**
 * The lock table of a simulated kernel: record locks of processes and of open file descriptions on byte ranges (fcntl(2)). Deliberately
 * naive, and not built on core/byte-ranges.ts: what the server makes of ranges is judged against this.
 */
import type { LockMode, Span } from '../../core/byte-ranges.ts';
import type { KernelLock } from '../../server/filesystem/record-locks.ts';

/** Beyond every offset that can be locked. */
const ENDLESS = 2n ** 63n;

interface Lock {
  readonly owner: object;
  readonly start: bigint;
  /** Not in it any more. */
  readonly end: bigint;
  readonly mode: LockMode;
}

const endOf = (span: Span): bigint => (span.end === null || span.end > ENDLESS ? ENDLESS : span.end);

/** The locks of one file. An owner is a process or a description; it never stands in its own way. */
export class LockTable {
  #locks: readonly Lock[] = [];

  /** False: somebody else is in the way, and nothing was done. Null as mode unlocks. */
  set(owner: object, span: Span, mode: LockMode | null): boolean {
    if (mode !== null && this.find(owner, span, mode) !== null) return false;
    const { start } = span;
    const end = endOf(span);
    const kept: Lock[] = [];
    for (const lock of this.#locks) {
      if (lock.owner !== owner || lock.end <= start || lock.start >= end) {
        kept.push(lock);
        continue;
      }
      if (lock.start < start) kept.push({ ...lock, end: start });
      if (lock.end > end) kept.push({ ...lock, start: end });
    }
    if (mode !== null) kept.push({ owner, start, end, mode });
    this.#locks = kept;
    return true;
  }

  /** One that would refuse this lock; null: none would. */
  find(owner: object | null, span: Span, mode: LockMode): KernelLock | null {
    const { start } = span;
    const end = endOf(span);
    for (const lock of this.#locks) {
      if (lock.owner === owner || lock.end <= start || lock.start >= end) continue;
      if (mode === 'read' && lock.mode === 'read') continue;
      return { span: { start: lock.start, end: lock.end === ENDLESS ? null : lock.end }, mode: lock.mode };
    }
    return null;
  }

  /** All locks of this owner become those of another one in another table. */
  handOver(owner: object, to: LockTable, newOwner: object): void {
    const handed = this.#locks.filter((lock) => lock.owner === owner);
    if (handed.length === 0) return;
    this.releaseAll(owner);
    to.#locks = [...to.#locks, ...handed.map((lock) => ({ ...lock, owner: newOwner }))];
  }

  /** Does anybody else hold a lock of any kind on this byte? */
  isLocked(owner: object, offset: bigint): boolean {
    for (const lock of this.#locks) {
      if (lock.owner !== owner && lock.start <= offset && offset < lock.end) return true;
    }
    return false;
  }

  releaseAll(owner: object): void {
    if (this.holds(owner)) this.#locks = this.#locks.filter((lock) => lock.owner !== owner);
  }

  holds(owner: object): boolean {
    return this.#locks.some((lock) => lock.owner === owner);
  }
}
