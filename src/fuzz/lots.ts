/** What is left to chance, and depends on nothing but its seeds: the same seeds draw the same lots. */
export class Lots {
  #state: number;

  /** @param seeds whole numbers of 32 bits, in their order */
  constructor(...seeds: readonly number[]) {
    this.#state = seeds.reduce((mixed, seed) => scramble((mixed ^ seed) >>> 0), 0x9e3779b9);
  }

  /** 0 to 2^32 - 1. */
  word(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    return scramble(this.#state);
  }

  /** 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor((this.word() / 2 ** 32) * count);
  }

  /** @param chance 0 to 1 */
  happens(chance: number): boolean {
    return this.word() < chance * 2 ** 32;
  }

  pick<T>(all: readonly T[]): T {
    if (all.length === 0) throw new RangeError('there is nothing to pick from');
    return all[this.below(all.length)] as T;
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)));
  }
}

/** The finalizer of MurmurHash3: every bit of the argument changes half of the result. */
function scramble(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
