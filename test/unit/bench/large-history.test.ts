import t from 'tap';
import { largeHistory } from '../../../src/bench/check/large-history.ts';
import { judge } from '../../../src/check/judge.ts';
import { CHECK_NAMES } from '../../../src/check/verdict.ts';
import { complaintAbout } from '../../../src/history/validate-event.ts';

const SHAPE = { operations: 3000, nodes: 4, clients: 12, files: 5, reboots: 3, seed: 7 };

t.test('a made-up history breaks no rule, and reaches what is to be judged', async (t) => {
  const history = largeHistory(SHAPE);
  t.same([...new Set(history.map(complaintAbout))], [null]);
  const require = CHECK_NAMES.filter((name) => name !== 'guarded-data');
  const { verdict, reasons, coverage } = judge(history, { scenario: 's', require });
  t.equal(verdict, 'valid', reasons.join(' '));
  t.equal(coverage['power-cut'], 3);
  t.ok((coverage['reclaim-after-power-cut'] ?? 0) >= 3);
  const denied = history.filter((event) => event.kind === 'op' && event.status === 'DENIED');
  t.ok(denied.length > 100);
});

t.test('one seed is one history', async (t) => {
  const text = (seed: number) => JSON.stringify(largeHistory({ ...SHAPE, operations: 300, seed }));
  t.equal(text(1), text(1));
  t.not(text(1), text(2));
});

t.test('there is something to judge however short it is, and whoever is a client', async (t) => {
  const require = CHECK_NAMES.filter((name) => name !== 'guarded-data');
  for (const shape of [
    { operations: 2 },
    { operations: 10, nodes: 64, clients: 1, files: 1 },
    { operations: 300, nodes: 2, clients: 1 },
    { operations: 300, reboots: 60 },
  ]) {
    const { verdict, reasons } = judge(largeHistory({ ...SHAPE, reboots: 1, ...shape }), {
      scenario: 's',
      require,
    });
    t.equal(verdict, 'valid', `${JSON.stringify(shape)}: ${reasons.join(' ')}`);
  }
  const calm = judge(largeHistory({ ...SHAPE, operations: 10, reboots: 0 }), {
    scenario: 's',
    require: ['exclusion', 'no-silent-loss', 'bounded-grace'],
  });
  t.equal(calm.verdict, 'valid', calm.reasons.join(' '));
});
