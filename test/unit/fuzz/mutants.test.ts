import path from 'node:path';
import t from 'tap';
import { SLOTS } from '../../../src/fuzz/actor.ts';
import { anatomyOf } from '../../../src/fuzz/anatomy.ts';
import { readCorpus, revived } from '../../../src/fuzz/corpus.ts';
import { framed, inFragments, misframed } from '../../../src/fuzz/framing.ts';
import { Lots } from '../../../src/fuzz/lots.ts';
import { type MutantMaker, makeMutant } from '../../../src/fuzz/mutant.ts';
import { OPERATIONS } from '../../../src/nfs4/operations/index.ts';
import { RecordReader } from '../../../src/rpc/record-marking.ts';

const CORPUS = readCorpus(path.join(import.meta.dirname, '../../integration/fuzz/corpus'));

const maker = (...seeds: number[]): MutantMaker => {
  let xid = 0;
  return {
    lots: new Lots(...seeds),
    tape: CORPUS,
    sequences: new Array(SLOTS).fill(5),
    sessionId: Buffer.alloc(16, 9),
    nextXid: () => {
      xid += 1;
      return xid;
    },
  };
};

const mutants = (count: number, ...seeds: number[]) => {
  const made = maker(...seeds);
  return Array.from({ length: count }, (_, index) => makeMutant(made, 1 + (index % 8)));
};

t.test('the same seeds make the same mutants, others make others', (t) => {
  t.same(mutants(200, 1, 2), mutants(200, 1, 2));
  t.notSame(mutants(20, 1, 2), mutants(20, 2, 1));
  t.notSame(mutants(20, 1, 2), mutants(20, 1, 3));
  t.end();
});

t.test('every operation that we know is said by the book', (t) => {
  const said = new Set(CORPUS.flatMap(({ anatomy }) => anatomy.operations.map(({ name }) => name)));
  t.same(
    OPERATIONS.filter(({ name }) => !said.has(name)).map(({ name }) => name),
    [],
  );
  for (const version of [0, 1, 2])
    t.ok(CORPUS.filter(({ anatomy }) => anatomy.minorVersion === version).length > 20);
  t.end();
});

t.test('what is sent is seldom what it was', (t) => {
  const originals = new Set(CORPUS.map(({ message }) => message.subarray(4).toString('hex')));
  const same = mutants(2000, 7).filter(({ bytes }) => originals.has(bytes.subarray(8).toString('hex')));
  t.ok(same.length < 20, `${same.length} of 2000`);
  const kinds = new Set(
    mutants(2000, 8).flatMap(({ what }) => what.map((each) => each.replaceAll(/\d+|\b[A-Z_]+\b/g, ''))),
  );
  t.ok(kinds.size > 25, [...kinds].join('; '));
  t.end();
});

t.test('a mutant that must be answered can be read by whoever has to', (t) => {
  for (const { bytes, xid, spoils } of mutants(1000, 9)) {
    if (spoils) continue;
    const records = new RecordReader(1 << 24).push(bytes);
    t.equal(records.length, 1);
    t.equal(records[0]?.readUInt32BE(0), xid);
  }
  t.end();
});

t.test('fragments come to the same message, lies do not', (t) => {
  const message = Buffer.from('a message of some length');
  const lots = new Lots(3);
  for (let count = 0; count < 100; count += 1)
    t.same(new RecordReader(1000).push(inFragments(message, lots).bytes), [message]);
  t.same(new RecordReader(1000).push(framed(message)), [message]);
  t.ok(Array.from({ length: 100 }, () => misframed(message, lots)).every(({ spoils }) => spoils));
  t.end();
});

t.test('a kept request gets handles of today', (t) => {
  const kept = CORPUS.find(({ name }) => name.includes('PUTFH') && name.includes('LOCK'));
  const living = CORPUS.filter(({ name }) => name === '4.2 SEQUENCE PUTFH ALLOCATE');
  if (kept === undefined) throw new Error('nothing is kept');
  const { message, anatomy } = revived(kept, living, new Lots(1));
  const of = (where: typeof anatomy, bytes: Buffer) =>
    where.operations
      .filter(({ name }) => name === 'PUTFH')
      .map(({ at, end }) => bytes.subarray(at, end).toString('hex'));
  t.same(new Set(of(anatomy, message)), new Set(living.flatMap((each) => of(each.anatomy, each.message))));
  t.same(
    anatomyOf(message).operations.map(({ name }) => name),
    kept.anatomy.operations.map(({ name }) => name),
  );
  t.end();
});
