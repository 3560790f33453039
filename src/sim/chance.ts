/** Where a simulated world takes its chances from: one stream for each purpose, so that more draws of one leave the others as they were. */
import type { Random } from '../core/clock.ts';
import { seededRandom } from '../scenario/seeded-random.ts';

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = FNV_OFFSET;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), FNV_PRIME);
  return hash >>> 0;
}

export class Chance {
  readonly #seed: number;

  /** @param seed 0 to 2^32 - 1 */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Uniform in [0, 1); the same purpose has the same stream in every world of this seed. */
  stream(purpose: string): Random {
    return seededRandom(hashOf(`${this.#seed} ${purpose}`));
  }
}

/** Mostly near the least, now and then near the most, as waiting times of machines are. */
export const skewed = (random: Random, least: number, most: number): number => {
  const drawn = random();
  return least + (most - least) * drawn * drawn * drawn;
};

export const bytesOf =
  (random: Random) =>
  (count: number): Buffer => {
    const bytes = Buffer.alloc(count);
    for (let at = 0; at < count; at += 1) bytes[at] = Math.floor(random() * 256);
    return bytes;
  };
