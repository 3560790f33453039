import type { Random } from '../core/clock.ts';

/** Seeds are whole numbers from 0 to this one. */
export const LARGEST_SEED = 2 ** 32 - 1;

/**
 * Uniform numbers in [0, 1) that depend on the seed alone: a counter whose bits are mixed
 * (the finalizer of MurmurHash3 over Weyl's sequence). Good enough to spread delays; nothing more.
 *
 * @param seed 0 to 2^32 - 1
 */
export function seededRandom(seed: number): Random {
  let counter = seed >>> 0;
  return () => {
    counter = (counter + 0x9e3779b9) >>> 0;
    let mixed = counter;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}
