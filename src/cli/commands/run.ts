import path from 'node:path';
import { Command, Option } from 'commander';
import type { Verdict } from '../../check/verdict.ts';
import type { MutantId } from '../../core/mutants.ts';
import type { JudgedRun } from '../../report/judged-run.ts';
import { namespaceOffer, sandboxRefusal } from '../../runtime/namespace/abilities.ts';
import { MOST_NODES } from '../../scenario/format/cluster.ts';
import { needsAbilities, scenarioRefusal } from '../../scenario/needed-abilities.ts';
import type { ScenarioResult } from '../../scenario/run-request.ts';
import type { Scenario, StoreKind } from '../../scenario/scenario.ts';
import { LARGEST_SEED } from '../../scenario/seeded-random.ts';
import { storeOption, wholeNumber } from '../arguments.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Frame } from '../frame.ts';
import { runInSandbox } from '../lab-process.ts';
import { mutantOption } from '../mutant-option.ts';
import { addOutputs, type OutputOptions, printResults, refuseBadOutputs } from '../outputs.ts';
import { chooseScenarios, withNodes, withStore } from '../scenario-files.ts';
import type { Colours } from '../terminal.ts';
import { printVerdict, STATUS_OF, worst } from '../verdicts.ts';

const MOST_REPETITIONS = 100_000;

interface RunOptions extends OutputOptions {
  readonly nodes?: number;
  readonly store?: StoreKind;
  readonly seed?: number;
  readonly out: string;
  readonly repeat: number;
  readonly tour?: true;
  readonly mutant: readonly MutantId[];
}

async function runAll(
  scenarios: readonly Scenario[],
  options: RunOptions,
  frame: Frame,
): Promise<ScenarioResult[]> {
  const { terminal } = frame;
  const out = path.resolve(frame.cwd, options.out);
  const results: ScenarioResult[] = [];
  for (const scenario of scenarios) {
    for (let time = 1; time <= options.repeat; time++) {
      const seed = options.seed ?? frame.drawSeed();
      const result = await runInSandbox({ scenario, out, seed, mutants: options.mutant }, frame);
      results.push(result);
      if (options.json || options.tap) continue;
      // Of many runs a line each is read, and the whole table only of those that went wrong.
      if (options.repeat > 1) terminal.result(oneLine(result, time));
      if (options.repeat > 1 && result.verdict.verdict === 'valid') continue;
      printVerdict(result.verdict, result.folder, frame);
      terminal.result('');
    }
  }
  return results;
}

/** `reboot 7: valid, 4,812 ms, blackout 812 ms`. */
function oneLine({ scenario, verdict }: ScenarioResult, time: number): string {
  const { runMs = 0, blackoutMs } = verdict.timings;
  const ms = (value: number): string => `${Math.round(value).toLocaleString('en')} ms`;
  const dark = blackoutMs === undefined ? '' : `, blackout ${ms(blackoutMs)}`;
  return `${scenario} ${time}: ${verdict.verdict}, ${ms(runMs)}${dark}`;
}

/** `5 scenarios: 4 valid, 1 violation (reboot)`. */
function summary(results: readonly ScenarioResult[], colours: Colours): string {
  const named = (verdict: Verdict): string[] =>
    results.filter((result) => result.verdict.verdict === verdict).map(({ scenario }) => scenario);
  const valid = named('valid');
  const counts = [
    ...(valid.length > 0 ? [colours.green(`${valid.length} valid`)] : []),
    ...(['violation', 'unknown'] as const)
      .filter((verdict) => named(verdict).length > 0)
      .map((verdict) => colours.red(`${named(verdict).length} ${verdict} (${named(verdict).join(', ')})`)),
  ];
  return `${results.length} ${results.length === 1 ? 'scenario' : 'scenarios'}: ${counts.join(', ')}`;
}

/**
 * Those that this machine can run, before anything starts. Of all that ship the others are left out, each with its reason; one that was asked
 * for by its name is not.
 * @throws Refusal
 */
async function thePossible(
  scenarios: readonly Scenario[],
  areNamed: boolean,
  { env, terminal }: Frame,
): Promise<readonly Scenario[]> {
  if (!scenarios.some(needsAbilities)) return scenarios;
  const offer = await namespaceOffer(env);
  return scenarios.filter((scenario) => {
    const refusal = scenarioRefusal(scenario, offer);
    if (refusal === null) return true;
    if (areNamed) throw new Refusal(EXIT.machineCannot, `${refusal}.`);
    terminal.message(`left out: ${refusal}.`);
    return false;
  });
}

/** Names that tell the runs of one scenario apart. */
const judgedRuns = (results: readonly ScenarioResult[], times: number): JudgedRun[] =>
  results.map(({ scenario, verdict, folder }, at) => ({
    name: times === 1 ? scenario : `${scenario} (run ${(at % times) + 1})`,
    verdict,
    folder,
  }));

/** `gracelab run [SCENARIO...]`: scenarios to a verdict. */
export function run(frame: Frame): Command {
  const command = new Command('run')
    .description('run scenarios to a verdict; all that ship when none is named')
    .argument('[scenario...]', 'names of scenarios that ship, or paths of YAML files')
    .addOption(
      new Option('--runtime <kind>', 'how nodes come to be').choices(['namespace']).default('namespace'),
    )
    .addOption(
      new Option('--server <kind>', 'the server under test').choices(['gracelab']).default('gracelab'),
    )
    .addOption(new Option('--fs <kind>', 'the shared filesystem').choices(['tmpfs']).default('tmpfs'))
    .addOption(storeOption('where the ledger is, whatever the scenario says'))
    .option(
      '--nodes <n>',
      'nodes of the cluster, when more than the scenario names',
      wholeNumber(1, MOST_NODES),
    )
    .option('--seed <n>', 'repeats the choices of an earlier run', wholeNumber(0, LARGEST_SEED))
    .option('--repeat <n>', 'runs each scenario so often, a line a run', wholeNumber(1, MOST_REPETITIONS), 1)
    .option('--out <dir>', 'where the run folders go', 'runs')
    .addOption(mutantOption())
    .option('--tour', 'without a name, run a selection that takes half a minute, as `npm start` does')
    .option('--json', 'print one JSON document');
  return addOutputs(command).action(async (names: readonly string[], options: RunOptions) => {
    await refuseBadOutputs(options, frame);
    const chosen = (await chooseScenarios(names, frame.cwd, options)).map((scenario) =>
      withStore(withNodes(scenario, options.nodes), options.store),
    );
    const refusal = await sandboxRefusal(frame.env);
    if (refusal !== null) throw new Refusal(EXIT.machineCannot, refusal);
    const scenarios = await thePossible(chosen, names.length > 0, frame);
    const results = await runAll(scenarios, options, frame);
    const verdict = worst(results.map((result) => result.verdict.verdict));
    if (options.json) frame.terminal.result(JSON.stringify({ verdict, scenarios: results }, null, 2));
    else if (!options.tap) frame.terminal.result(summary(results, frame.terminal.colours));
    const runs = judgedRuns(results, options.repeat);
    frame.conclude(await printResults(runs, options, frame, STATUS_OF[verdict]));
  });
}
