import type { ProcessSize } from './process-size.ts';
import type { FuzzReport } from './report.ts';

/** The report for people. @param files where the findings are, in their order */
export function reportText(report: FuzzReport, files: readonly string[]): string {
  const { seed, requests, rounds, answered, entered, closed, rates, process } = report;
  const lines = [
    `seed ${seed}: ${requests} requests in ${rounds} rounds`,
    `  ${answered} answered, ${entered} of them within a session; ${closed} connections ended by the server`,
    `  ${mostOften(report.statuses)}`,
    `  victims: ${report.victimsServed} requests served${locksText(report)}; ${rates.before} requests a second before, ${rates.after} after`,
  ];
  if (process !== null)
    lines.push(`  server: ${[process.before, process.warm, process.after].map(sizeText).join('; then ')}`);
  for (const [index, { what, round }] of report.findings.entries()) {
    lines.push(`found${round === null ? '' : ` in round ${round}`}: ${what}`);
    if (files[index] !== undefined) lines.push(`  ${files[index]} has what was sent before`);
    if (round !== null)
      lines.push(
        `  again: gracelab fuzz HOST:PORT/PATH --seed ${seed} --first-round ${round} --requests 240`,
      );
  }
  const verdicts = {
    pass: 'nothing was found',
    fail: 'the server does what it must not do',
    unknown: 'too little was answered to judge by',
  };
  return [...lines, verdicts[report.outcome]].join('\n');
}

function mostOften(statuses: FuzzReport['statuses']): string {
  const all = Object.entries(statuses);
  const shown = all.slice(0, 8).map(([status, count]) => `${status} ${count}`);
  return all.length > 8 ? `${shown.join(', ')}, and ${all.length - 8} other statuses` : shown.join(', ');
}

const locksText = ({ kernelLocks }: FuzzReport): string =>
  kernelLocks === null ? '' : `, their ${kernelLocks} locks in the kernel looked at`;

const sizeText = (size: ProcessSize | null): string =>
  size === null
    ? 'not looked at'
    : `${size.descriptors} descriptors (${size.sockets} sockets), ${size.megabytes} MB`;
