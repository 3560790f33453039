import type { LockMode, RangeSet, Span } from '../../core/byte-ranges.ts';
import { fileIn, type TreeMember } from './branch.ts';
import type { FsResult } from './result.ts';
import type { FileNode, LockHolder, LockOutcome, LockTable } from './types.ts';

/** The lock tables of the members, by the file that is asked about. */
export class CompositeLocks implements LockTable {
  readonly #members: readonly TreeMember[];

  constructor(members: readonly TreeMember[]) {
    this.#members = members;
  }

  lock(node: FileNode, ownerKey: string, span: Span, mode: LockMode): LockOutcome {
    const { branch, inner } = fileIn(node);
    return branch.locks.lock(inner, ownerKey, span, mode);
  }

  unlock(node: FileNode, ownerKey: string, span: Span): FsResult<void> {
    const { branch, inner } = fileIn(node);
    return branch.locks.unlock(inner, ownerKey, span);
  }

  test(node: FileNode, ownerKey: string, span: Span, mode: LockMode): FsResult<LockHolder | null> {
    const { branch, inner } = fileIn(node);
    return branch.locks.test(inner, ownerKey, span, mode);
  }

  releaseOwner(node: FileNode, ownerKey: string): void {
    const { branch, inner } = fileIn(node);
    branch.locks.releaseOwner(inner, ownerKey);
  }

  passOn(node: FileNode, ownerKey: string, toKey: string): void {
    const { branch, inner } = fileIn(node);
    branch.locks.passOn(inner, ownerKey, toKey);
  }

  releaseAll(): void {
    for (const { locks } of this.#members) locks.releaseAll();
  }

  held(node: FileNode, ownerKey: string): RangeSet {
    const { branch, inner } = fileIn(node);
    return branch.locks.held(inner, ownerKey);
  }
}
