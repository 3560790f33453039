/** The report of a run for people. */
import type { Outcome, RowOutcome } from './outcome.ts';
import type { ConformanceReport } from './run.ts';

const WORDS: Readonly<Record<Outcome, string>> = {
  pass: 'pass',
  fail: 'FAIL',
  'not-applicable': 'n/a',
  unknown: 'unknown',
};

export type Paint = (text: string, outcome: Outcome) => string;

export function tableOf(report: ConformanceReport, paint: Paint): string {
  const width = Math.max(...report.rows.map(({ rule }) => rule.length));
  const lines = report.rows.map((row) => line(row, width, paint));
  return [...lines, '', summary(report)].join('\n');
}

function line({ row, rule, outcome, detail }: RowOutcome, width: number, paint: Paint): string {
  const word = paint(WORDS[outcome].padEnd(7), outcome);
  return `${String(row).padStart(3)}  ${rule.padEnd(width)}  ${word}  ${detail}`.trimEnd();
}

function summary({ rows, server, implementation, versions, leaseMs, elapsedMs }: ConformanceReport): string {
  const counts = (Object.keys(WORDS) as Outcome[])
    .map((outcome) => ({ outcome, count: rows.filter((row) => row.outcome === outcome).length }))
    .filter(({ count }) => count > 0)
    .map(({ outcome, count }) => `${count} ${outcome === 'not-applicable' ? 'not applicable' : outcome}`);
  const spoken = versions.map((version) => `4.${version}`).join(', ');
  const who = implementation === '' ? server : `${server} (${implementation})`;
  return `${who}, NFS ${spoken}, lease ${leaseMs / 1000} s: ${counts.join(', ')}; ${(elapsedMs / 1000).toFixed(0)} s`;
}
