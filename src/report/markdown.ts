import type { Evidence, Verdict } from '../check/verdict.ts';
import { type JudgedRun, lastedMs, settingOf, type TestCase, testCases } from './judged-run.ts';
import { knowledgeOf, momentTitle } from './moment-words.ts';

const MARKS: Readonly<Record<Verdict, string>> = { valid: '✅', violation: '❌', unknown: '❓' };
const MOST_REASONS = 3;
/** Of more runs than these only those are told of that are not valid, and so many of them: a page of GitHub's holds a megabyte. */
const MOST_RUNS = 100;

/** A summary for the page of a CI run (GitHub's flavour): a line for each run, and what went wrong in words below. */
export function renderMarkdown(runs: readonly JudgedRun[]): string {
  const wrong = runs.filter(({ verdict }) => verdict.verdict !== 'valid');
  const lines = [
    `## Gracelab: ${headline(runs)}`,
    '',
    '| | run | verdict | checks | judged | time |',
    '| --- | --- | --- | --- | ---: | ---: |',
    ...rows(runs, wrong),
    ...wrong.slice(0, MOST_RUNS).flatMap(details),
  ];
  return `${lines.join('\n')}\n`;
}

function headline(runs: readonly JudgedRun[]): string {
  const counts = (['valid', 'violation', 'unknown'] as const)
    .map((verdict) => [runs.filter((run) => run.verdict.verdict === verdict).length, verdict] as const)
    .filter(([count]) => count > 0)
    .map(([count, verdict]) => `${count} ${verdict}`);
  return counts.length === 0 ? 'nothing was run' : counts.join(', ');
}

function rows(runs: readonly JudgedRun[], wrong: readonly JudgedRun[]): string[] {
  if (runs.length <= MOST_RUNS) return runs.map(row);
  const told = wrong.slice(0, MOST_RUNS);
  const left = (runs.length - told.length).toLocaleString('en');
  return [...told.map(row), `| | and ${left} more | | | | |`];
}

function row({ name, verdict }: JudgedRun): string {
  const judged = verdict.checks.reduce((sum, check) => sum + check.judged, 0);
  const ms = lastedMs(verdict);
  const cells = [
    MARKS[verdict.verdict],
    text(name),
    verdict.verdict,
    checkWords(testCases(verdict)),
    judged.toLocaleString('en'),
    ms === undefined ? '' : `${(ms / 1000).toFixed(1)} s`,
  ];
  return `| ${cells.join(' | ')} |`;
}

function checkWords(cases: readonly TestCase[]): string {
  const named = (outcome: TestCase['outcome']) =>
    cases.filter((each) => each.outcome === outcome).map(({ name }) => name);
  const parts = [`${named('passed').length} passed`];
  if (named('failed').length > 0) parts.push(`failed: **${named('failed').join(', ')}**`);
  if (named('error').length > 0) parts.push(`unknown: **${named('error').join(', ')}**`);
  if (named('skipped').length > 0) parts.push(`nothing to judge: ${named('skipped').join(', ')}`);
  return parts.join('; ');
}

function details(run: JudgedRun): string[] {
  const { name, verdict, folder } = run;
  const cases = testCases(verdict).filter(({ outcome }) => outcome === 'failed' || outcome === 'error');
  return [
    '',
    `### ${MARKS[verdict.verdict]} ${text(name)}: ${verdict.verdict}`,
    '',
    `${text(settingOf(verdict).join(', '))}${folder === undefined ? '' : `; the picture is \`${folder.replaceAll('`', "'")}/report.html\``}`,
    ...cases.flatMap(caseWords),
  ];
}

function caseWords({ name, reasons, evidence }: TestCase): string[] {
  if (evidence.length === 0)
    return ['', ...reasons.slice(0, MOST_REASONS).map((reason) => `- **${text(name)}**: ${text(reason)}`)];
  const [first] = evidence;
  const more = evidence.length === 1 ? '' : ` (and ${evidence.length - 1} more, in verdict.json)`;
  return ['', `**${text(name)}**: ${text(first!.sentence)}${more}`, ...knowledge(first!)];
}

function knowledge({ moment }: Evidence): string[] {
  if (moment === undefined || moment.nodes.length === 0) return [];
  return [
    '',
    `| node | ${text(momentTitle(moment).replace(/^Known/, 'known'))} |`,
    '| --- | --- |',
    ...moment.nodes.map((node) => `| ${text(node.node)} | ${text(knowledgeOf(node))} |`),
  ];
}

/** Names come from users: nothing in them is a cell's end, a tag, a link, a mention, or any other mark. */
const text = (words: string): string =>
  words.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]<>|#~&!@]/g, (character) => `&#${character.charCodeAt(0)};`);
