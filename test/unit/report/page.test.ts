import fc from 'fast-check';
import t from 'tap';
import { columnHeight, countedColumns } from '../../../src/report/page/columns.js';
import { KINDS } from '../../../src/report/page/decode.js';
import { moved, spanWithin, ticksOf, wholeRun, zoomed } from '../../../src/report/page/span.js';

const END = 7_000_000;
const within = ({ from, to }: { from: number; to: number }) => {
  const whole = wholeRun(END);
  return from >= whole.from - 1e-6 && to <= whole.to + 1e-6 && to - from >= 20 - 1e-6;
};

t.test('whatever is zoomed and moved, the view stays within the run', async () => {
  const act = fc.oneof(
    fc.record({
      factor: fc.double({ min: 0.01, max: 100, noNaN: true }),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    fc.record({ share: fc.double({ min: -3, max: 3, noNaN: true }) }),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
      let span = wholeRun(END);
      for (const each of acts) {
        span =
          'share' in each
            ? moved(span, END, each.share)
            : zoomed(span, END, each.factor, span.from + each.at * (span.to - span.from));
        if (!within(span)) return false;
      }
      return true;
    }),
  );
});

t.test('the moment under the pointer stays where it is', async (t) => {
  const span = spanWithin(END, 1_000_000, 3_000_000);
  const nearer = zoomed(span, END, 4, 1_500_000);
  const share = ({ from, to }: { from: number; to: number }) => (1_500_000 - from) / (to - from);
  t.equal(share(nearer).toFixed(6), share(span).toFixed(6));
});

t.test('ticks are round, in view, and far enough apart', async (t) => {
  for (const length of [37, 900, 54_321, 7e6, 6e8]) {
    const { step, ticks } = ticksOf({ from: 0, to: length }, 1000, 90);
    t.match(String(step), /^[125]0*$/);
    t.ok(ticks.length >= 2 && ticks.length <= 12, `${ticks.length} ticks over ${length}`);
  }
});

t.test('every request in view is counted in one column, whatever there are too many of', async (t) => {
  const count = 10_000;
  const asked = Float64Array.from({ length: count }, (_, k) => k * 10);
  const kinds = new Uint8Array(count).fill(KINDS.indexOf('refused'));
  kinds[4321] = KINDS.indexOf('granted');
  const requests = { asked, answered: asked.map((at) => at + 3), kinds };
  const chosen = Uint32Array.from({ length: count }, (_, k) => k);
  const { counts } = countedColumns(requests, chosen, { from: 0, to: count }, { from: 0, to: 100_000 }, 300);
  const sum = (kind: string) => counts[KINDS.indexOf(kind)]!.reduce((a: number, b: number) => a + b, 0);
  t.strictSame([sum('refused'), sum('granted')], [count - 1, 1]);
  t.ok(columnHeight(1, 5000, 14) >= 2, 'one among thousands is seen');
  t.equal(columnHeight(0, 5000, 14), 0);
});
