import { XMLParser, XMLValidator } from 'fast-xml-parser';
import t, { type Test } from 'tap';
import { Parser, type Result } from 'tap-parser';
import { parse } from 'yaml';
import { judge } from '../../../src/check/judge.ts';
import { CHECK_NAMES } from '../../../src/check/verdict.ts';
import type { JudgedRun } from '../../../src/report/judged-run.ts';
import { renderJunit } from '../../../src/report/junit.ts';
import { renderMarkdown } from '../../../src/report/markdown.ts';
import { renderTap } from '../../../src/report/tap.ts';
import { recovered } from '../check/fixtures/reboot.ts';
import { Story } from '../check/fixtures/story.ts';

const FOLDER = 'runs/reboot/20260102T030405Z';
const setting = { runtime: 'namespace', server: 'gracelab', filesystem: 'tmpfs', seed: 7 };
const valid = (): JudgedRun => {
  const { history } = recovered().end(3000);
  const verdict = judge(history, { scenario: 'good', require: ['bounded-grace'], ...setting });
  return { name: 'good', verdict, folder: FOLDER };
};
/** Two thefts, both of a range of that file. */
const stolen = (file = 'f'): JudgedRun => {
  const { history } = Story.quiet()
    .client(20, 'alice', 'n1')
    .client(20, 'bob', 'n2')
    .lock(100, 'alice', { file })
    .renews(200, 950, 'alice')
    .fault(1000, 'begin', 'power-cut', 'n1')
    .lock(1010, 'bob', { file, span: [0, 50] })
    .lock(1020, 'bob', { file, span: [50, 100] })
    .death(1050, 'n1', 'n2');
  const verdict = judge(history, { scenario: 'bad', ...setting });
  return { name: 'bad', verdict, folder: FOLDER };
};
const unknown = (): JudgedRun => {
  const options = {
    scenario: 'odd',
    require: ['exclusion'],
    shortcomings: ['step 3 failed: <timeout>'],
    ...setting,
  };
  return { name: 'odd', verdict: judge(Story.quiet().end(100).history, options) };
};

function parsedTap(t: Test, runs: readonly JudgedRun[]) {
  const text = renderTap(runs);
  const points: { path: string; result: Result }[] = [];
  const parser = new Parser({ strict: true });
  const follow = (of: Parser, path: string) => {
    of.on('child', (child: Parser) => follow(child, child.name));
    of.on('assert', (result: Result) => points.push({ path, result }));
  };
  const complaints: unknown[] = [];
  parser.on('extra', (extra: string) => complaints.push(extra));
  follow(parser, '');
  parser.end(text);
  t.strictSame(complaints, [], 'all of it is TAP');
  t.ok(text.startsWith('TAP version 14\n'));
  return { points, results: parser.results! };
}

t.test('TAP: a run is a subtest, a check a test point, and the plan holds', async (t) => {
  const { points, results } = parsedTap(t, [valid(), stolen(), unknown()]);
  t.strictSame([results.plan.end, results.pass, results.fail, results.bailout], [3, 1, 2, false]);
  const inner = points.filter(({ path }) => path !== '');
  t.equal(inner.length, 3 * (CHECK_NAMES.length + 1));
  const theft = inner.find(
    ({ path, result }) => path === 'bad' && result.name.startsWith('no-theft'),
  )!.result;
  t.notOk(theft.ok);
  t.match(theft.diag, {
    severity: 'fail',
    message: /^Theft: alice/,
    known: [
      /^Known at 1\.0\d1 s/,
      /^n1: down since 1\.000 s \(power-cut\)/,
      /^n2: incarnation 1, view 4, no grace/,
    ],
  });
});

t.test('TAP: unknown is no pass where the verdict rests on it, and skipped where it does not', async (t) => {
  const { points } = parsedTap(t, [valid(), unknown()]);
  const of = (run: string, check: string) =>
    points.find(({ path, result }) => path === run && result.name.startsWith(check))!.result;
  t.match(of('good', 'no-silent-loss').skip, /./, 'nobody required it');
  t.notOk(of('odd', 'exclusion').ok);
  t.equal(of('odd', 'exclusion').diag.severity, 'error');
  t.notOk(of('odd', 'run').ok, 'the run as a whole fell short');
  t.match(of('odd', 'run').diag.message, 'step 3 failed: <timeout>');
});

