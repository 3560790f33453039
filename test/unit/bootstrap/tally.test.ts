import t from 'tap';
import { type Ending, Tally, type TestCase } from '../../../src/bootstrap/tally.ts';

const ENDED_WELL: Ending = { code: 0, signal: null, timedOut: false };
const ENDED_BADLY: Ending = { code: 1, signal: null, timedOut: false };

function tally(text: string, ending: Ending = ENDED_WELL): readonly TestCase[] {
  const collected = new Tally();
  collected.write(text);
  return collected.conclude('x.test.ts', ending);
}

const brief = (cases: readonly TestCase[]): string[] =>
  cases.map(({ path, outcome, reason }) => `${outcome} ${path.join(' > ')}${reason ? ` (${reason})` : ''}`);

t.test('a block is one case, however many assertions it holds', async (t) => {
  const cases = tally('TAP version 14\n# Subtest: a\n    ok 1 - x\n    ok 2 - y\n    1..2\nok 1 - a\n1..1\n');
  t.strictSame(brief(cases), ['passed a']);
});

t.test('a block of blocks is not a case; its inner blocks are', async (t) => {
  const inner =
    '    # Subtest: b\n        ok 1 - x\n        1..1\n    ok 1 - b\n    # Subtest: c\n        ok 1 - y\n        1..1\n    ok 2 - c\n';
  const cases = tally(`TAP version 14\n# Subtest: a\n${inner}    1..2\nok 1 - a\n1..1\n`);
  t.strictSame(brief(cases), ['passed a > b', 'passed a > c']);
});

t.test('a failing assertion fails its block, and keeps its diagnostics', async (t) => {
  const cases = tally(
    'TAP version 14\n# Subtest: a\n    ok 1 - x\n    not ok 2 - y\n      ---\n      diff: "-1 +2"\n      ...\n    1..2\nnot ok 1 - a\n1..1\n',
    ENDED_BADLY,
  );
  t.strictSame(brief(cases), ['failed a']);
  t.strictSame(cases[0]?.failures, [{ name: 'y', diagnostics: { diff: '-1 +2' } }]);
});

t.test('a skipped block is told with its reason', async (t) => {
  t.strictSame(brief(tally('TAP version 14\nok 1 - a # SKIP needs root\nok 2 - b # SKIP\n1..2\n')), [
    'skipped a (needs root)',
    'skipped b (no reason given)',
  ]);
});

t.test('a todo does not count as passed', async (t) => {
  t.strictSame(brief(tally('TAP version 14\nnot ok 1 - a # TODO later\n1..1\n')), ['skipped a (later)']);
});

t.test('a todo inside a block does not fail the block', async (t) => {
  const text =
    'TAP version 14\n# Subtest: a\n    ok 1 - x\n    not ok 2 - y # TODO later\n    1..2\nok 1 - a\n1..1\n';
  t.strictSame(brief(tally(text)), ['skipped a > y (later)', 'passed a']);
});

t.test('a file without blocks is one case', async (t) => {
  t.strictSame(brief(tally('TAP version 14\nok 1 - x\nok 2 - y\n1..2\n')), ['passed x.test.ts']);
});

t.test('a failing assertion beside blocks becomes a case', async (t) => {
  const cases = tally(
    'TAP version 14\n# Subtest: a\n    ok 1 - x\n    1..1\nok 1 - a\nnot ok 2 - loose\n1..2\n',
    ENDED_BADLY,
  );
  t.strictSame(brief(cases), ['passed a', 'failed loose']);
});

t.test('a file that ran nothing has failed', async (t) => {
  t.strictSame(brief(tally('')), ['failed x.test.ts']);
});

t.test('a file that crashed has failed, even when every test before it passed', async (t) => {
  const text = 'TAP version 14\n# Subtest: a\n    ok 1 - x\n    1..1\nok 1 - a\n';
  const crashed = tally(text, { code: null, signal: 'SIGSEGV', timedOut: false });
  t.strictSame(brief(crashed), ['passed a', 'failed x.test.ts']);
  t.match(crashed.at(-1)?.failures, [{ name: /ended by SIGSEGV/ }]);
  t.match(tally(text, ENDED_BADLY).at(-1)?.failures, [{ name: /exited with status 1/ }]);
});

t.test('a file that was ended for taking too long has failed', async (t) => {
  const cases = tally('TAP version 14\n', { code: null, signal: 'SIGKILL', timedOut: true });
  t.match(cases.at(-1)?.failures[0]?.name, /too long/);
});

t.test('a plan that is not met has failed', async (t) => {
  t.strictSame(
    brief(tally('TAP version 14\n# Subtest: a\n    ok 1 - x\n    1..1\nok 1 - a\n1..2\n')).at(-1),
    'failed x.test.ts',
  );
});

t.test('a file that says it cannot run here is skipped as a whole, with its reason', async (t) => {
  t.strictSame(brief(tally('TAP version 14\n1..0 # skip not root\n')), ['skipped x.test.ts (not root)']);
  t.equal(tally('TAP version 14\n1..0 # skip not root\n', ENDED_BADLY).at(-1)?.outcome, 'failed');
});
