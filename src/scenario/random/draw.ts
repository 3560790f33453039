/** Choices that follow from a seed alone. */
import type { Random } from '../../core/clock.ts';
import { LARGEST_SEED, seededRandom } from '../seeded-random.ts';

export class Draw {
  readonly #random: Random;

  /** @param seed 0 to 2^32 - 1 */
  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** A whole number between the two, both allowed. */
  between(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1));
  }

  /** @param of how often it is true, 0 to 1 */
  chance(of: number): boolean {
    return this.#random() < of;
  }

  /** @throws RangeError when there is nothing to choose from */
  one<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError('there is nothing to choose from');
    return from[this.between(0, from.length - 1)]!;
  }

  /** One of these, each as likely as its weight says. */
  weighted<T extends { readonly weight: number }>(from: readonly T[]): T {
    let left = this.#random() * from.reduce((sum, { weight }) => sum + weight, 0);
    for (const candidate of from) {
      left -= candidate.weight;
      if (left < 0) return candidate;
    }
    return this.one(from);
  }

  /** So many of these, in the order in which they stand there. */
  some<T>(count: number, from: readonly T[]): T[] {
    const left = from.map((_, index) => index);
    const drawn = Array.from({ length: Math.min(count, from.length) }, () =>
      left.splice(this.between(0, left.length - 1), 1),
    ).flat();
    return drawn.sort((a, b) => a - b).map((index) => from[index]!);
  }

  /** A seed for something that draws for itself, so that how often it does changes nothing here. */
  seed(): number {
    return this.between(0, LARGEST_SEED);
  }
}
