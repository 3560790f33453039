import fc from 'fast-check';
import t from 'tap';
import { beginRecord, endRecord, RecordBuffers, RecordReader } from '../../../src/rpc/record-marking.ts';
import { XdrWriter } from '../../../src/xdr/writer.ts';
import { XdrError } from '../../../src/xdr/xdr-error.ts';

const bytes = (hex: string) => Buffer.from(hex.replace(/\s/g, ''), 'hex');
const texts = (records: readonly Buffer[]) => records.map((record) => record.toString());

t.test('RFC 5531 section 11: a record is written as one last fragment', async (t) => {
  const w = new XdrWriter(4);
  const mark = beginRecord(w);
  w.uint64(1n);
  endRecord(w, mark);
  t.equal(w.view().toString('hex'), '800000080000000000000001');
});

t.test('several records in one writer', async (t) => {
  const w = new XdrWriter(4);
  for (const value of [1, 2]) {
    const mark = beginRecord(w);
    w.uint32(value);
    endRecord(w, mark);
  }
  t.equal(w.view().toString('hex'), '80000004000000018000000400000002');
});

t.test('several records in one chunk', async (t) => {
  t.same(texts(new RecordReader(9).push(bytes('80000001 61  80000002 6263'))), ['a', 'bc']);
});

t.test('fragments are joined until the last one', async (t) => {
  t.same(texts(new RecordReader(9).push(bytes('00000001 61 00000000 80000002 6263 80000001 64'))), [
    'abc',
    'd',
  ]);
});

t.test('an empty record is a record', async (t) => {
  t.same(texts(new RecordReader(9).push(bytes('80000000 80000000'))), ['', '']);
});

t.test('an empty last fragment ends the record', async (t) => {
  const reader = new RecordReader(9);
  t.same(texts(reader.push(bytes('00000001 61'))), []);
  t.same(texts(reader.push(bytes('80000000'))), ['a']);
});

t.test('however the stream is cut, the same records come out', async (t) => {
  const fragment = fc.tuple(fc.uint8Array({ maxLength: 9 }), fc.boolean());
  const property = fc.property(
    fc.array(fragment, { maxLength: 8 }),
    fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
    (fragments, cuts) => {
      const stream: Buffer[] = [];
      const expected: string[] = [];
      let open: Buffer[] = [];
      for (const [content, isLast] of fragments) {
        const mark = Buffer.alloc(4);
        mark.writeUInt32BE((content.length + (isLast ? 0x8000_0000 : 0)) >>> 0);
        stream.push(mark, Buffer.from(content));
        open.push(Buffer.from(content));
        if (!isLast) continue;
        expected.push(Buffer.concat(open).toString('hex'));
        open = [];
      }
      const whole = Buffer.concat(stream);
      const reader = new RecordReader(1000);
      const records: Buffer[] = [];
      for (let at = 0, turn = 0; at < whole.length; turn += 1) {
        const size = cuts[turn % cuts.length] ?? 1;
        // A copy, as sockets deliver: and spoilt after the next line if the reader kept a window wrongly.
        records.push(...reader.push(Buffer.from(whole.subarray(at, at + size))));
        at += size;
      }
      return records.map((record) => record.toString('hex')).join() === expected.join();
    },
  );
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }));
});

t.test('a record may be as large as the limit and no larger', async (t) => {
  t.same(texts(new RecordReader(2).push(bytes('80000002 6263'))), ['bc']);
  t.throws(() => new RecordReader(2).push(bytes('80000003')), XdrError);
  t.throws(() => new RecordReader(2).push(bytes('ffffffff')), XdrError);
});

t.test('the limit counts all fragments of a record', async (t) => {
  t.throws(() => new RecordReader(2).push(bytes('00000002 6263 80000001')), XdrError);
});

t.test('a record that was delivered is not written to again', async (t) => {
  const reader = new RecordReader(9);
  reader.push(bytes('80000002 61'));
  const [first] = reader.push(bytes('62'));
  reader.push(bytes('80000002 63'));
  reader.push(bytes('64'));
  t.equal(first?.toString(), 'ab');
});