t.test('TAP: nothing in a name ends a line, begins a directive or breaks the YAML', async (t) => {
  const file = 'evil\n1..0 # SKIP "\'\\ {}';
  const hostile = { ...stolen(file), name: 'a # TODO b \\# TODO c\nnot ok' };
  const { points } = parsedTap(t, [hostile]);
  t.notOk(points.find(({ path }) => path === '')!.result.todo);
  t.equal(points.length, CHECK_NAMES.length + 2);
  const { message, more } = points.find(({ result }) => !result.ok)!.result.diag;
  for (const sentence of [message, more[0]]) t.ok(sentence.includes(file), 'and is what it was');
  const idle = valid();
  const checks = idle.verdict.checks.map((check) => ({
    ...check,
    evidence: [{ sentence: 'nothing of x\nnot ok', events: [] }],
  }));
  const skipped = parsedTap(t, [{ ...idle, verdict: { ...idle.verdict, checks } }]);
  t.equal(skipped.points.length, CHECK_NAMES.length + 2);
});

/** What the schema of Jenkins' xUnit plugin (junit-10.xsd) and Ant's order say of JUnit's XML, as far as it is used. */
const ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  testsuites: ['name', 'tests', 'failures', 'errors', 'time'],
  testsuite: [
    'name',
    'package',
    'id',
    'tests',
    'failures',
    'errors',
    'skipped',
    'time',
    'hostname',
    'timestamp',
  ],
  property: ['name', 'value'],
  testcase: ['name', 'classname', 'time'],
  failure: ['message', 'type'],
  error: ['message', 'type'],
  skipped: ['message'],
};
const CHILDREN: Readonly<Record<string, RegExp>> = {
  testsuites: /^(testsuite,)*$/,
  testsuite: /^properties,(testcase,)*system-out,system-err,$/,
  properties: /^(property,)*$/,
  testcase: /^((skipped|failure|error),)?$/,
};

type Node = Readonly<Record<string, unknown>>;
const nameOf = (node: Node): string => Object.keys(node).find((key) => key !== ':@')!;

function parsedJunit(t: Test, runs: readonly JudgedRun[]) {
  const text = renderJunit(runs);
  t.equal(XMLValidator.validate(text), true);
  const tree = new XMLParser({ preserveOrder: true, ignoreAttributes: false, attributeNamePrefix: '' }).parse(
    text,
  );
  const all: { name: string; attributes: Record<string, string>; text: string; within: string }[] = [];
  const visit = (node: Node, within: string) => {
    const name = nameOf(node);
    const children = node[name] as readonly Node[];
    const elements = children.filter((child) => nameOf(child) !== '#text');
    const attributes = (node[':@'] ?? {}) as Record<string, string>;
    const unknownAttributes = Object.keys(attributes).filter((key) => !ATTRIBUTES[name]?.includes(key));
    t.strictSame(unknownAttributes, [], `attributes of ${name}`);
    t.match(
      elements.map((child) => `${nameOf(child)},`).join(''),
      CHILDREN[name] ?? /^$/,
      `children of ${name}`,
    );
    const words = children
      .filter((child) => nameOf(child) === '#text')
      .map((child) => String(child['#text']));
    all.push({ name, attributes, text: words.join(''), within });
    for (const child of elements) visit(child, attributes.name ?? within);
  };
  const [root] = tree.filter((node: Node) => nameOf(node) !== '?xml');
  visit(root, '');
  return all;
}

