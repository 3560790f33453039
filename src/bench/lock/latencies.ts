/** How long each of many things took. */

const FIRST_CAPACITY = 4096;

export interface Percentiles {
  /** Milliseconds. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly most: number;
}

export class Latencies {
  #ms = new Float64Array(FIRST_CAPACITY);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(ms: number): void {
    if (this.#count === this.#ms.length) {
      const larger = new Float64Array(this.#count * 2);
      larger.set(this.#ms);
      this.#ms = larger;
    }
    this.#ms[this.#count] = ms;
    this.#count += 1;
  }

  /** By nearest rank. Null: nothing was added. */
  percentiles(): Percentiles | null {
    if (this.#count === 0) return null;
    const sorted = this.#ms.slice(0, this.#count).sort();
    const at = (share: number) => sorted[Math.ceil(share * this.#count) - 1]!;
    return { p50: at(0.5), p90: at(0.9), p99: at(0.99), most: at(1) };
  }
}
