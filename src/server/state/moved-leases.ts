import type { LockDomain } from '../domains.ts';

/** Has the client been answered MOVED there? */
type Progress = 'unaware' | 'heard';

/**
 * The filesystems in which a client held something when they moved to another node, and of which it does not know yet. It has to learn of each: its
 * lease there is another server's to renew (RFC 8881 section 18.46.3, RFC 7530 section 9.14.3).
 */
export class MovedLeases {
  readonly #unknown = new Map<LockDomain, Progress>();

  /** What it held there was let go. */
  owe(domain: LockDomain): void {
    this.#unknown.set(domain, 'unaware');
  }

  /** It was answered MOVED. */
  heard(domain: LockDomain): void {
    if (this.#unknown.has(domain)) this.#unknown.set(domain, 'heard');
  }

  /** It was given fs_locations, which counts after MOVED. */
  located(domain: LockDomain): void {
    if (this.#unknown.get(domain) === 'heard') this.#unknown.delete(domain);
  }

  /** Version 4.0: it was given fs_locations, whatever it was told before (RFC 7530 section 9.14.3). */
  settle(domain: LockDomain): void {
    this.#unknown.delete(domain);
  }

  /** Does it not know yet of that one? */
  isOwed(domain: LockDomain): boolean {
    return this.#unknown.has(domain);
  }

  /** Is there one to be told of? */
  get any(): boolean {
    return this.#unknown.size > 0;
  }

  /** The same, of those that are elsewhere now: without a session MOVED cannot be said to one client and not to another. */
  get anyElsewhere(): boolean {
    for (const { coordination } of this.#unknown.keys())
      if (coordination.place().kind !== 'here') return true;
    return false;
  }
}
