import fc from 'fast-check';
import t from 'tap';
import { XdrReader } from '../../../src/xdr/reader.ts';
import { XdrWriter } from '../../../src/xdr/writer.ts';

const hexOf = (write: (w: XdrWriter) => void, capacityBytes = 4): string => {
  const w = new XdrWriter(capacityBytes);
  write(w);
  return w.view().toString('hex');
};

t.test('integers are big-endian, whether or not the buffer has to grow', async (t) => {
  const write = (w: XdrWriter) => {
    w.uint32(0xfffffffe);
    w.int32(-2);
    w.uint64(0x1122334455667788n);
    w.int64(-2n);
    w.bool(true);
    w.bool(false);
  };
  const expected = `fffffffe${'fffffffe'}1122334455667788fffffffffffffffe0000000100000000`;
  for (const capacityBytes of [1, 4, 8, 12, 16, 24, 64]) t.equal(hexOf(write, capacityBytes), expected);
});

t.test('a value that the type cannot hold is our mistake: RangeError, nothing written', async (t) => {
  const w = new XdrWriter();
  for (const value of [-1, 2 ** 32, 0.5, Number.NaN]) t.throws(() => w.uint32(value), RangeError);
  for (const value of [2 ** 31, -(2 ** 31) - 1, 0.5]) t.throws(() => w.int32(value), RangeError);
  for (const value of [-1n, 2n ** 64n]) t.throws(() => w.uint64(value), RangeError);
  for (const value of [2n ** 63n, -(2n ** 63n) - 1n]) t.throws(() => w.int64(value), RangeError);
  t.throws(() => w.opaqueFixed(Buffer.alloc(7), 8), RangeError);
  t.equal(w.position, 0);
});

t.test('padding is zero even where the buffer held something else', async (t) => {
  const w = new XdrWriter(32);
  w.opaqueFixed(Buffer.alloc(32, 0xff), 32);
  w.reset();
  w.opaque(Buffer.from('a'));
  w.utf8('bc');
  t.equal(w.view().toString('hex'), '00000001610000000000000262630000');
});

t.test('any text comes back, in a buffer that has to grow for it', async (t) => {
  const roundTrip = fc.property(fc.string({ unit: 'binary' }), fc.nat(40), (text, capacityBytes) => {
    const w = new XdrWriter(capacityBytes + 1);
    w.utf8(text);
    const r = new XdrReader(w.view());
    return r.utf8(1000) === text && r.remaining === 0;
  });
  t.doesNotThrow(() => fc.assert(roundTrip));
});

t.test('any bytes come back, in a buffer that has to grow for them', async (t) => {
  const roundTrip = fc.property(fc.uint8Array({ maxLength: 99 }), fc.nat(40), (bytes, capacityBytes) => {
    const w = new XdrWriter(capacityBytes + 1);
    w.opaque(bytes);
    const r = new XdrReader(w.view());
    return r.opaque(1000).equals(bytes) && r.remaining === 0;
  });
  t.doesNotThrow(() => fc.assert(roundTrip));
});

t.test('a placeholder is patched in place, and only where something was written', async (t) => {
  const w = new XdrWriter(64);
  const at = w.placeholder();
  t.equal(w.view().toString('hex'), '00000000', 'until then it is 0');
  w.patchUint32(at, 8);
  w.uint32(7);
  w.patchUint32(at, 9);
  t.equal(w.view().toString('hex'), '0000000900000007');
  t.throws(() => w.patchUint32(5, 1), RangeError);
  t.throws(() => w.patchUint32(-4, 1), RangeError);
  t.throws(() => w.patchUint32(at, -1), RangeError);
});

t.test('nested writes the length of what was written', async (t) => {
  const write = (w: XdrWriter) => w.nested((inner) => inner.uint64(1n));
  t.equal(hexOf(write), '000000080000000000000001');
});

t.test('truncate takes back, never forward', async (t) => {
  const w = new XdrWriter(4);
  w.uint32(1);
  const end = w.position;
  w.uint32(2);
  w.truncate(end);
  t.equal(w.view().toString('hex'), '00000001');
  t.throws(() => w.truncate(8), RangeError);
  t.throws(() => w.truncate(-4), RangeError);
  w.truncate(end);
  w.truncate(0);
  t.equal(w.position, 0);
});

t.test('a copy survives the next message, a view does not', async (t) => {
  const w = new XdrWriter(8);
  w.uint32(1);
  const view = w.view();
  const copy = w.copy();
  w.reset();
  w.uint32(2);
  t.equal(view.toString('hex'), '00000002');
  t.equal(copy.toString('hex'), '00000001');
});
