import { availableParallelism } from 'node:os';
import path from 'node:path';
import { Command, Option } from 'commander';
import { MUTANTS, type MutantId } from '../../core/mutants.ts';
import type { JudgedRun } from '../../report/judged-run.ts';
import { MOST_NODES } from '../../scenario/format/cluster.ts';
import { MOST_CLIENTS } from '../../scenario/format/document.ts';
import { counted } from '../../scenario/format/words.ts';
import { scenarioRefusal } from '../../scenario/needed-abilities.ts';
import { LARGEST_SEED } from '../../scenario/seeded-random.ts';
import { SIMULATION_OFFER } from '../../sim/lab.ts';
import { scheduleLength, wholeNumber } from '../arguments.ts';
import { endedByHand } from '../ended-by-hand.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Frame } from '../frame.ts';
import { mutantOption } from '../mutant-option.ts';
import {
  addOutputs,
  despite,
  type OutputOptions,
  printResults,
  refuseBadOutputs,
  tellsRuns,
} from '../outputs.ts';
import { chooseScenarios } from '../scenario-files.ts';
import { huntEveryMutant } from '../simulation/every-mutant.ts';
import { findSmaller, type LeavingOptions, type Left, leave } from '../simulation/failing.ts';
import { histories } from '../simulation/histories.ts';
import { type Done, type Order, type Plan, scenarioOf } from '../simulation/order.ts';
import { oneLine, Tally } from '../simulation/tally.ts';
import { STATUS_OF } from '../verdicts.ts';

const MOST_SEEDS = 10_000_000;
const MOST_JOBS = 256;
const MOST_TRIES = 100_000;
/** Where progress cannot be written over. */
const LOG_EVERY_MS = 30_000;
const MUTANT_IDS = Object.keys(MUTANTS) as MutantId[];

interface Options extends OutputOptions {
  readonly seeds?: number;
  readonly seed?: number;
  readonly nodes: number;
  readonly clients: number;
  readonly for: number;
  readonly jobs: number;
  readonly tries: number;
  readonly mutant: readonly MutantId[];
  readonly everyMutant?: true;
  readonly all?: true;
  readonly out: string;
}

interface RunOptions extends OutputOptions {
  readonly jobs: number;
  readonly all?: true;
  readonly enough: AbortSignal;
}

interface Orders {
  readonly count: number;
  readonly each: Iterable<Order>;
}

/** Every scenario with every seed; without a scenario, the seeds alone. */
function ordersOf(first: number, seeds: number, scenarios: number): Orders {
  const perSeed = Math.max(1, scenarios);
  function* each(): Generator<Order> {
    for (let index = 0; index < seeds * perSeed; index += 1) {
      const seed = (first + Math.floor(index / perSeed)) % (LARGEST_SEED + 1);
      yield { index, seed, scenario: index % perSeed };
    }
  }
  return { count: seeds * perSeed, each: each() };
}

interface Outcome {
  readonly tally: Tally;
  /** The first violation; null where one goes on after it, or there was none. */
  readonly violation: Done | null;
  /** The last that was told. */
  readonly last: Done | null;
  /** The place of the first that was not told, among all that there were to be. */
  readonly next: number;
  /** Every one, where other programs are told of each. */
  readonly runs: JudgedRun[];
}

async function runAll(plan: Plan, orders: Orders, options: RunOptions, frame: Frame): Promise<Outcome> {
  const { all, enough } = options;
  const tally = new Tally();
  const runs: JudgedRun[] = [];
  let last: Done | null = null;
  let next = 0;
  for await (const done of histories(plan, orders.each, Math.min(options.jobs, orders.count), enough)) {
    const { report } = done;
    last = done;
    if (done.order.index === next) next += 1;
    tally.add(report);
    if (tellsRuns(options)) runs.push({ name: nameOf(plan, done), verdict: done.verdict });
    frame.terminal.progress(
      `${tally.total} of ${counted(orders.count, 'history')}, to seed ${report.seed}: ${tally.inWords()} ...`,
      LOG_EVERY_MS,
    );
    if (report.verdict !== 'valid' && !isQuiet(options)) frame.terminal.result(oneLine(report));
    if (report.verdict === 'violation' && !all) return { tally, violation: done, last, next, runs };
  }
  return { tally, violation: null, last, next, runs };
}

/** What stdout says is for a program. */
const isQuiet = ({ json, tap }: OutputOptions): boolean => json === true || tap === true;

/** `seed 7`, or `reboot (seed 7)`. */
const nameOf = ({ scenarios }: Plan, { report }: Done): string =>
  scenarios.length === 0 ? `seed ${report.seed}` : `${report.scenario} (seed ${report.seed})`;

function refuseMissing(scenarios: Plan['scenarios']): void {
  for (const scenario of scenarios) {
    const refusal = scenarioRefusal(scenario, SIMULATION_OFFER);
    if (refusal !== null) throw new Refusal(EXIT.machineCannot, `${refusal}.`);
  }
}

