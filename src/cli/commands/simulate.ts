import { availableParallelism } from 'node:os';
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Verdict } from '../../check/verdict.ts';
import { MUTANTS, type MutantId } from '../../core/mutants.ts';
import { parseDuration } from '../../scenario/format/words.ts';
import { scenarioRefusal } from '../../scenario/needed-abilities.ts';
import type { HistoryReport } from '../../sim/campaign.ts';
import { SIMULATION_OFFER } from '../../sim/lab.ts';
import { wholeNumber } from '../arguments.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Frame } from '../frame.ts';
import { chooseScenarios } from '../scenario-files.ts';
import { findSmaller, leaveOne } from '../simulation/failing.ts';
import { histories } from '../simulation/histories.ts';
import type { Order, Plan } from '../simulation/order.ts';
import { STATUS_OF, worst } from '../verdicts.ts';

const LARGEST_SEED = 2 ** 32 - 1;
const MOST_SEEDS = 10_000_000;
const MOST_NODES = 16;
const MOST_CLIENTS = 16;
const MOST_JOBS = 256;
const MOST_TRIES = 100_000;
const SHORTEST_MS = 1000;
const LONGEST_MS = 300_000;

interface Options {
  readonly seeds?: number;
  readonly seed?: number;
  readonly nodes: number;
  readonly clients: number;
  readonly for: number;
  readonly jobs: number;
  readonly tries: number;
  readonly mutant: readonly MutantId[];
  readonly all?: true;
  readonly out: string;
  readonly json?: true;
}

function mutantId(text: string, previous: readonly MutantId[]): readonly MutantId[] {
  if (!Object.hasOwn(MUTANTS, text))
    throw new InvalidArgumentError(`There are ${Object.keys(MUTANTS).join(', ')}.`);
  return [...previous, text as MutantId];
}

function duration(text: string): number {
  const ms = parseDuration(text);
  if (typeof ms !== 'number') throw new InvalidArgumentError(`${ms.refused}.`);
  if (ms < SHORTEST_MS || ms > LONGEST_MS)
    throw new InvalidArgumentError(`It must be from ${SHORTEST_MS / 1000}s to ${LONGEST_MS / 60_000}m.`);
  return Math.round(ms);
}

/** Every scenario with every seed; without a scenario, the seeds alone. */
function* ordersOf(first: number, count: number, scenarios: number): Generator<Order> {
  let index = 0;
  for (let nth = 0; nth < count; nth += 1) {
    const seed = (first + nth) % (LARGEST_SEED + 1);
    for (let scenario = 0; scenario < Math.max(1, scenarios); scenario += 1) {
      yield { index, seed, scenario };
      index += 1;
    }
  }
}

/** What came of all of them. */
interface Tally {
  readonly counts: Record<Verdict, number>;
  simulatedMs: number;
  events: number;
  /** Those that are not valid, in the order of their seeds. */
  readonly failing: HistoryReport[];
}

async function runAll(plan: Plan, orders: readonly Order[], options: Options, frame: Frame): Promise<Tally> {
  const tally: Tally = {
    counts: { valid: 0, violation: 0, unknown: 0 },
    simulatedMs: 0,
    events: 0,
    failing: [],
  };
  let told = 0;
  for await (const report of histories(plan, orders, Math.min(options.jobs, orders.length))) {
    told += 1;
    tally.counts[report.verdict] += 1;
    tally.simulatedMs += report.simulatedMs;
    tally.events += report.events;
    frame.terminal.progress(`${told} of ${orders.length} histories, ${inWords(tally)} ...`);
    if (report.verdict === 'valid') continue;
    tally.failing.push(report);
    if (!options.json) frame.terminal.result(oneLine(report));
    if (report.verdict === 'violation' && !options.all) break;
  }
  return tally;
}

/** `seed 7: violation (no-theft): Theft: alice ...`. */
function oneLine({ scenario, seed, verdict, violations, sentence }: HistoryReport): string {
  const checks = violations.length === 0 ? '' : ` (${violations.join(', ')})`;
  return `seed ${seed} of ${scenario}: ${verdict}${checks}: ${sentence ?? 'nobody can say why'}`;
}

const inWords = ({ counts }: Tally): string =>
  (Object.entries(counts) as [Verdict, number][])
    .filter(([verdict, count]) => count > 0 || verdict === 'valid')
    .map(([verdict, count]) => `${count} ${verdict}`)
    .join(', ');

