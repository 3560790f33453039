import t from 'tap';
import { judge } from '../../../src/check/judge.ts';
import { renderVerdict, wrap } from '../../../src/report/terminal.ts';
import { powerCut, recovered } from '../check/fixtures/reboot.ts';

const options = {
  scenario: 'reboot',
  seed: 7,
  runtime: 'namespace',
  server: 'gracelab',
  filesystem: 'tmpfs',
};

t.test('the table has a line for every check, and says where the rest is', async (t) => {
  const verdict = judge(recovered().end(3000).history, { ...options, require: ['bounded-grace'] });
  const text = renderVerdict(verdict, { folder: 'runs/latest' });
  t.match(text, /^reboot: VALID \(seed 7, namespace, gracelab, tmpfs\)\n/);
  for (const { name } of verdict.checks)
    t.match(text, new RegExp(`^ {2}${name} +(valid|unknown) +\\d+$`, 'm'));
  t.match(text, /reached: fault 1, power-cut 1, grace 1, barrier 2, reclaim 1/);
  t.match(text, /timings: run 3000 ms, detection 50 ms/);
  t.match(text, /\n {2}run folder: runs\/latest$/);
  t.notOk(text.includes('\u001b'), 'plain unless asked');
});

t.test('a violation shows its first proof, within the width', async (t) => {
  const verdict = judge(powerCut().lock(1010, 'bob').death(1050, 'n1', 'n2').history, options);
  const text = renderVerdict(verdict, { columns: 80 });
  t.match(text, /reboot: VIOLATION/);
  t.match(text, /no-theft +violation +1\n +Theft: alice/);
  t.match(text, /\n +Known at 1\.011 s \(ledger: view 4, no grace\):\n/);
  t.match(text, /\n +n1 +down since 1\.000 s \(power-cut\), was incarnation 1\n/);
  t.match(text, /\n +n2 +incarnation 1, view 4, no grace\n/, 'and what each node knew');
  t.ok(text.split('\n').every((line) => line.length <= 80));
});

t.test('unknown says why', async (t) => {
  const text = renderVerdict(judge(recovered().history, options));
  t.match(text, /why unknown: .*Nobody asked for a new lock or open/s);
});

t.test('colours are the caller\u2019s', async (t) => {
  const same = (text: string) => text;
  const palette = {
    green: (text: string) => `<g>${text}</g>`,
    red: same,
    yellow: same,
    bold: same,
    dim: same,
  };
  const verdict = judge(recovered().history, { ...options, require: ['bounded-grace'] });
  t.match(renderVerdict(verdict, { palette }), /<g>VALID<\/g>/);
});

t.test('wrap breaks at blanks and leaves long words whole', async (t) => {
  t.same(wrap('aa bb cc', 7, '  '), ['  aa bb', '  cc']);
  t.same(wrap('aaaaaaaaaa b', 5, ' '), [' aaaaaaaaaa', ' b']);
});
