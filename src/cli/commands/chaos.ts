import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { MutantId } from '../../core/mutants.ts';
import { abilityRefusal } from '../../runtime/abilities.ts';
import { namespaceOffer, sandboxRefusal } from '../../runtime/namespace/abilities.ts';
import { MOST_NODES } from '../../scenario/format/cluster.ts';
import { MOST_CLIENTS } from '../../scenario/format/document.ts';
import { durationWords } from '../../scenario/format/words.ts';
import { writeScenario } from '../../scenario/format/write.ts';
import { FAULT_MENU, FAULT_NAMES, faultsOffered, menuFor } from '../../scenario/random/fault-menu.ts';
import { generate } from '../../scenario/random/generate.ts';
import type { ChaosShape } from '../../scenario/random/shape.ts';
import { OFFERED_WORKLOADS, WORKLOAD_NAMES } from '../../scenario/random/workload-menu.ts';
import type { ScenarioResult } from '../../scenario/run-request.ts';
import type { StoreKind } from '../../scenario/scenario.ts';
import { LARGEST_SEED } from '../../scenario/seeded-random.ts';
import { durationOrOff, list, scheduleLength, storeOption, wholeNumber } from '../arguments.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Frame } from '../frame.ts';
import { runInSandbox } from '../lab-process.ts';
import { mutantOption } from '../mutant-option.ts';
import { addOutputs, type OutputOptions, printResults, refuseBadOutputs } from '../outputs.ts';
import { nearPath, printVerdict, STATUS_OF } from '../verdicts.ts';

const NODES = 5;
const LEASE_MS = 1000;
/** Longer than a boot on a machine that has other things to do: clients are to come in time. Whose clients are all through does not wait for it. */
const GRACE_MS = 4000;

interface ChaosOptions extends OutputOptions {
  readonly seed?: number;
  readonly for: number;
  readonly nodes: number;
  readonly clients?: number;
  readonly store?: StoreKind;
  readonly failover: number | null;
  /** Left out: all that this machine can do. */
  readonly faults?: readonly string[];
  readonly workloads: readonly string[];
  readonly mutant: readonly MutantId[];
  readonly untilFailure?: true;
  readonly schedule?: true;
  readonly out: string;
}

const faultList = () =>
  new Option(
    '--faults <list>',
    'what may break: names of the menu, with commas between (default: all of it)',
  ).argParser((text) => text.split(',').map((name) => oneOf(FAULT_NAMES)(name.trim())));

const oneOf = (known: readonly string[]) => (text: string) => {
  if (!known.includes(text)) throw new InvalidArgumentError(`Known are ${known.join(', ')}.`);
  return text;
};

/** @throws Refusal for a fault that this machine cannot make, if it was asked for by name */
async function faultsOf({ faults }: ChaosOptions, { env, terminal }: Frame): Promise<readonly string[]> {
  const offer = await namespaceOffer(env);
  const offered = faultsOffered(offer);
  if (faults === undefined) {
    const lacking = FAULT_NAMES.filter((name) => !offered.includes(name));
    if (lacking.length > 0)
      terminal.message(
        `gracelab: this machine cannot make ${lacking.join(', ')}; the schedule does without.`,
      );
    return offered;
  }
  const impossible = FAULT_MENU.find(({ name }) => faults.includes(name) && !offered.includes(name));
  if (impossible === undefined) return faults;
  const why = abilityRefusal(`the fault "${impossible.name}"`, impossible.needs, offer);
  throw new Refusal(EXIT.machineCannot, `${why}.`);
}

function shapeOf(options: ChaosOptions, faults: readonly string[]): ChaosShape {
  const { nodes, clients, workloads, store, failover } = options;
  const shape: ChaosShape = {
    nodes,
    clients: clients ?? Math.min(nodes, MOST_CLIENTS),
    durationMs: options.for,
    faults,
    workloads,
    store: store ?? 'sqlite',
    failoverMs: failover,
    leaseMs: LEASE_MS,
    graceMs: GRACE_MS,
  };
  if (menuFor(shape).length === 0)
    throw new Refusal(
      EXIT.wrongUsage,
      `none of the faults ${faults.join(', ')} is possible in such a cluster; some need --store etcd or more nodes.`,
    );
  return shape;
}

/** The options that make the schedule what it is, without those that are as they always are. */
function repetition(seed: number, { faults }: ChaosShape, options: ChaosOptions): string {
  const { nodes, clients, workloads, store, failover, mutant } = options;
  const words = [
    `gracelab chaos --seed ${seed} --for ${durationWords(options.for)} --nodes ${nodes}`,
    ...(clients === undefined ? [] : [`--clients ${clients}`]),
    ...(store === undefined ? [] : [`--store ${store}`]),
    ...(failover === null ? [] : [`--failover ${durationWords(failover)}`]),
    ...(faults.length === FAULT_NAMES.length ? [] : [`--faults ${faults.join(',')}`]),
    ...(workloads === WORKLOAD_NAMES ? [] : [`--workloads ${workloads.join(',')}`]),
    ...mutant.map((id) => `--mutant ${id}`),
  ];
  return words.join(' ');
}