function summary(tally: Tally, elapsedMs: number): string {
  const { simulatedMs, events, counts } = tally;
  const total = counts.valid + counts.violation + counts.unknown;
  const number = (value: number): string => Math.round(value).toLocaleString('en');
  return `${number(total)} histories: ${inWords(tally)}; ${number(simulatedMs / 1000)} s of cluster time, ${number(events)} events, in ${(elapsedMs / 1000).toFixed(1)} s`;
}

function refuseMissing(scenarios: Plan['scenarios']): void {
  for (const scenario of scenarios) {
    const refusal = scenarioRefusal(scenario, SIMULATION_OFFER);
    if (refusal !== null) throw new Refusal(EXIT.machineCannot, `${refusal}.`);
  }
}

/** `gracelab simulate`: whole cluster histories on virtual time. */
export function simulate(frame: Frame): Command {
  return new Command('simulate')
    .description(
      'cluster histories on virtual time, with the same server, coordinator and clients: random schedules, or scenarios',
    )
    .argument('[scenario...]', 'names of scenarios that ship, or paths of YAML files')
    .option('--seeds <n>', 'how many histories (default: 100; with --seed: 1)', wholeNumber(1, MOST_SEEDS))
    .option('--seed <n>', 'the first seed (default: 1)', wholeNumber(0, LARGEST_SEED))
    .option('--nodes <n>', 'of a random schedule', wholeNumber(1, MOST_NODES), 5)
    .option('--clients <n>', 'of a random schedule', wholeNumber(1, MOST_CLIENTS), 10)
    .addOption(
      new Option('--for <duration>', 'how long a random schedule goes on breaking things')
        .argParser(duration)
        .default(60_000, '60s'),
    )
    .option('--jobs <n>', 'threads', wholeNumber(1, MOST_JOBS), availableParallelism())
    .addOption(
      new Option('--mutant <id>', 'break our own server on purpose, to see a check catch it; may be repeated')
        .argParser(mutantId)
        .default([] as readonly MutantId[], 'none'),
    )
    .option('--all', 'go on after a violation, and make nothing smaller')
    .option('--tries <n>', 'histories spent on making a failing one smaller', wholeNumber(0, MOST_TRIES), 300)
    .option('--out <dir>', 'where the run folder of a failing history goes', 'runs')
    .option('--json', 'print one JSON document')
    .action(async (names: readonly string[], options: Options) => {
      const scenarios = names.length === 0 ? [] : await chooseScenarios(names, frame.cwd);
      refuseMissing(scenarios);
      const { nodes, clients, mutant, seed = 1 } = options;
      const plan: Plan = { size: { nodes, clients, durationMs: options.for }, scenarios, mutants: mutant };
      const count = options.seeds ?? (options.seed === undefined ? 100 : 1);
      const orders = [...ordersOf(seed, count, scenarios.length)];
      const began = performance.now();
      const tally = await runAll(plan, orders, options, frame);
      const seconds = (performance.now() - began) / 1000;
      const verdict = worst(verdictsOf(tally));
      const out = path.resolve(frame.cwd, options.out);
      const left = await leftBehind(tally, orders, plan, { ...options, out }, frame);
      if (options.json) frame.terminal.result(JSON.stringify({ verdict, ...tally, seconds, left }, null, 2));
      else frame.terminal.result(summary(tally, seconds * 1000));
      frame.conclude(STATUS_OF[verdict]);
    });
}

const verdictsOf = ({ counts }: Tally): Verdict[] =>
  (Object.keys(counts) as Verdict[]).filter((verdict) => counts[verdict] > 0);

/** Of a violation, the smallest scenario that shows it; of a single history, that one. Null: nothing was left. */
async function leftBehind(
  tally: Tally,
  orders: readonly Order[],
  plan: Plan,
  options: Options,
  frame: Frame,
): Promise<{ readonly folder: string; readonly seed: number } | null> {
  const violation = tally.failing.find(({ verdict }) => verdict === 'violation');
  const order = (report: HistoryReport) => orders.find((each) => isOf(each, report, plan))!;
  if (violation !== undefined && !options.all)
    return findSmaller(order(violation), violation.violations[0]!, plan, options, frame);
  return orders.length === 1 ? leaveOne(orders[0]!, plan, options, frame) : null;
}

const isOf = ({ seed, scenario }: Order, report: HistoryReport, { scenarios }: Plan): boolean =>
  seed === report.seed && (scenarios.length === 0 || scenarios[scenario]?.name === report.scenario);
