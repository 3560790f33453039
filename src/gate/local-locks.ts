import type { LockMode, Span } from '../core/byte-ranges.ts';
import { type Mutants, NO_MUTANTS } from '../core/mutants.ts';
import type { LockDomain } from '../server/domains.ts';
import type { Errno, FsResult } from '../server/filesystem/result.ts';
import type { FileNode, LockHolder, LockTable } from '../server/filesystem/types.ts';

/**
 * - `grace`: nothing new can be had before the lift; whoever may wait, waits;
 * - `conflict`: somebody else has it, on this node or on another.
 */
export type LocalLockOutcome =
  | { readonly outcome: 'granted' | 'grace' }
  | { readonly outcome: 'conflict'; readonly holder: LockHolder }
  | { readonly outcome: 'error'; readonly errno: Errno };

const GRANTED: LocalLockOutcome = { outcome: 'granted' };
const GRACE: LocalLockOutcome = { outcome: 'grace' };

export interface LocalLockTerms {
  readonly locks: LockTable;
  readonly domainOf: (node: FileNode) => LockDomain;
  readonly mutants?: Mutants;
}

/**
 * The locks of programs on this node that are not NFS clients, under the same grant rule as its clients' (docs/protocol.md). Each owner of
 * a file is an open file description of the shared filesystem, so that whoever holds what, on whichever node, NFS client or
 * local program, meets in the kernel (I1).
 *
 * Nothing of it is on record, and nothing is reclaimed: a program lives in the container of its node and dies with it, and its descriptors end
 * with the mount (I5). Knows nothing of FUSE.
 */
export class LocalLocks {
  readonly #locks: LockTable;
  readonly #domainOf: LocalLockTerms['domainOf'];
  readonly #mutants: Mutants;

  constructor({ locks, domainOf, mutants = NO_MUTANTS }: LocalLockTerms) {
    this.#locks = locks;
    this.#domainOf = domainOf;
    this.#mutants = mutants;
  }

  /** Without waiting. All steps of the grant rule in one turn of the event loop: nothing is in flight when a node acknowledges a view. */
  take(node: FileNode, owner: string, span: Span, mode: LockMode): LocalLockOutcome {
    const { coordination } = this.#domainOf(node);
    const unruly = this.#mutants.has('M23');
    if (coordination.newState() === 'grace' && !unruly) return GRACE;
    const taken = this.#locks.lock(node, owner, span, mode);
    if (taken.outcome !== 'granted') return taken;
    if (coordination.confirmNewState() === 'grace' && !unruly) {
      // A peer's beacon is missing: this may be a dead node's client's (I2).
      taken.undo();
      return GRACE;
    }
    taken.keep();
    return GRANTED;
  }

  /** In grace as ever: to let go of something takes it from nobody. */
  release(node: FileNode, owner: string, span: Span): FsResult<void> {
    return this.#locks.unlock(node, owner, span);
  }

  /** Who would refuse it now; null: nobody. In grace this says nothing about who will reclaim. */
  test(node: FileNode, owner: string, span: Span, mode: LockMode): FsResult<LockHolder | null> {
    return this.#locks.test(node, owner, span, mode);
  }

  /** Lets go of all that the owner has on the file. @returns had it anything? */
  drop(node: FileNode, owner: string): boolean {
    const had = this.holds(node, owner);
    this.#locks.releaseOwner(node, owner);
    return had;
  }

  holds(node: FileNode, owner: string): boolean {
    return this.#locks.held(node, owner).length > 0;
  }

  dropAll(): void {
    this.#locks.releaseAll();
  }
}
