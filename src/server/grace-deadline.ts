import type { Mutants } from '../core/mutants.ts';

/**
 * When the wait for clients ends (I8, row 31). Counted from the barrier, since nobody can reclaim
 * before it. Reclaims that still come in extend it, up to a limit that no client can move.
 */
export interface GraceTimes {
  /** The usual length of grace, in milliseconds. */
  readonly graceMs: number;
  readonly leaseMs: number;
  readonly mutants: Mutants;
}

/** A reclaim shows that its client is at it: it gets this part of a lease to go on. */
const EXTENSION_PER_RECLAIM = 1 / 4;
/** RFC 8881 section 8.4.2.1 bounds nothing; knfsd gives two leases in all, and so does this. */
const LEASES_IN_ALL = 2;

export class GraceDeadline {
  readonly #times: GraceTimes;
  readonly #barrierAtMs: number;
  #lastReclaimMs: number | null = null;

  constructor(times: GraceTimes, barrierAtMs: number) {
    this.#times = times;
    this.#barrierAtMs = barrierAtMs;
  }

  reclaimed(nowMs: number): void {
    this.#lastReclaimMs = nowMs;
  }

  /** The moment, on the clock that the others were read from, after which nobody is waited for. */
  atMs(): number {
    const { graceMs, leaseMs, mutants } = this.#times;
    const usual = this.#barrierAtMs + graceMs;
    if (this.#lastReclaimMs === null) return usual;
    const extended = Math.max(usual, this.#lastReclaimMs + leaseMs * EXTENSION_PER_RECLAIM);
    return mutants.has('D13') ? extended : Math.min(extended, this.latestMs());
  }

  /** No extension goes beyond this. */
  latestMs(): number {
    return this.#barrierAtMs + Math.max(this.#times.graceMs, this.#times.leaseMs * LEASES_IN_ALL);
  }
}

/**
 * A boot, an heir, a planned stop give clients their time anew. A node that boots over and over must not hold the others
 * for ever by that (I8), so in one grace it is given no more often than this.
 */
const MOST_DEADLINES = 8;
/** What comes this close upon each other, as a part of a grace, counts once: several nodes that die or boot together are one reason. */
const BURSTS_PER_GRACE = 4;

/** The deadlines of one grace, each of which takes the place of the one before. */
export class GraceDeadlines {
  readonly #times: GraceTimes;
  #newest: GraceDeadline | null = null;
  #running = false;
  #counted = 0;
  /** When the newest of those that count was given. */
  #countedMs = Number.NEGATIVE_INFINITY;

  constructor(times: GraceTimes) {
    this.#times = times;
  }

  /** Null before the barrier. */
  get current(): GraceDeadline | null {
    return this.#running ? this.#newest : null;
  }

  /** Past the barrier clients have their time anew, but for a grace that was given it too often: there the last one goes on. */
  give(nowMs: number): void {
    this.#running = true;
    // From the first of a burst on, so that no endless row of them is one.
    const sameBurst = nowMs - this.#countedMs < this.#times.graceMs / BURSTS_PER_GRACE;
    if (!sameBurst && this.#counted >= MOST_DEADLINES) return;
    this.#newest = new GraceDeadline(this.#times, nowMs);
    if (sameBurst) return;
    this.#counted += 1;
    this.#countedMs = nowMs;
  }

  /** The next barrier is waited for. The last one that was given runs on. */
  suspend(): void {
    this.#running = false;
  }
}
