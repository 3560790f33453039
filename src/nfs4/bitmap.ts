import type { XdrReader } from '../xdr/reader.ts';
import type { XdrWriter } from '../xdr/writer.ts';
import { BITMAP_MAX_WORDS } from './constants.ts';

/**
 * bitmap4 (RFC 8881 section 3.2): bit n is bit n mod 32 (from the least significant) of word n div 32.
 * Missing words are zero, so `[]` and `[0]` are the same set.
 */
export type Bitmap = readonly number[];

export const EMPTY_BITMAP: Bitmap = [];

export function bitmapOf(bits: Iterable<number>): Bitmap {
  const words: number[] = [];
  for (const bit of bits) {
    const word = bit >>> 5;
    while (words.length <= word) words.push(0);
    words[word] = ((words[word] ?? 0) | (1 << (bit & 31))) >>> 0;
  }
  return words;
}

export function bitmapHas(bitmap: Bitmap, bit: number): boolean {
  return (((bitmap[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1;
}

/** What is in both. */
export function bitmapAnd(a: Bitmap, b: Bitmap): Bitmap {
  return trimmed(a.map((word, index) => (word & (b[index] ?? 0)) >>> 0));
}

/** What is in either. */
export function bitmapOr(a: Bitmap, b: Bitmap): Bitmap {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  return trimmed(long.map((word, index) => (word | (short[index] ?? 0)) >>> 0));
}

/** What is in `a` and not in `b`. */
export function bitmapWithout(a: Bitmap, b: Bitmap): Bitmap {
  return trimmed(a.map((word, index) => (word & ~(b[index] ?? 0)) >>> 0));
}

export function bitmapIsEmpty(bitmap: Bitmap): boolean {
  return bitmap.every((word) => word === 0);
}

export function bitmapEquals(a: Bitmap, b: Bitmap): boolean {
  return bitmapIsEmpty(bitmapWithout(a, b)) && bitmapIsEmpty(bitmapWithout(b, a));
}

/** The numbers in it, ascending. */
export function bitmapBits(bitmap: Bitmap): number[] {
  const bits: number[] = [];
  for (let index = 0; index < bitmap.length; index += 1) {
    let word = bitmap[index] ?? 0;
    while (word !== 0) {
      const lowest = 31 - Math.clz32(word & -word);
      bits.push(index * 32 + lowest);
      word &= word - 1;
    }
  }
  return bits;
}

export function encodeBitmap(w: XdrWriter, bitmap: Bitmap): void {
  w.uint32(bitmap.length);
  for (const word of bitmap) w.uint32(word);
}

export function decodeBitmap(r: XdrReader): Bitmap {
  const count = r.count(BITMAP_MAX_WORDS, 4);
  const words: number[] = [];
  for (let index = 0; index < count; index += 1) words.push(r.uint32());
  return words;
}

function trimmed(words: number[]): Bitmap {
  while (words.length > 0 && words[words.length - 1] === 0) words.pop();
  return words;
}
