import { type JudgedRun, lastedMs, type TestCase, testCases } from './judged-run.ts';
import { knowledgeLine, momentTitle } from './moment-words.ts';

/**
 * JUnit's XML as CI systems read it: a suite for each run, a case for each check. A violation is a `failure`; unknown, where the verdict
 * rests on it, is an `error`. Elements and attributes are those of the schema by which Jenkins' xUnit plugin
 * checks (junit-10.xsd), in the order in which Ant writes them.
 */
export function renderJunit(runs: readonly JudgedRun[]): string {
  const suites = runs.map((run) => ({ run, cases: testCases(run.verdict) }));
  const all = suites.flatMap(({ cases }) => cases);
  const { tests, failures, errors } = countsOf(all);
  const time = secondsOf(suites.reduce((sum, { run }) => sum + lasted(run), 0));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: 'gracelab', tests, failures, errors, time })}>`,
    ...suites.flatMap(({ run, cases }, id) => suite(run, cases, id)),
    '</testsuites>',
    '',
  ].join('\n');
}

function suite(run: JudgedRun, cases: readonly TestCase[], id: number): string[] {
  const { verdict, folder, name } = run;
  const about = {
    verdict: verdict.verdict,
    ...(verdict.seed === null ? {} : { seed: String(verdict.seed) }),
    runtime: verdict.runtime,
    server: verdict.server,
    filesystem: verdict.filesystem,
    ...(folder === undefined ? {} : { folder }),
  };
  const { tests, failures, errors, skipped } = countsOf(cases);
  const time = secondsOf(lasted(run));
  return [
    `  <testsuite${attributes({ name, package: 'gracelab', id, tests, failures, errors, skipped, time, hostname: 'localhost', ...startOf(folder) })}>`,
    '    <properties>',
    ...Object.entries(about).map(([key, value]) => `      <property${attributes({ name: key, value })}/>`),
    '    </properties>',
    ...cases.flatMap((each) => testCase(each, run)),
    '    <system-out/>',
    '    <system-err/>',
    '  </testsuite>',
  ];
}

function testCase(each: TestCase, run: JudgedRun): string[] {
  // What a check takes cannot be told apart from the run that it is of.
  const time = secondsOf(each.judged === null ? lasted(run) : 0);
  const opening = `    <testcase${attributes({ name: each.name, classname: `gracelab.${run.name}`, time })}`;
  if (each.outcome === 'passed') return [`${opening}/>`];
  return [`${opening}>`, `      ${outcomeOf(each)}`, '    </testcase>'];
}

function outcomeOf(each: TestCase): string {
  const message = each.reasons[0] ?? 'no reason given';
  if (each.outcome === 'skipped') return `<skipped${attributes({ message })}/>`;
  const [element, type] = each.outcome === 'failed' ? ['failure', 'violation'] : ['error', 'unknown'];
  return `<${element}${attributes({ message, type })}>${escaped(wordsOf(each))}</${element}>`;
}

/** All that is known, for whoever opens the case. */
function wordsOf({ reasons, evidence }: TestCase): string {
  if (evidence.length === 0) return reasons.join('\n');
  return evidence
    .map(({ sentence, events, moment }) =>
      [
        sentence,
        ...events.map(({ t, text }) => `  ${(t / 1e9).toFixed(6)} s  ${text}`),
        ...(moment === undefined
          ? []
          : [`  ${momentTitle(moment)}:`, ...moment.nodes.map((node) => `    ${knowledgeLine(node)}`)]),
      ].join('\n'),
    )
    .join('\n\n');
}

function countsOf(cases: readonly TestCase[]) {
  const count = (outcome: TestCase['outcome']) => cases.filter((each) => each.outcome === outcome).length;
  return {
    tests: cases.length,
    failures: count('failed'),
    errors: count('error'),
    skipped: count('skipped'),
  };
}

const lasted = ({ verdict }: JudgedRun): number => lastedMs(verdict) ?? 0;
const secondsOf = (ms: number): string => (ms / 1000).toFixed(3);

const FOLDER_TIME = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z[^/]*\/?$/;

/** When the run began is the name of its folder; JUnit wants it without a zone. */
function startOf(folder: string | undefined): { readonly timestamp?: string } {
  const parts = FOLDER_TIME.exec(folder ?? '');
  if (parts === null) return {};
  const [, year, month, day, hour, minute, second] = parts;
  return { timestamp: `${year}-${month}-${day}T${hour}:${minute}:${second}` };
}

const attributes = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(String(value)).replaceAll('\n', '&#10;')}"`)
    .join('');

const MARKUP: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** XML 1.0 has no way to say most control characters, nor half a surrogate pair; they become a question mark. */
const escaped = (text: string): string =>
  text
    .toWellFormed()
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '?')
    .replace(/[&<>"]/g, (character) => MARKUP[character]!);
