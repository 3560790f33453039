import t from 'tap';
import { LockBelief, toByteSpan, toSpan } from '../../../src/client/lock-belief.ts';

const span = (start: number, end: number | null = null) => toSpan({ start, end });
const held = (belief: LockBelief) =>
  belief.held.map((range) => [
    Number(range.span.start),
    range.span.end && Number(range.span.end),
    range.mode,
  ]);

t.test('granted, upgraded, released in the middle', async (t) => {
  const belief = new LockBelief();
  belief.granted(span(0, 100), 'read');
  belief.granted(span(20, 40), 'write');
  belief.released(span(30, 50));
  t.same(held(belief), [
    [0, 20, 'read'],
    [20, 30, 'write'],
    [50, 100, 'read'],
  ]);
  t.ok(belief.covers(span(0, 30), 'read'));
  t.notOk(belief.covers(span(0, 30), 'write'));
  t.notOk(belief.covers(span(25, 60), 'read'));
});

t.test('a refused unlock puts back exactly what was there', async (t) => {
  const belief = new LockBelief();
  belief.granted(span(0, 100), 'read');
  belief.granted(span(20, 40), 'write');
  const before = held(belief);
  belief.keep(belief.released(span(10, 60)));
  t.same(held(belief), before);
});

t.test('I5: a lost range stays marked until it is unlocked or locked anew, piece by piece', async (t) => {
  const belief = new LockBelief();
  belief.granted(span(0, 100), 'write');
  belief.lose({ span: span(0, 100), mode: 'write' }, 'NO_GRACE');
  t.same(held(belief), []);
  t.equal(belief.lossIn(span(99, 200))?.status, 'NO_GRACE');
  belief.released(span(0, 50));
  belief.granted(span(80, 90), 'write');
  t.same(
    belief.lost.map((lost) => toByteSpan(lost.span)),
    [
      { start: 50, end: 80 },
      { start: 90, end: 100 },
    ],
  );
  t.equal(belief.lossIn(span(0, 50)), null);
});

t.test('listeners hear when bytes begin or cease to be held, and of nothing else', async (t) => {
  const belief = new LockBelief();
  const heard: unknown[] = [];
  const stop = belief.onChange(({ start, end }) => heard.push([start, end]));
  belief.granted(span(0, 10), 'read');
  belief.granted(span(0, 20), 'write');
  belief.released(span(15, 40));
  belief.lose({ span: span(0, 15), mode: 'write' }, 'EXPIRED');
  t.same(heard, [
    [0, 10],
    [10, 20],
    [15, 20],
    [0, 15],
  ]);
  stop();
  belief.granted(span(0, 10), 'read');
  t.equal(heard.length, 4);
});
