import fc from 'fast-check';
import t from 'tap';
import {
  bitmapAnd,
  bitmapBits,
  bitmapEquals,
  bitmapHas,
  bitmapIsEmpty,
  bitmapOf,
  bitmapOr,
  bitmapWithout,
} from '../../../src/nfs4/bitmap.ts';

t.test('RFC 8881 section 3.2: bit n is bit n mod 32 of word n div 32', async (t) => {
  t.same(bitmapOf([0, 31, 33, 75]), [0x80000001, 0x2, 0x800]);
  t.same(bitmapOf([]), []);
});

t.test('missing words are zero', async (t) => {
  t.ok(bitmapEquals([1], [1, 0, 0]));
  t.notOk(bitmapEquals([1], [1, 0, 1]));
  t.ok(bitmapIsEmpty([0, 0]));
  t.notOk(bitmapHas([1], 99));
  t.same(bitmapAnd([1], [2]), []);
  t.same(bitmapWithout([1, 2], [0, 2]), [1]);
});

t.test('bitmaps behave as sets of numbers', async (t) => {
  const numbers = fc.uniqueArray(fc.nat(100));
  const property = fc.property(numbers, numbers, (a, b) => {
    const setB = new Set(b);
    const [mapA, mapB] = [bitmapOf(a), bitmapOf(b)];
    const sorted = (set: readonly number[]) => [...new Set(set)].sort((x, y) => x - y).join();
    return (
      bitmapBits(mapA).join() === sorted(a) &&
      a.every((number) => bitmapHas(mapA, number)) &&
      bitmapBits(bitmapAnd(mapA, mapB)).join() === sorted(a.filter((number) => setB.has(number))) &&
      bitmapBits(bitmapOr(mapA, mapB)).join() === sorted([...a, ...b]) &&
      bitmapBits(bitmapWithout(mapA, mapB)).join() === sorted(a.filter((number) => !setB.has(number))) &&
      bitmapEquals(mapA, mapB) === (sorted(a) === sorted(b))
    );
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }));
});
