/**
 * When the wait for clients ends (I8, row 31). Counted from the barrier, since nobody can reclaim
 * before it. Reclaims that still come in extend it, up to a limit that no client can move.
 */
export interface GraceTimes {
  /** The usual length of grace, in milliseconds. */
  readonly graceMs: number;
  readonly leaseMs: number;
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
    const { graceMs, leaseMs } = this.#times;
    const usual = this.#barrierAtMs + graceMs;
    if (this.#lastReclaimMs === null) return usual;
    const extended = Math.max(usual, this.#lastReclaimMs + leaseMs * EXTENSION_PER_RECLAIM);
    return Math.min(extended, this.latestMs());
  }

  /** No extension goes beyond this. */
  latestMs(): number {
    return this.#barrierAtMs + Math.max(this.#times.graceMs, this.#times.leaseMs * LEASES_IN_ALL);
  }
}
