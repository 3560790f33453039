/** The figures of many runs, for a person: a line for each combination, and in words what did not happen. */
import { counted } from '../../scenario/format/words.ts';
import type { StoreKind } from '../../scenario/scenario.ts';
import { absences, type Figure, spreadOf } from '../figure.ts';
import { textTable } from '../text-table.ts';
import type { GraceFigures } from './figures.ts';
import type { GracePlan } from './observed.ts';

/** One run and what it showed. */
export interface GraceResult {
  readonly plan: GracePlan;
  /** Of the machine when the run began: processes that ran or wanted to, averaged over a minute. */
  readonly load: number;
  /** Why the run ended early; null: it did not. */
  readonly failure: string | null;
  readonly figures: GraceFigures;
}

/** Where there is no figure at all. */
const NONE = '-';

export function graceText(results: readonly GraceResult[]): string {
  return [
    'First start: all nodes boot at the same time, until all are up and there is no grace.',
    ...firstStarts(results),
    '',
    ...normalOperation(results),
    '',
    'The power of one node is cut; all clients are its own. Milliseconds.',
    ...powerCuts(results),
    ...shortfalls(results),
  ].join('\n');
}

function firstStarts(results: readonly GraceResult[]): string[] {
  const rows = groups(results, ({ store, nodes }) => [store, nodes]).map(([key, runs]) => [
    ...key,
    cell(runs, ({ firstStart }) => firstStart.readyMs),
    cell(runs, ({ firstStart }) => firstStart.swaps),
    cell(runs, ({ firstStart }) => firstStart.lostSwaps),
  ]);
  return textTable(['store', 'nodes', 'ms', 'swaps', 'lost'], rows);
}

/** Nothing is to be written there, so a line is enough unless something was. */
function normalOperation(results: readonly GraceResult[]): string[] {
  const all = (of: (figures: GraceFigures) => Figure) => results.map(({ figures }) => of(figures));
  const requests = sum(all(({ normal }) => normal.requests));
  const swaps = sum(all(({ normal }) => normal.swaps));
  const records = sum(all(({ normal }) => normal.recordWrites));
  const transactions = sum(all(({ normal }) => normal.transactions));
  return [
    `Normal operation: ${requests} LOCK and LOCKU requests, ${swaps} swaps of the ledger, ${records} writes of records; the stores themselves counted ${transactions} transactions.`,
  ];
}

function powerCuts(results: readonly GraceResult[]): string[] {
  const heads = [
    'store',
    'nodes',
    'clients',
    'detected',
    'barrier',
    'back',
    'lift',
    'swaps',
    'lost',
    'records',
  ];
  const rows = groups(results, ({ store, nodes, clients }) => [store, nodes, clients]).map(([key, runs]) => [
    ...key,
    cell(runs, ({ reboot }) => reboot.detectionMs),
    cell(runs, ({ reboot }) => reboot.barrierMs),
    cell(runs, ({ reboot }) => reboot.backMs),
    cell(runs, ({ reboot }) => reboot.liftMs),
    cell(runs, ({ reboot }) => reboot.swaps),
    cell(runs, ({ reboot }) => reboot.lostSwaps),
    cell(runs, ({ reboot }) => reboot.records),
    cell(runs, ({ loss }) => loss.detectionMs),
    cell(runs, ({ loss }) => loss.barrierMs),
    cell(runs, ({ loss }) => loss.swaps),
    cell(runs, ({ loss }) => loss.lostSwaps),
    Math.max(...runs.map(({ load }) => load)).toFixed(1),
  ]);
  return [
    ...textTable([...heads, '| stays down: detected', 'barrier', 'swaps', 'lost', '| load'], rows),
    'detected: from the cut; barrier: from there until every survivor has acknowledged; back: from the cut to the barrier after its boot;',
    'lift: from there, all clients reclaimed; swaps of the ledger, and those lost to a quicker node; records: client records written.',
    'It boots again at once, and what is written is counted up to the lift; then it stays down, and up to the barrier.',
  ];
}

function shortfalls(results: readonly GraceResult[]): string[] {
  const lines = results.flatMap((result) => {
    const why = shortfall(result);
    return why === null ? [] : [`${planText(result.plan)}: ${why}`];
  });
  return lines.length === 0 ? [] : ['', 'What did not happen:', ...lines];
}

/** What did not happen in a run; null: everything did. */
export function shortfall({ plan, figures, failure }: GraceResult): string | null {
  if (failure !== null) return failure;
  const why = absences(expected(figures, plan));
  return why.length === 0 ? null : why.join('; ');
}

export const planText = ({ store, nodes, clients }: GracePlan): string =>
  `${store}, ${counted(nodes, 'node')}, ${counted(clients, 'client')}`;

/** All figures that a run of this plan should have shown. */
function expected({ firstStart, normal, reboot, loss }: GraceFigures, { clients }: GracePlan): Figure[] {
  const { firstClientMs, lastClientMs, ...always } = reboot;
  const ofClients = clients === 0 ? [] : [firstClientMs, lastClientMs];
  return [firstStart, normal, always, loss]
    .flatMap((part) => Object.values(part) as Figure[])
    .concat(ofClients);
}

/** Runs with the same key, in the order in which they were measured. */
function groups(
  results: readonly GraceResult[],
  keyOf: (plan: GracePlan) => readonly (StoreKind | number)[],
): [string[], readonly GraceResult[]][] {
  const grouped = Map.groupBy(results, ({ plan }) => keyOf(plan).join(' '));
  return [...grouped].map(([key, runs]) => [key.split(' '), runs]);
}

/** The median, and behind it the least and the most where there are several. */
function cell(runs: readonly GraceResult[], of: (figures: GraceFigures) => Figure): string {
  const spread = spreadOf(runs.map(({ figures }) => of(figures)));
  if (spread === null) return NONE;
  const { least, median, most, runs: count } = spread;
  return count === 1 ? rounded(median) : `${rounded(median)} (${rounded(least)}-${rounded(most)})`;
}

const rounded = (value: number): string =>
  Math.abs(value) < 10 ? value.toFixed(1).replace(/\.0$/, '') : value.toFixed(0);

/** What was not counted is said, so that it is not taken for nothing. */
function sum(figures: readonly Figure[]): string {
  const values = figures.flatMap((each) => ('value' in each ? [each.value] : []));
  const total = values.reduce((a, b) => a + b, 0).toLocaleString('en');
  const uncounted = figures.length - values.length;
  if (values.length === 0) return 'an unknown number of';
  return uncounted === 0
    ? total
    : `${total} (and an unknown number in ${uncounted} of ${figures.length} runs)`;
}
