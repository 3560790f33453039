/** What came of all histories, and how a person is told of it. */
import type { Verdict } from '../../check/verdict.ts';
import { plural } from '../../scenario/format/words.ts';
import type { HistoryReport } from '../../sim/campaign.ts';
import { worst } from '../verdicts.ts';

const MOST_SEEDS_TOLD = 100;

export class Tally {
  readonly counts: Record<Verdict, number> = { valid: 0, violation: 0, unknown: 0 };
  /** Those that are not valid, in the order of their seeds. */
  readonly failing: HistoryReport[] = [];
  simulatedMs = 0;
  events = 0;

  add(report: HistoryReport): void {
    this.counts[report.verdict] += 1;
    this.simulatedMs += report.simulatedMs;
    this.events += report.events;
    if (report.verdict !== 'valid') this.failing.push(report);
  }

  get total(): number {
    return this.counts.valid + this.counts.violation + this.counts.unknown;
  }

  /** Of nothing at all: unknown. */
  get verdict(): Verdict {
    return worst((Object.keys(this.counts) as Verdict[]).filter((verdict) => this.counts[verdict] > 0));
  }

  /** For a program. */
  get numbers() {
    const { counts, simulatedMs, events, failing } = this;
    return { counts, simulatedMs, events, failing };
  }

  /** `12 valid, 1 unknown`. */
  inWords(): string {
    return (Object.entries(this.counts) as [Verdict, number][])
      .filter(([verdict, count]) => count > 0 || verdict === 'valid')
      .map(([verdict, count]) => `${count} ${verdict}`)
      .join(', ');
  }

  /** Each reason for which histories are not valid, with their seeds; nothing where all there is to say is said of the only one. */
  reasons(): string[] {
    if (this.failing.length < 2) return [];
    const groups = new Map<string, HistoryReport[]>();
    for (const report of this.failing) {
      const alike = `${report.verdict} ${reasonOf(report)}`.replaceAll(/\d+(\.\d+)?/g, '#');
      groups.set(alike, [...(groups.get(alike) ?? []), report]);
    }
    return [...groups.values()]
      .sort((a, b) => b.length - a.length)
      .map((group) => {
        const seeds = group.slice(0, MOST_SEEDS_TOLD).map(({ seed }) => seed);
        const more = group.length > seeds.length ? ` and ${group.length - seeds.length} more` : '';
        const which = `seed${group.length === 1 ? '' : 's'} ${seeds.join(', ')}${more}`;
        return `${group.length} ${group[0]!.verdict}: ${reasonOf(group[0]!)}: ${which}`;
      });
  }

  /** @param interrupted how many there were to be, where somebody ended it before, and the options that ask for the rest; null: nobody did */
  summary(seconds: number, interrupted: { readonly of: number; readonly goOn: string } | null): string {
    const number = (value: number): string => Math.round(value).toLocaleString('en');
    const histories =
      interrupted === null
        ? `${number(this.total)} ${plural(this.total, 'history')}`
        : `interrupted after ${number(this.total)} of ${number(interrupted.of)} ${plural(interrupted.of, 'history')}`;
    const rest = interrupted === null ? '' : `; the rest: ${interrupted.goOn}`;
    return `${histories}: ${this.inWords()}; ${number(this.simulatedMs / 1000)} s of cluster time, ${number(this.events)} events, in ${seconds.toFixed(1)} s${rest}`;
  }
}

/** In which check it failed, or why nobody can judge it; numbers and names of nodes apart, the same for many. */
const reasonOf = ({ violations, sentence }: HistoryReport): string =>
  violations.length > 0 ? violations.join(', ') : (sentence?.replace(/\.$/, '') ?? 'nobody can say why');

/** `seed 7 of random-7: violation (no-theft): Theft: alice ...`. */
export function oneLine({ scenario, seed, verdict, violations, sentence }: HistoryReport): string {
  const checks = violations.length === 0 ? '' : ` (${violations.join(', ')})`;
  return `seed ${seed} of ${scenario}: ${verdict}${checks}: ${sentence ?? 'nobody can say why'}`;
}
