/** How often a node is booted again whose lives end one after the other, though nobody breaks it: such a node has a fault that another boot does not mend. */

export const MOST_BOOTS_IN_A_ROW = 8;
/** A life that served for so long begins a new row. */
const HEALTHY_MS = 60_000;
const SHORTEST_BACKOFF_MS = 25;
const LONGEST_BACKOFF_MS = 1000;

export class BootRow {
  #boots = 0;

  /** How long to wait before the next boot, in milliseconds; null: there is to be none. */
  next(): number | null {
    if (this.#boots === MOST_BOOTS_IN_A_ROW) return null;
    const backoffMs = Math.min(LONGEST_BACKOFF_MS, SHORTEST_BACKOFF_MS * 2 ** this.#boots);
    this.#boots += 1;
    return backoffMs;
  }

  /** A life is over that served for so long. */
  served(forMs: number): void {
    if (forMs >= HEALTHY_MS) this.#boots = 0;
  }

  /** Somebody broke it on purpose. What ends its lives from now on is that, as far as one can tell, and no fault of its own. */
  broken(): void {
    this.#boots = 0;
  }
}
