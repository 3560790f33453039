import fc from 'fast-check';
import t from 'tap';
import {
  conflictAmong,
  firstConflict,
  gaps,
  insert,
  isSpan,
  type LockMode,
  NO_RANGES,
  overlaps,
  type RangeSet,
  remove,
  type Span,
  within,
} from '../../../src/core/byte-ranges.ts';

/** The model's file is this long; its last byte stands for everything up to infinity. */
const BYTES = 24;

/** The naive model: what is held, byte by byte. */
type Bytes = readonly (LockMode | null)[];
const FREE: Bytes = Array.from({ length: BYTES }, () => null);

const covers = (span: Span, byte: number): boolean =>
  BigInt(byte) >= span.start && (span.end === null || BigInt(byte) < span.end);
const paint = (bytes: Bytes, span: Span, mode: LockMode | null): Bytes =>
  bytes.map((held, byte) => (covers(span, byte) ? mode : held));
const bytesOf = (set: RangeSet): Bytes =>
  set.reduce((bytes, { span, mode }) => paint(bytes, span, mode), FREE);

const spans: fc.Arbitrary<Span> = fc
  .tuple(fc.nat(BYTES - 2), fc.nat(BYTES - 2), fc.boolean())
  .map(([a, b, endless]) => ({
    start: BigInt(Math.min(a, b)),
    end: endless ? null : BigInt(Math.max(a, b) + 1),
  }));
const modes: fc.Arbitrary<LockMode> = fc.constantFrom('read', 'write');
const steps = fc.array(fc.record({ span: spans, mode: fc.option(modes, { nil: null }) }), { maxLength: 12 });
type Step = { span: Span; mode: LockMode | null };

const play = (history: readonly Step[]): RangeSet =>
  history.reduce<RangeSet>(
    (held, { span, mode }) => (mode === null ? remove(held, span) : insert(held, span, mode)),
    NO_RANGES,
  );
const playBytes = (history: readonly Step[]): Bytes =>
  history.reduce((bytes, { span, mode }) => paint(bytes, span, mode), FREE);

const range = (start: number, end: number | null, mode: LockMode = 'write') => ({
  span: { start: BigInt(start), end: end === null ? null : BigInt(end) },
  mode,
});
const span = (start: number, end: number | null): Span => range(start, end).span;

t.test('any history of locks and unlocks holds what the byte-by-byte model holds (D15)', (t) => {
  fc.assert(
    fc.property(steps, (history) => {
      t.strictSame(bytesOf(play(history)), playBytes(history));
    }),
    { numRuns: 2000 },
  );
  t.end();
});

/** D15 as found: the right-hand piece is as long as the whole range was. */
function removeWithD15(held: RangeSet, span: Span): RangeSet {
  return held.flatMap((range) => {
    const pieces = remove([range], span);
    const right = pieces.at(-1);
    if (right === undefined || right.span.start !== span.end || range.span.end === null) return pieces;
    const length = range.span.end - range.span.start;
    return [...pieces.slice(0, -1), { ...right, span: { start: span.end, end: span.end + length } }];
  });
}

t.test('D15: the comparison with the model tells the right removal from the defective one', (t) => {
  const agreesWithModel = (removal: typeof remove) =>
    fc.property(steps, spans, (history, span) => {
      const held = play(history);
      const expected = paint(bytesOf(held), span, null);
      return bytesOf(removal(held, span)).every((mode, byte) => mode === expected[byte]);
    });
  t.notOk(fc.check(agreesWithModel(remove)).failed);
  t.ok(fc.check(agreesWithModel(removeWithD15), { numRuns: 5000 }).failed, 'the defect is caught');
  t.end();
});

t.test('a set is always ascending, disjoint, merged, and ends for good at infinity', (t) => {
  fc.assert(
    fc.property(steps, (history) => {
      const set = play(history);
      for (const [index, { span, mode }] of set.entries()) {
        t.ok(isSpan(span));
        const next = set[index + 1];
        if (next === undefined) continue;
        t.not(span.end, null, 'nothing follows infinity');
        t.ok((span.end as bigint) <= next.span.start);
        t.notOk(span.end === next.span.start && mode === next.mode, 'neighbours of one mode are one range');
      }
    }),
  );
  t.end();
});

t.test('no operation changes the set it was given', (t) => {
  fc.assert(
    fc.property(steps, spans, modes, (history, span, mode) => {
      const set = play(history);
      const copy = structuredClone(set);
      insert(set, span, mode);
      remove(set, span);
      within(set, span);
      gaps(set, span);
      t.strictSame(set, copy);
    }),
  );
  t.end();
});

t.test('within and gaps together are exactly the span', (t) => {
  fc.assert(
    fc.property(steps, spans, (history, span) => {
      const set = play(history);
      const bytes = bytesOf(set);
      t.strictSame(
        bytesOf(within(set, span)),
        bytes.map((held, byte) => (covers(span, byte) ? held : null)),
      );
      const open = gaps(set, span);
      t.strictSame(
        FREE.map((_, byte) => open.some((gap) => covers(gap, byte))),
        bytes.map((held, byte) => held === null && covers(span, byte)),
      );
    }),
  );
  t.end();
});

t.test('a conflict is found exactly where the byte-by-byte model has one', (t) => {
  fc.assert(
    fc.property(steps, spans, modes, (history, span, mode) => {
      const set = play(history);
      const inTheWay = bytesOf(set).some(
        (held, byte) => covers(span, byte) && held !== null && (held === 'write' || mode === 'write'),
      );
      t.equal(firstConflict(set, span, mode) !== null, inTheWay);
      const owners: [string, RangeSet][] = [
        ['asking', set],
        ['other', set],
      ];
      t.equal(conflictAmong(owners, 'asking', span, mode)?.owner, inTheWay ? 'other' : undefined);
    }),
  );
  t.end();
});

t.test('D15: unlocking the middle leaves the left piece and the right piece, to its own end', (t) => {
  t.strictSame(remove([range(10, 100)], span(40, 60)), [range(10, 40), range(60, 100)]);
  t.strictSame(remove([range(10, null)], span(40, 60)), [range(10, 40), range(60, null)]);
  t.end();
});

t.test('an upgrade in the middle splits a read lock in three', (t) => {
  const set = insert([range(0, 30, 'read')], span(10, 20), 'write');
  t.strictSame(set, [range(0, 10, 'read'), range(10, 20, 'write'), range(20, 30, 'read')]);
  t.strictSame(
    insert(set, span(10, 20), 'read'),
    [range(0, 30, 'read')],
    'and the downgrade merges them again',
  );
  t.end();
});

t.test('offsets beyond 2^53 stay exact', (t) => {
  const big = 2n ** 63n;
  t.strictSame(
    remove([{ span: { start: big - 2n, end: null }, mode: 'read' }], { start: big, end: big + 1n }),
    [
      { span: { start: big - 2n, end: big }, mode: 'read' },
      { span: { start: big + 1n, end: null }, mode: 'read' },
    ],
  );
  t.end();
});

t.test('spans that touch do not overlap; an empty one is a mistake of the caller', (t) => {
  t.notOk(overlaps(span(0, 10), span(10, 20)));
  t.notOk(overlaps(span(10, null), span(0, 10)));
  t.ok(overlaps(span(0, null), span(1000, null)));
  t.throws(() => insert(NO_RANGES, span(5, 5), 'read'), RangeError);
  t.throws(() => remove(NO_RANGES, span(-1, 5)), RangeError);
  t.end();
});
