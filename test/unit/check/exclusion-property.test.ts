import fc from 'fast-check';
import t from 'tap';
import { CheckContext } from '../../../src/check/context.ts';
import { exclusion } from '../../../src/check/exclusion.ts';
import { RangeCounter } from '../../../src/check/range-counter.ts';
import type { History, OpEvent } from '../../../src/history/events.ts';
import { certainlyHeldTogether } from './fixtures/naive-exclusion.ts';
import { Story } from './fixtures/story.ts';

const BYTES = 3;

/** What happens to one client, one after another; times come from the order in which all is dealt. */
const happening = fc.record({
  client: fc.constantFrom('alice', 'bob'),
  owner: fc.constantFrom('o', 'o', 'p'),
  start: fc.nat(BYTES - 1),
  length: fc.integer({ min: 1, max: BYTES }),
  mode: fc.constantFrom('read' as const, 'write' as const),
  what: fc.constantFrom(
    ...new Array(8).fill('lock'),
    ...new Array(6).fill('renewed'),
    'unlock',
    'unlock',
    'session',
    'lock-lost',
    'reclaim',
  ),
  outcome: fc.constantFrom(...new Array(12).fill('ok'), 'DENIED', 'info', 'none'),
  tookMs: fc.integer({ min: 1, max: 5 }),
  gapMs: fc.integer({ min: 1, max: 3 }),
});

type Happening = typeof happening extends fc.Arbitrary<infer Value> ? Value : never;

function historyOf(happenings: readonly Happening[]): History {
  const story = new Story().client(0.1, 'alice', 'n1').client(0.2, 'bob', 'n2');
  let ms = 1;
  for (const [
    at,
    { client, owner, start, length, mode, what, outcome, tookMs, gapMs },
  ] of happenings.entries()) {
    // No two events at one instant: order at the same nanosecond is not what this is about.
    ms += gapMs + (at + 1) / 1000;
    const wish = { owner, span: [start, start + length] as const, mode };
    if (what === 'lock') story.lock(ms, client, wish, outcome, tookMs + 0.1);
    else if (what === 'reclaim') story.reclaim(ms, client, wish, outcome, tookMs + 0.1);
    else if (what === 'unlock') story.unlock(ms, client, wish, outcome, tookMs + 0.1);
    else if (what === 'renewed') story.renewed(ms, client);
    else if (what === 'lock-lost') story.told(ms, client, wish);
    else story.learns(ms, client, what as 'session');
  }
  return story.history;
}

t.test(
  'I1: the sweep finds what looking at every byte and every instant finds, and nothing else',
  async (t) => {
    let violations = 0;
    fc.assert(
      fc.property(fc.array(happening, { minLength: 3, maxLength: 16 }), (happenings) => {
        const history = historyOf(happenings);
        const naive = certainlyHeldTogether(history, BYTES * 2);
        violations += naive ? 1 : 0;
        return (exclusion(new CheckContext(history)).verdict === 'violation') === naive;
      }),
      { numRuns: 3000 },
    );
    t.ok(violations > 100, `both kinds must occur: ${violations} violations in 3000 histories`);
  },
);

t.test('the counting tree counts as an array does', async (t) => {
  const step = fc.record({ from: fc.nat(20), length: fc.integer({ min: 1, max: 8 }), add: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const tree = new RangeCounter(30);
      const plain = new Array<number>(30).fill(0);
      return steps.every(({ from, length, add }) => {
        if (add) {
          tree.add(from, from + length, 1);
          for (let cell = from; cell < from + length; cell += 1) plain[cell]! += 1;
        }
        return tree.max(from, from + length) === Math.max(...plain.slice(from, from + length));
      });
    }),
  );
  t.pass();
});

t.test('I1: two hundred thousand operations are judged in seconds', async (t) => {
  const history: OpEvent[] = [];
  for (let id = 0; id < 100_000; id += 1) {
    const client = `c${id % 50}`;
    const at = id * 10_000;
    const op = {
      kind: 'op' as const,
      id,
      client,
      owner: 'o',
      node: 'n1',
      file: `f${id % 3}`,
      span: { start: id % 50, end: (id % 50) + 1 },
    };
    history.push({ ...op, op: 'lock', mode: 'write', phase: 'invoke', t: at });
    history.push({ ...op, op: 'lock', mode: 'write', phase: 'ok', t: at + 1000 });
    history.push({ ...op, id: id + 1e6, op: 'unlock', phase: 'invoke', t: at + 2000 });
    history.push({ ...op, id: id + 1e6, op: 'unlock', phase: 'ok', t: at + 3000 });
  }
  const begun = process.hrtime.bigint();
  const { verdict, judged } = exclusion(new CheckContext(history));
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  t.equal(verdict, 'valid');
  t.equal(judged, 100_000);
  t.comment(`200,000 operations: ${seconds.toFixed(2)} s`);
});
