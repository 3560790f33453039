/** Time as an argument: the real one in the lab, a virtual one in tests and in the simulator. Never used for safety (I9). */
export interface Clock {
  /** Monotonic, in milliseconds with fractions; the origin means nothing. */
  nowMs(): number;
  /** Calls `run` once, `ms` from now or later. Returns the way to cancel. */
  after(ms: number, run: () => void): () => void;
}

/** Uniform in [0, 1). */
export type Random = () => number;
