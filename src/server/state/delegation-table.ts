import type { LockDomain } from '../domains.ts';
import type { Errno } from '../filesystem/result.ts';
import type { Delegation } from './delegations.ts';

/**
 * All delegations that clients of this node have. The others of a domain are shown that there is one of a kind at all, so that what
 * looks at many files (READDIR) need not look for each of them.
 */
export class DelegationTable {
  readonly #all = new Set<Delegation>();
  /** By domain and mark. */
  readonly #counts = new Map<LockDomain, Map<number, number>>();

  get size(): number {
    return this.#all.size;
  }

  all(): IterableIterator<Delegation> {
    return this.#all.values();
  }

  /** Before {@link add}: shows the others that there is such a one. Null, or why it could not. */
  announce(domain: LockDomain, mark: number): Errno | null {
    const { marks } = domain;
    return marks === undefined ? null : marks.put(marks.anywhere, mark);
  }

  add(delegation: Delegation): void {
    const { file, mark } = delegation;
    this.#all.add(delegation);
    const counts = this.#counts.get(file.domain) ?? new Map<number, number>();
    this.#counts.set(file.domain, counts.set(mark, (counts.get(mark) ?? 0) + 1));
  }

  remove(delegation: Delegation): void {
    const { file, mark } = delegation;
    const counts = this.#counts.get(file.domain);
    const left = (counts?.get(mark) ?? 0) - 1;
    if (counts === undefined || left < 0) throw new Error('a delegation goes that was never there');
    this.#all.delete(delegation);
    counts.set(mark, left);
    const { marks } = file.domain;
    if (left === 0) marks?.takeDown(marks.anywhere, mark);
  }

  /** Which of these marks (DELEGATIONS) some file of the domain has here. */
  kindsIn(domain: LockDomain): number {
    let kinds = 0;
    for (const [mark, count] of this.#counts.get(domain) ?? []) if (count > 0) kinds |= mark;
    return kinds;
  }
}