/** `seed 42: valid, 63,120 ms, 18 faults, 12 graces, 14 reclaims`. */
function oneLine(seed: number, { verdict: { verdict, timings, coverage } }: ScenarioResult): string {
  const count = (name: string): string => (coverage[name] ?? 0).toLocaleString('en');
  const ms = Math.round(timings.totalMs ?? 0).toLocaleString('en');
  return `seed ${seed}: ${verdict}, ${ms} ms, ${count('fault')} faults, ${count('grace')} graces, ${count('reclaim')} reclaims`;
}

async function runSeeds(shape: ChaosShape, options: ChaosOptions, frame: Frame): Promise<ScenarioResult> {
  const { terminal } = frame;
  const out = path.resolve(frame.cwd, options.out);
  for (let runs = 1; ; runs += 1) {
    const seed =
      options.seed === undefined ? frame.drawSeed() : (options.seed + runs - 1) % (LARGEST_SEED + 1);
    // Told before, so that a run that never comes to an end can be repeated, too.
    terminal.message(`gracelab: seed ${seed}`);
    const scenario = generate(seed, shape);
    const result = await runInSandbox({ scenario, out, seed, mutants: options.mutant }, frame);
    const failed = result.verdict.verdict !== 'valid';
    if (options.untilFailure && !options.json && !options.tap) terminal.result(oneLine(seed, result));
    if (options.untilFailure && !failed) continue;
    if (options.tap) return result;
    if (options.json) terminal.result(JSON.stringify({ ...result, seed, shape, runs }, null, 2));
    else {
      printVerdict(result.verdict, result.folder, frame);
      tellHowToRepeat(result, repetition(seed, shape, options), options.mutant, frame);
    }
    return result;
  }
}

function tellHowToRepeat(
  { folder, verdict: { seed } }: ScenarioResult,
  repetition: string,
  mutants: readonly MutantId[],
  { cwd, terminal }: Frame,
) {
  const file = path.join(nearPath(folder, cwd), 'scenario.yaml');
  const broken = mutants.map((id) => ` --mutant ${id}`).join('');
  terminal.result(`\nagain: ${repetition}\n   or: gracelab run ${file} --seed ${seed}${broken}`);
}

function printSchedule(options: ChaosOptions, { terminal, drawSeed }: Frame): void {
  for (const name of ['tap', 'junit', 'markdown', 'untilFailure'] as const)
    if (options[name] !== undefined)
      throw new Refusal(
        EXIT.wrongUsage,
        `--schedule runs nothing, so there is no verdict for --${name === 'untilFailure' ? 'until-failure' : name}; leave one of them out.`,
      );
  const seed = options.seed ?? drawSeed();
  const shape = shapeOf(options, options.faults ?? FAULT_NAMES);
  const scenario = writeScenario(generate(seed, shape)).trimEnd();
  terminal.result(options.json ? JSON.stringify({ seed, shape, scenario }, null, 2) : scenario);
}

/** `gracelab chaos`: a random schedule, replayable from its seed. */
export function chaos(frame: Frame): Command {
  const command = new Command('chaos')
    .description(
      'run a random schedule of work and faults to a verdict; the same seed gives the same schedule',
    )
    .option('--seed <n>', 'of the schedule; drawn and told by default', wholeNumber(0, LARGEST_SEED))
    .addOption(scheduleLength('how long things go on breaking, about'))
    .option('--nodes <n>', 'nodes of the cluster', wholeNumber(1, MOST_NODES), NODES)
    .option('--clients <n>', 'as many as nodes by default', wholeNumber(1, MOST_CLIENTS))
    .addOption(storeOption())
    .addOption(
      new Option(
        '--failover <duration>',
        'how long a dead node is waited for before another one takes its clients over, or off',
      )
        .argParser(durationOrOff)
        .default(null, 'off'),
    )
    .addOption(faultList())
    .addOption(
      list(
        '--workloads <list>',
        'what clients do',
        oneOf(OFFERED_WORKLOADS.map(({ name }) => name)),
        WORKLOAD_NAMES,
      ),
    )
    .addOption(mutantOption())
    .option(
      '--until-failure',
      'one seed after the other (from --seed on, else drawn), until one is not valid',
    )
    .option('--schedule', 'print the schedule as a scenario file, and run nothing')
    .option('--out <dir>', 'where the run folders go', 'runs')
    .option('--json', 'print one JSON document');
  return addOutputs(command).action(async (options: ChaosOptions) => {
    await refuseBadOutputs(options, frame);
    if (options.schedule) return printSchedule(options, frame);
    const refusal = await sandboxRefusal(frame.env);
    if (refusal !== null) throw new Refusal(EXIT.machineCannot, refusal);
    const shape = shapeOf(options, await faultsOf(options, frame));
    const { verdict, folder } = await runSeeds(shape, options, frame);
    const runs = [{ name: `seed ${verdict.seed}`, verdict, folder }];
    frame.conclude(await printResults(runs, options, frame, STATUS_OF[verdict.verdict]));
  });
}
