import t from 'tap';
import { XdrReader } from '../../../src/xdr/reader.ts';
import { XdrError } from '../../../src/xdr/xdr-error.ts';

const reader = (hex: string) => new XdrReader(Buffer.from(hex.replace(/\s/g, ''), 'hex'));

t.test('RFC 4506 section 4.1, 4.2, 4.5: integers are big-endian, two words for hypers', async (t) => {
  const r = reader('fffffffe fffffffe fffffffffffffffe fffffffffffffffe');
  t.equal(r.uint32(), 0xfffffffe);
  t.equal(r.int32(), -2);
  t.equal(r.uint64(), 0xfffffffffffffffen);
  t.equal(r.int64(), -2n);
  t.equal(r.remaining, 0);
  t.equal(r.position, 24);
});

t.test('RFC 4506 section 4.4: a boolean is 0 or 1', async (t) => {
  const r = reader('00000000 00000001 00000002');
  t.equal(r.bool(), false);
  t.equal(r.bool(), true);
  t.throws(() => r.bool(), XdrError);
});

t.test('an enum takes its values only', async (t) => {
  t.equal(reader('00000002').oneOf([1, 2], 'e'), 2);
  t.throws(() => reader('00000003').oneOf([1, 2], 'e'), { name: 'XdrError', message: 'e of value 3' });
});

t.test('RFC 4506 section 4.10: opaque is padded to four bytes, and the padding is consumed', async (t) => {
  const r = reader('00000005 6162636465 000000 00000007');
  t.same(r.opaque(5), Buffer.from('abcde'));
  t.equal(r.uint32(), 7);
});

t.test('missing padding is malformed, also at the end of the message', async (t) => {
  t.throws(() => reader('00000005 6162636465').opaque(5), XdrError);
  t.throws(() => reader('616263').opaqueFixed(3), XdrError);
});

t.test('an opaque longer than the caller allows is malformed', async (t) => {
  t.throws(() => reader('00000005 6162636465 000000').opaque(4), XdrError);
});

t.test('a length near 2^32 is malformed and allocates nothing', async (t) => {
  for (const length of ['ffffffff', 'fffffffd', '80000000', '7fffffff']) {
    t.throws(() => reader(`${length} 61626364`).opaque(0xffffffff), XdrError);
    t.throws(() => reader(`${length} 61626364`).utf8(0xffffffff), XdrError);
    t.throws(() => reader(`${length} 61626364`).count(0xffffffff, 4), XdrError);
  }
});

t.test('an array count that the message cannot hold is malformed before the first element', async (t) => {
  t.equal(reader('00000002 00000000 00000000').count(2, 4), 2);
  t.throws(() => reader('00000002 00000000').count(2, 4), XdrError);
  t.throws(() => reader('00000003 00000000 00000000 00000000').count(2, 4), XdrError);
});

t.test('opaque is a copy, opaqueView a window on the message', async (t) => {
  const message = Buffer.from('0000000161000000', 'hex');
  const copy = new XdrReader(message).opaque(1);
  const view = new XdrReader(message).opaqueView(1);
  const fixed = new XdrReader(message).opaqueFixed(8);
  message.fill(0x7a);
  t.equal(copy.toString(), 'a');
  t.equal(view.toString(), 'z');
  t.equal(fixed[7], 0);
});

t.test('strings are UTF-8; what is not throws an XdrError that says so', async (t) => {
  t.equal(reader('00000002 c3bc 0000').utf8(2), 'ü');
  t.equal(reader('00000003 efbbbf 00').utf8(3), '\uFEFF', 'a byte order mark is a character');
  t.throws(() => reader('00000001 ff 000000').utf8(9), { name: 'XdrError', kind: 'utf8' });
  t.throws(() => reader('00000003 eda080 00').utf8(9), { name: 'XdrError', kind: 'utf8' }, 'a surrogate');
});

t.test('a replacement character that was really sent is text', async (t) => {
  t.equal(reader('00000003 efbfbd 00').utf8(3), '\uFFFD');
});

t.test('a nested message ends where its opaque ends', async (t) => {
  const r = reader('00000004 00000001 00000002');
  const inner = r.nested(4);
  t.equal(inner.uint32(), 1);
  t.throws(() => inner.uint32(), XdrError);
  t.equal(r.uint32(), 2);
});

t.test('expectEnd refuses bytes after the end', async (t) => {
  const r = reader('00000001 00000002');
  r.uint32();
  t.throws(() => r.expectEnd(), XdrError);
  r.uint32();
  r.expectEnd();
});
