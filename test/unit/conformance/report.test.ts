import t from 'tap';
import { type Outcome, rowOutcome, runOutcome, type TestOutcome } from '../../../src/conformance/outcome.ts';
import { tableOf } from '../../../src/conformance/table.ts';
import { parseAddress, parseTarget } from '../../../src/conformance/target.ts';

const test = (outcome: Outcome, detail = '', version: 0 | 1 | 2 = 1): TestOutcome => ({
  row: 6,
  title: 'title',
  version,
  outcome,
  detail,
});

t.test('a row is as bad as its worst test, and says of which version that is true', async (t) => {
  t.match(rowOutcome(6, 'rule', [test('pass'), test('fail', 'wrong', 2)]), {
    outcome: 'fail',
    detail: '4.2: wrong',
  });
  t.match(rowOutcome(6, 'rule', [test('unknown', 'why'), test('pass')]), {
    outcome: 'unknown',
    detail: 'why',
  });
  t.match(rowOutcome(6, 'rule', [test('pass'), test('not-applicable', 'needs --peer')]), {
    outcome: 'pass',
    detail: 'in part: needs --peer',
  });
  t.match(rowOutcome(6, 'rule', []), { outcome: 'not-applicable' });
});

t.test('a run holds only when something was judged and nothing is open', async (t) => {
  const row = (outcome: Outcome) => rowOutcome(6, 'rule', [test(outcome)]);
  t.equal(runOutcome([row('pass'), row('not-applicable')]), 'pass');
  t.equal(runOutcome([row('not-applicable')]), 'unknown');
  t.equal(runOutcome([row('pass'), row('unknown')]), 'unknown');
  t.equal(runOutcome([row('unknown'), row('fail')]), 'fail');
});

t.test('the table has a line per row and a summary', async (t) => {
  const rows = [
    rowOutcome(6, 'rule', [test('fail', 'wrong')]),
    rowOutcome(13, 'another rule', [test('pass')]),
  ];
  const report = {
    server: 'host:2049/',
    implementation: '',
    leaseMs: 90_000,
    versions: [0, 1] as const,
    rows,
    elapsedMs: 61_000,
  };
  t.same(tableOf(report, (text) => text).split('\n'), [
    '  6  rule          FAIL     wrong',
    ' 13  another rule  pass',
    '',
    'host:2049/, NFS 4.0, 4.1, lease 90 s: 1 pass, 1 fail; 61 s',
  ]);
});

t.test('HOST:PORT/PATH', async (t) => {
  t.same(parseTarget('127.0.0.1:2049/export/a'), { host: '127.0.0.1', port: 2049, path: ['export', 'a'] });
  t.same(parseTarget('[::1]:2049'), { host: '::1', port: 2049, path: [] });
  for (const wrong of ['host', 'host:', 'host:0/', '::1:2049/', 'host:99999/', '/export'])
    t.equal(parseTarget(wrong), null, wrong);
  t.equal(parseAddress('host:1/'), null);
});
