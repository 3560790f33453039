import type { LockMode } from '../history/events.ts';
import type { Operation } from './operations.ts';

/** How a client's belief in a lock ended. */
export type ClaimEnding =
  | 'unlocked'
  /** Another lock of the same owner took its place: an upgrade, a downgrade, the same again. */
  | 'replaced'
  /** The same owner reclaimed the range; the belief goes on as a claim of its own. */
  | 'reclaimed'
  /** The client was told that the lock is gone. */
  | 'told'
  /** The client's process ended or began a new life. */
  | 'client-gone'
  | 'run-end';

/**
 * One range that one owner came to hold, from the reply that granted it. A partial unlock makes several
 * claims out of one. Two moments end it, and the difference matters:
 *
 * - `provenUntil`: up to here the lock was certainly alive at the server;
 * - `believedUntil`: up to here the client acted as its holder.
 */
export interface Claim {
  readonly client: string;
  readonly owner: string;
  readonly file: string;
  /** Whose service address it was granted at; `CheckContext.server` of the grant says by whom. */
  readonly node: string;
  readonly mode: LockMode;
  /** Half-open range in bytes; `end` is Infinity for "to the end of the file". */
  readonly start: number;
  readonly end: number;
  /** The request that granted it. */
  readonly grant: Operation;
  /** From here it is certainly held: the grant's reply, or the sending of the downgrade that left it. */
  readonly heldFrom: number;
  /** At least `heldFrom`. Equal to it: nothing after the grant proves anything. */
  readonly provenUntil: number;
  /** Infinity when the client still believed at the end of the history. */
  readonly believedUntil: number;
  readonly ending: ClaimEnding;
  /** The event that ended the belief; -1 at the end of the run. */
  readonly endIndex: number;
}

/** A claim that has not ended yet. `provenUntil` is null while proofs may still come. */
export interface OpenClaim extends Omit<Claim, 'provenUntil' | 'believedUntil' | 'ending' | 'endIndex'> {
  provenUntil: number | null;
}

/** The ranges of one owner of one file: disjoint, in no particular order. */
export class HeldRanges {
  #claims: OpenClaim[] = [];

  get claims(): readonly OpenClaim[] {
    return this.#claims;
  }

  add(claim: OpenClaim): void {
    this.#claims.push(claim);
  }

  /**
   * Takes [start, end) out. What sticks out on either side stays held, as claims of the same grant.
   * Returns what was taken.
   */
  cut(start: number, end: number): OpenClaim[] {
    if (this.#claims.length === 0) return [];
    const taken: OpenClaim[] = [];
    const kept: OpenClaim[] = [];
    for (const claim of this.#claims) {
      // No byte in common: stays as it is.
      if (claim.end <= start || end <= claim.start) {
        kept.push(claim);
        continue;
      }
      // Sticks out to the left, to the right, or both: those pieces stay.
      if (claim.start < start) kept.push({ ...claim, end: start });
      if (end < claim.end) kept.push({ ...claim, start: end });
      taken.push({ ...claim, start: Math.max(start, claim.start), end: Math.min(end, claim.end) });
    }
    this.#claims = kept;
    return taken;
  }
}
