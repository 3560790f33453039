import { type JudgedRun, type TestCase, testCases } from './judged-run.ts';
import { knowledgeLine, momentTitle } from './moment-words.ts';

const INDENT = '    ';
const MOST_REASONS = 5;

/**
 * TAP 14 (https://testanything.org/tap-version-14-specification.html): a run is a subtest, a check a test point in it. What is unknown
 * is `not ok` where the verdict rests on it, and skipped where it does not.
 */
export function renderTap(runs: readonly JudgedRun[]): string {
  const lines = ['TAP version 14', `1..${runs.length}`];
  for (const [at, run] of runs.entries()) lines.push(...subtest(run, at + 1));
  return `${lines.join('\n')}\n`;
}

function subtest(run: JudgedRun, number: number): string[] {
  const cases = testCases(run.verdict);
  const name = described(run.name);
  const ok = run.verdict.verdict === 'valid' ? 'ok' : 'not ok';
  return [
    `# Subtest: ${name}`,
    ...[`1..${cases.length}`, ...cases.flatMap((each, at) => point(each, at + 1))].map(
      (line) => INDENT + line,
    ),
    `${ok} ${number} - ${name}`,
    ...(ok === 'ok'
      ? []
      : block({ verdict: run.verdict.verdict, ...(run.folder === undefined ? {} : { folder: run.folder }) })),
  ];
}

function point(each: TestCase, number: number): string[] {
  const { name, outcome, judged, reasons } = each;
  const what = described(judged === null ? name : `${name}: ${judged} judged`);
  if (outcome === 'passed') return [`ok ${number} - ${what}`];
  if (outcome === 'skipped')
    return [`ok ${number} - ${what} # SKIP ${oneLine(reasons[0] ?? 'nothing to judge')}`];
  const moment = each.evidence[0]?.moment;
  return [
    `not ok ${number} - ${what}`,
    ...block({
      message: reasons[0] ?? 'no reason given',
      severity: outcome === 'failed' ? 'fail' : 'error',
      ...(reasons.length > 1 ? { more: reasons.slice(1, MOST_REASONS) } : {}),
      ...(moment === undefined
        ? {}
        : {
            known: [momentTitle(moment), ...moment.nodes.map(knowledgeLine)],
          }),
    }),
  ];
}

/** A YAML block. A JSON text is a YAML scalar whatever is in it. */
function block(values: Readonly<Record<string, string | readonly string[]>>): string[] {
  const lines = Object.entries(values).flatMap(([key, value]) =>
    typeof value === 'string'
      ? [`${key}: ${JSON.stringify(value)}`]
      : [`${key}:`, ...value.map((each) => `  - ${JSON.stringify(each)}`)],
  );
  return ['---', ...lines, '...'].map((line) => `  ${line}`);
}

/** In a description a hash would begin a directive, and a backslash an escape. */
const described = (text: string): string => oneLine(text).replace(/[\\#]/g, '\\$&');

const oneLine = (text: string): string => text.replace(/\s+/g, ' ');