/** `gracelab simulate`: whole cluster histories on virtual time. */
export function simulate(frame: Frame): Command {
  const command = new Command('simulate')
    .description(
      'cluster histories on virtual time, with the same server, coordinator and clients: random schedules, or scenarios',
    )
    .argument('[scenario...]', 'names of scenarios that ship, or paths of YAML files')
    .option('--seeds <n>', 'how many histories (default: 100; with --seed: 1)', wholeNumber(1, MOST_SEEDS))
    .option('--seed <n>', 'the first seed (default: 1)', wholeNumber(0, LARGEST_SEED))
    .option('--nodes <n>', 'of a random schedule', wholeNumber(1, MOST_NODES), 5)
    .option('--clients <n>', 'of a random schedule', wholeNumber(1, MOST_CLIENTS), 10)
    .addOption(scheduleLength('how long a random schedule goes on breaking things'))
    .option('--jobs <n>', 'threads', wholeNumber(1, MOST_JOBS), availableParallelism())
    .addOption(mutantOption(MUTANT_IDS))
    .addOption(
      new Option(
        '--every-mutant',
        'each mutant in turn, or each of those given, until a history shows it: a table, and status 1 if one stays unseen',
      ).conflicts(['all', 'tap', 'junit', 'markdown']),
    )
    .option('--all', 'go on after a violation, and make nothing smaller')
    .option('--tries <n>', 'histories spent on making a failing one smaller', wholeNumber(0, MOST_TRIES), 300)
    .option('--out <dir>', 'where the run folder of a failing history goes', 'runs')
    .option('--json', 'print one JSON document');
  return addOutputs(command).action(async (names: readonly string[], options: Options) => {
    await refuseBadOutputs(options, frame);
    const scenarios = names.length === 0 ? [] : await chooseScenarios(names, frame.cwd);
    refuseMissing(scenarios);
    const { nodes, clients, mutant, seed = 1 } = options;
    const count = options.seeds ?? (options.seed === undefined ? 100 : 1);
    const orders = ordersOf(seed, count, scenarios.length);
    const plan: Plan = {
      size: { nodes, clients, durationMs: options.for },
      scenarios,
      mutants: mutant,
      keeps: orders.count === 1,
    };
    const enough = endedByHand(frame, 'gracelab: interrupted; this is what is known by now.');
    if (options.everyMutant) {
      const again = () => ordersOf(seed, count, scenarios.length);
      return frame.conclude(await huntEveryMutant(plan, again, { ...options, enough }, frame));
    }
    const began = performance.now();
    const outcome = await runAll(plan, orders, { ...options, enough }, frame);
    const seconds = (performance.now() - began) / 1000;
    const { tally } = outcome;
    const { verdict } = tally;
    const interrupted = enough.aborted;
    const out = path.resolve(frame.cwd, options.out);
    let status = interrupted && verdict !== 'violation' ? EXIT.interrupted : STATUS_OF[verdict];
    const leaving = { ...options, out, enough, quiet: isQuiet(options) };
    // What was found is told, whatever becomes of its folder.
    const left = await leftBehind(outcome, plan, leaving, frame).catch((error: unknown) => {
      status = despite(error, status, frame);
      return null;
    });
    if (options.json)
      frame.terminal.result(
        JSON.stringify({ verdict, interrupted, ...tally.numbers, seconds, left }, null, 2),
      );
    else if (!options.tap) {
      const told = Math.floor(outcome.next / Math.max(1, scenarios.length));
      const goOn = `--seed ${(seed + told) % (LARGEST_SEED + 1)} --seeds ${count - told}`;
      for (const line of tally.reasons()) frame.terminal.result(line);
      frame.terminal.result(tally.summary(seconds, interrupted ? { of: orders.count, goOn } : null));
    }
    frame.conclude(await printResults(withFolder(outcome.runs, left), options, frame, status));
  });
}

/** What was left is of the last: of that history itself, or of the smallest that fails as it does. */
const withFolder = (runs: readonly JudgedRun[], left: Left | null): readonly JudgedRun[] =>
  left === null
    ? runs
    : runs.map((run, at) => (at < runs.length - 1 ? run : { ...run, folder: left.folder }));

/** Of a violation, the smallest scenario that shows it; of a single history, that one. Null: nothing was left. */
async function leftBehind(
  { violation, last }: Outcome,
  plan: Plan,
  options: LeavingOptions,
  frame: Frame,
): Promise<Left | null> {
  if (violation !== null)
    return findSmaller(violation.order, violation.report.violations[0]!, plan, options, frame);
  if (last === null || last.simulated === null) return null;
  const { order, simulated } = last;
  const run = { scenario: scenarioOf(plan, order), seed: order.seed, mutants: plan.mutants, simulated };
  return leave(run, options, frame);
}
