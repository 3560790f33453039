/** The rates of servers side by side, for a person. */
import { figure, spreadOf } from '../figure.ts';
import { textTable } from '../text-table.ts';
import type { LockPlan, Sample } from './measure.ts';
import type { Workload } from './workloads.ts';

const MIB = 1024 * 1024;
const NONE = '-';

export function lockText(plan: LockPlan, samples: readonly Sample[]): string {
  const { servers, workloads, clients, slots, durationMs, rounds } = plan;
  const [reference] = servers;
  const heads = [
    'cycle',
    'clients',
    ...servers.flatMap(({ name }) => [name, 'p50 ms', 'p99 ms']),
    ...servers.slice(1).map(({ name }) => `${reference!.name} / ${name}`),
  ];
  const rows = workloads.flatMap((workload) => clients.map((count) => row(plan, samples, workload, count)));
  const each = `${durationMs / 1000} s each, ${rounds} ${rounds === 1 ? 'time' : 'times'}, ${slots} at a time for each client`;
  return [
    `Cycles a second, ${each}; the median of the rounds.`,
    ...textTable(heads, rows),
    ...failures(samples),
  ].join('\n');
}

function row(
  { servers }: LockPlan,
  samples: readonly Sample[],
  workload: Workload,
  clients: number,
): string[] {
  const of = (server: string) =>
    samples.filter(
      (sample) => sample.server === server && sample.workload === workload.name && sample.clients === clients,
    );
  const rates = servers.map(({ name }) => median(of(name).map(({ perSecond }) => perSecond)));
  const cells = servers.flatMap(({ name }, index) => [
    rateText(rates[index]!, workload),
    msText(median(of(name).map(({ latencyMs }) => latencyMs?.p50 ?? null))),
    msText(median(of(name).map(({ latencyMs }) => latencyMs?.p99 ?? null))),
  ]);
  const [first = null, ...others] = rates;
  const ratios = others.map((rate) => (first === null || rate === null ? NONE : (first / rate).toFixed(2)));
  return [workload.title, String(clients), ...cells, ...ratios];
}

function median(values: readonly (number | null)[]): number | null {
  const there = values.filter((value) => value !== null);
  return spreadOf(there.map(figure))?.median ?? null;
}

function rateText(rate: number | null, { bytes }: Workload): string {
  if (rate === null) return NONE;
  const text = Math.round(rate).toLocaleString('en-US');
  return bytes < MIB ? text : `${text} (${Math.round((rate * bytes) / MIB)} MiB/s)`;
}

const msText = (ms: number | null): string => (ms === null ? NONE : ms.toFixed(2));

/** What could not be measured, each reason once. */
function failures(samples: readonly Sample[]): string[] {
  const sentences = samples.flatMap(({ server, workload, failure }) =>
    failure === null ? [] : [`${server}, ${workload}: ${failure}.`],
  );
  return sentences.length === 0 ? [] : ['', ...new Set(sentences)];
}