t.test('JUnit: a suite for each run, a case for each check; the counts are those of the cases', async (t) => {
  const all = parsedJunit(t, [valid(), stolen(), unknown()]);
  const suites = all.filter(({ name }) => name === 'testsuite').map(({ attributes }) => attributes);
  t.match(suites[0], {
    name: 'good',
    id: '0',
    failures: '0',
    errors: '0',
    timestamp: '2026-01-02T03:04:05',
    time: '3.000',
  });
  t.match(suites[1], { name: 'bad', failures: '1', errors: '0' });
  t.match(suites[2], { name: 'odd', failures: '0', errors: '2' });
  const count = (name: string) => all.filter((each) => each.name === name).length;
  const total = all.find(({ name }) => name === 'testsuites')!.attributes;
  t.strictSame([total.tests, total.failures, total.errors].map(Number), [
    count('testcase'),
    count('failure'),
    count('error'),
  ]);
  const failure = all.find(({ name }) => name === 'failure')!;
  t.match(failure, { within: 'no-theft', attributes: { type: 'violation', message: /^Theft: alice/ } });
  t.match(failure.text, /n2: incarnation 1, view 4, no grace/);
  t.strictSame(
    all.filter(({ name }) => name === 'error').map(({ within, attributes }) => [within, attributes.type]),
    [
      ['exclusion', 'unknown'],
      ['run', 'unknown'],
    ],
  );
});

t.test('JUnit: whatever is in a name, it is XML, and the name is what it was', async (t) => {
  const file = `]]></failure><x a="1">&amp;\u0000\ud800 \u0007'`;
  const runs = [{ ...stolen(file), name: '<"&>\nx' }];
  const all = parsedJunit(t, runs);
  t.match(all.find(({ name }) => name === 'testsuite')!.attributes.name, /^<"&>/);
  t.match(renderJunit(runs), 'name="&lt;&quot;&amp;&gt;&#10;x"', 'a reader of XML would make a blank of it');
  t.ok(renderJunit(runs).isWellFormed());
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what XML cannot say
  t.notMatch(renderJunit(runs), /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/);
  t.match(all.find(({ name }) => name === 'failure')!.text, /\]\]><\/failure><x a="1">&amp;/);
});

t.test('Markdown: a line for each run, and of what went wrong who knew what', async (t) => {
  const text = renderMarkdown([valid(), stolen(), unknown()]);
  t.match(text, /^## Gracelab: 1 valid, 1 violation, 1 unknown\n/);
  const rows = text.split('\n').filter((line) => /^\| [✅❌❓]/u.test(line));
  t.equal(rows.length, 3);
  t.match(rows[1], /\| bad \| violation \| .*failed: \*\*no-theft\*\*/);
  t.match(text, /\*\*no-theft\*\*: Theft: alice/);
  t.match(text, /\n\| n2 \| incarnation 1, view 4, no grace \|\n/);
  t.match(text, /- \*\*run\*\*: step 3 failed: &#60;timeout&#62;/);
  t.match(text, /runs\/reboot\/20260102T030405Z\/report\.html/);
});

t.test('Markdown: a name is neither a tag nor a cell nor a link', async (t) => {
  const hostile = { ...stolen('a|b</td><img src=x>[l](http://e)'), name: 'x | <b>\n| y', folder: 'a`b<i>' };
  const text = renderMarkdown([hostile]);
  t.match(text, /of a&#124;b&#60;\/td&#62;&#60;img src=x&#62;&#91;l&#93;\(http/, 'and can be read');
  t.notMatch(text.replace("`a'b<i>/report.html`", ''), /<|\[l\]|`/);
  t.notMatch(text, /^\| y/m);
  const cells = text.split('\n').find((line) => line.startsWith('| ❌'))!;
  t.equal(cells.split('|').length, 8);
});

t.test('the YAML of TAP is read by a YAML parser as it was meant', async (t) => {
  const block = /^ {6}---\n([\s\S]*?)^ {6}\.\.\.$/m.exec(renderTap([stolen('"\n# x: y')]))![1]!;
  t.match(parse(block), { message: /^Theft: alice/, severity: 'fail' });
});

t.test(
  'Markdown of ten thousand runs is still a page: those that are not valid, and how many there are',
  async (t) => {
    const [good, bad] = [valid(), stolen()];
    const runs = Array.from({ length: 10_000 }, (_, index) => ({
      ...(index % 2000 === 7 ? bad : good),
      name: `seed ${index}`,
    }));
    const text = renderMarkdown(runs);
    t.match(text, /^## Gracelab: 9995 valid, 5 violation\n/);
    const rows = text.split('\n').filter((line) => line.startsWith('|') && line.includes('seed'));
    t.equal(rows.length, 5);
    t.match(text, '| | and 9,995 more | | | | |\n');
    t.ok(text.length < 20_000);
  },
);
