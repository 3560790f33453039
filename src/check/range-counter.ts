/**
 * Counts how many ranges cover each of a row of cells: add to a stretch, ask for the highest count in a
 * stretch, both in O(log n). A segment tree whose nodes keep what was added to the whole of their
 * stretch and the highest count below them.
 */
export class RangeCounter {
  readonly #cells: number;
  readonly #added: Int32Array;
  readonly #highest: Int32Array;

  /** @param cells how many cells there are; at least 1 */
  constructor(cells: number) {
    this.#cells = Math.max(1, cells);
    this.#added = new Int32Array(4 * this.#cells);
    this.#highest = new Int32Array(4 * this.#cells);
  }

  /** Adds `by` to cells [from, to). */
  add(from: number, to: number, by: number): void {
    if (from < to) this.#add(1, 0, this.#cells, from, to, by);
  }

  /** The highest count among cells [from, to); 0 for none. */
  max(from: number, to: number): number {
    return from < to ? this.#max(1, 0, this.#cells, from, to) : 0;
  }

  #add(node: number, low: number, high: number, from: number, to: number, by: number): void {
    if (from <= low && high <= to) {
      this.#added[node]! += by;
      this.#highest[node]! += by;
      return;
    }
    const middle = (low + high) >> 1;
    if (from < middle) this.#add(2 * node, low, middle, from, to, by);
    if (middle < to) this.#add(2 * node + 1, middle, high, from, to, by);
    this.#highest[node] =
      this.#added[node]! + Math.max(this.#highest[2 * node]!, this.#highest[2 * node + 1]!);
  }

  #max(node: number, low: number, high: number, from: number, to: number): number {
    if (from <= low && high <= to) return this.#highest[node]!;
    const middle = (low + high) >> 1;
    const left = from < middle ? this.#max(2 * node, low, middle, from, to) : 0;
    const right = middle < to ? this.#max(2 * node + 1, middle, high, from, to) : 0;
    return this.#added[node]! + Math.max(left, right);
  }
}
