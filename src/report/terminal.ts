import type { CheckResult, Verdict, VerdictDocument } from '../check/verdict.ts';
import { settingOf } from './judged-run.ts';
import { knowledgeOf, momentTitle } from './moment-words.ts';

/** The part of picocolors that a report uses; without it the text is plain. */
export interface Palette {
  green(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  bold(text: string): string;
  dim(text: string): string;
}

export interface TerminalReportOptions {
  /** Where the run's files are, or a history without a run; a path as the reader can use it. */
  readonly folder?: string;
  /** Width to break evidence at, in characters; 40 or more. */
  readonly columns?: number;
  readonly palette?: Palette;
}

const same = (text: string): string => text;
const PLAIN: Palette = { green: same, red: same, yellow: same, bold: same, dim: same };
const INDENT = '  ';

/** One run as a person reads it: the verdict, a line per check, what was reached, how long it took, where the rest is. */
export function renderVerdict(document: VerdictDocument, options: TerminalReportOptions = {}): string {
  const palette = options.palette ?? PLAIN;
  const columns = Math.max(40, options.columns ?? 100);
  const lines = [headline(document, palette), ''];
  const nameWidth = Math.max(...document.checks.map(({ name }) => name.length), 'check'.length);
  const judgedWidth = Math.max(
    ...document.checks.map(({ judged }) => String(judged).length),
    'judged'.length,
  );
  lines.push(
    palette.dim(
      `${INDENT}${'check'.padEnd(nameWidth)}  ${'verdict'.padEnd(VERDICT_WIDTH)}  ${'judged'.padStart(judgedWidth)}`,
    ),
  );
  for (const check of document.checks) {
    const verdict = painted(palette, check.verdict, check.verdict.padEnd(VERDICT_WIDTH));
    lines.push(
      `${INDENT}${check.name.padEnd(nameWidth)}  ${verdict}  ${String(check.judged).padStart(judgedWidth)}`,
    );
    const evidence = firstEvidence(check);
    if (evidence !== null) lines.push(...wrap(evidence, columns, INDENT.repeat(3)).map(palette.dim));
    lines.push(...whatWasKnown(check, columns).map(palette.dim));
  }
  lines.push('', ...wrap(`reached: ${coverageWords(document.coverage)}`, columns, INDENT));
  lines.push(...wrap(`timings: ${timingWords(document.timings)}`, columns, INDENT));
  if (document.verdict === 'unknown') {
    for (const reason of document.reasons) lines.push(...wrap(`why unknown: ${reason}`, columns, INDENT));
  }
  if (options.folder !== undefined) {
    const what = options.folder.endsWith('.jsonl') ? 'history' : 'run folder';
    lines.push(`${INDENT}${what}: ${options.folder}`);
  }
  return lines.join('\n');
}

const VERDICT_WIDTH = 'violation'.length;

function headline(document: VerdictDocument, palette: Palette): string {
  const { scenario, verdict } = document;
  const setting = settingOf(document).join(', ');
  const how = setting === '' ? '' : ` ${palette.dim(`(${setting})`)}`;
  return `${palette.bold(scenario)}: ${painted(palette, verdict, verdict.toUpperCase())}${how}`;
}

function painted(palette: Palette, verdict: Verdict, text: string): string {
  if (verdict === 'valid') return palette.green(text);
  return verdict === 'violation' ? palette.red(text) : palette.yellow(text);
}

/** One sentence of proof is enough for the table; the run folder has them all. */
function firstEvidence({ verdict, evidence }: CheckResult): string | null {
  const first = evidence[0];
  if (verdict === 'valid' || first === undefined) return null;
  return evidence.length === 1
    ? first.sentence
    : `${first.sentence} (${evidence.length - 1} more in verdict.json)`;
}

/** Of the first proof: what each node knew at the moment that it turns on. */
function whatWasKnown({ verdict, evidence }: CheckResult, columns: number): string[] {
  const moment = evidence[0]?.moment;
  if (verdict !== 'violation' || moment === undefined || moment.nodes.length === 0) return [];
  const width = Math.max(...moment.nodes.map(({ node }) => node.length));
  return [
    ...wrap(`${momentTitle(moment)}:`, columns, INDENT.repeat(3)),
    ...moment.nodes.flatMap((node) => {
      const [first = '', ...others] = wrap(knowledgeOf(node), columns, INDENT.repeat(5) + ' '.repeat(width));
      return [
        `${INDENT.repeat(4)}${node.node.padEnd(width)}${first.slice(INDENT.length * 4 + width)}`,
        ...others,
      ];
    }),
  ];
}

function coverageWords(coverage: VerdictDocument['coverage']): string {
  const reached = Object.entries(coverage).filter(([, count]) => count > 0);
  return reached.length === 0 ? 'nothing' : reached.map(([name, count]) => `${name} ${count}`).join(', ');
}

function timingWords(timings: VerdictDocument['timings']): string {
  const known = Object.entries(timings).map(
    ([name, ms]) => `${name.replace(/Ms$/, '')} ${Math.round(ms)} ms`,
  );
  return known.length === 0 ? 'none' : known.join(', ');
}

/** Breaks at blanks; a word longer than a line stays whole. */
export function wrap(text: string, columns: number, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    const empty = line.length === indent.length;
    if (!empty && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = indent + word;
    } else {
      line += empty ? word : ` ${word}`;
    }
  }
  lines.push(line);
  return lines;
}