const LARGE = 200 * 1024;
const markOf = (length: number, isLast = true) => {
  const mark = Buffer.alloc(4);
  mark.writeUInt32BE((length + (isLast ? 0x8000_0000 : 0)) >>> 0);
  return mark;
};
/** A record of one fragment, in chunks as a socket delivers them. */
function receive(reader: RecordReader, content: Buffer): Buffer {
  const records = [...reader.push(markOf(content.length))];
  for (let at = 0; at < content.length; at += 65_536)
    records.push(...reader.push(content.subarray(at, at + 65_536)));
  if (records.length !== 1) throw new Error(`${records.length} records`);
  return records[0]!;
}

t.test('memory of a large record is used again when it was given back, and not before', async (t) => {
  const buffers = new RecordBuffers(1);
  const [one, other] = [new RecordReader(LARGE, { buffers }), new RecordReader(LARGE, { buffers })];
  const first = receive(one, Buffer.alloc(LARGE, 'a'));
  const second = receive(other, Buffer.alloc(LARGE, 'b'));
  t.ok(first.equals(Buffer.alloc(LARGE, 'a')));
  t.not(first.buffer, second.buffer);
  buffers.give(first);
  buffers.give(second);
  const third = receive(other, Buffer.alloc(LARGE - 1000, 'c'));
  t.ok([first.buffer, second.buffer].includes(third.buffer));
  t.ok(third.equals(Buffer.alloc(LARGE - 1000, 'c')));
  const fourth = receive(other, Buffer.alloc(LARGE, 'd'));
  t.notOk([first.buffer, second.buffer].includes(fourth.buffer), 'only one is kept');
  buffers.give(third);
  buffers.give(third);
  t.not(receive(one, Buffer.alloc(LARGE)).buffer, receive(other, Buffer.alloc(LARGE)).buffer, 'nor twice');
});

t.test('windows on what a socket delivered, and small records, are not kept', async (t) => {
  const buffers = new RecordBuffers(9);
  const reader = new RecordReader(LARGE, { buffers });
  const chunk = Buffer.concat([markOf(LARGE), Buffer.alloc(LARGE)]);
  const [whole] = reader.push(chunk);
  t.equal(whole!.buffer, chunk.buffer);
  buffers.give(whole!);
  t.not(receive(reader, Buffer.alloc(LARGE)).buffer, chunk.buffer);
  const small = receive(reader, Buffer.alloc(70_000));
  buffers.give(small);
  t.not(receive(reader, Buffer.alloc(70_000)).buffer, small.buffer);
});

t.test('a record in thousands of fragments is moved a few times only', async (t) => {
  let taken = 0;
  class Counted extends RecordBuffers {
    override take(least: number, wanted: number): Buffer {
      taken += 1;
      return super.take(least, wanted);
    }
  }
  const reader = new RecordReader(LARGE, { buffers: new Counted(0) });
  const fragment = Buffer.concat([markOf(1, false), Buffer.from('x')]);
  for (let i = 0; i < 10_000; i += 1) reader.push(fragment);
  const [record] = reader.push(markOf(0));
  t.equal(record?.length, 10_000);
  t.ok(taken < 20, `${taken} times`);
});

t.test('no record is a window on a chunk that will be used again', async (t) => {
  const reader = new RecordReader(LARGE, { chunksAreReused: true, buffers: new RecordBuffers(1) });
  for (const length of [10, LARGE]) {
    const content = Buffer.alloc(length, 'k');
    const chunk = Buffer.concat([markOf(length), content, markOf(length), content.subarray(0, 5)]);
    const [first] = reader.push(chunk);
    chunk.fill(0);
    const [second] = reader.push(content.subarray(5));
    t.ok(first!.equals(content));
    t.ok(second!.equals(content));
  }
});

t.test('the largest memory is kept', async (t) => {
  const buffers = new RecordBuffers(2);
  const sizes = [150, 400, 200, 300].map((kib) => kib * 1024);
  const records = sizes.map((size) => receive(new RecordReader(LARGE * 2, { buffers }), Buffer.alloc(size)));
  for (const record of records) buffers.give(record);
  const again = [400, 300].map((kib) => buffers.take(1, kib * 1024).buffer);
  t.equal(again[0], records[1]!.buffer);
  t.equal(again[1], records[3]!.buffer);
});
