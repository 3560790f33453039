/** What is left of a failing history: the smallest scenario that still fails, written so that `gracelab run` takes it. */
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { CheckName } from '../../check/verdict.ts';
import { counted } from '../../scenario/format/words.ts';
import { writeScenario } from '../../scenario/format/write.ts';
import { parseScenario } from '../../scenario/load.ts';
import { folderTime, RunFolderError } from '../../scenario/run-folder.ts';
import type { Scenario, Step } from '../../scenario/scenario.ts';
import { smallestFailing } from '../../sim/campaign.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Frame } from '../frame.ts';
import { nearPath, printVerdict } from '../verdicts.ts';
import { SIMULATED_AGENTS } from './agents.ts';
import { type LeftRun, leaveRun } from './leave-run.ts';
import { type Order, type Plan, scenarioOf } from './order.ts';

export interface LeavingOptions {
  /** Absolute. */
  readonly out: string;
  /** Histories that may be spent on it. */
  readonly tries: number;
  /** Ends the search; the smallest so far is what is left. */
  readonly enough: AbortSignal;
  /** Nothing is told of it on stdout. */
  readonly quiet: boolean;
}

export interface Left {
  readonly folder: string;
  readonly seed: number;
}

/** Where progress cannot be written over. */
const LOG_EVERY_MS = 30_000;

export async function findSmaller(
  order: Order,
  check: CheckName,
  plan: Plan,
  options: LeavingOptions,
  frame: Frame,
): Promise<Left> {
  const { mutants } = plan;
  const found = await smallestFailing({
    scenario: scenarioOf(plan, order),
    seed: order.seed,
    check,
    mutants,
    agents: SIMULATED_AGENTS,
    isSound: (scenario) => parseScenario(writeScenario(scenario), 'smaller').ok,
    mostTries: options.tries,
    enough: options.enough,
    // A history leaves the event loop no turn; a signal takes one.
    breathe: () => setImmediate(),
    onProgress: (tries, scenario) =>
      frame.terminal.progress(`making it smaller: ${tries} tries, ${sizeOf(scenario)} ...`, LOG_EVERY_MS),
  });
  return leave({ ...found, mutants }, options, frame);
}

/** @throws Refusal when its folder cannot be written */
export async function leave(run: LeftRun, { out, quiet }: LeavingOptions, frame: Frame): Promise<Left> {
  const { scenario, seed, mutants, simulated } = run;
  const folder = await leaveRun(run, { out, time: folderTime(new Date()) }).catch((error: unknown) => {
    if (error instanceof RunFolderError) throw new Refusal(EXIT.machineCannot, `${error.message}.`);
    throw error;
  });
  if (!quiet) {
    const { terminal, cwd } = frame;
    printVerdict(simulated.verdict, folder, frame);
    const file = path.join(nearPath(folder, cwd), 'scenario.yaml');
    const broken = mutants.map((id) => ` --mutant ${id}`).join('');
    terminal.result(
      `\n${sizeOf(scenario)}\nagain: gracelab simulate ${file} --seed ${seed}${broken} --all\non real containers: gracelab run ${file} --seed ${seed}${broken}\n`,
    );
  }
  return { folder, seed };
}

function sizeOf({ cluster, clients, steps }: Scenario): string {
  const count = (all: readonly Step[], of: (step: Step) => boolean): number =>
    all.reduce((sum, step) => {
      const inside =
        step.do === 'parallel' ? step.branches.flat() : step.do === 'repeat' ? step.steps : ([] as Step[]);
      return sum + (of(step) ? 1 : 0) + count(inside, of);
    }, 0);
  const faults = count(steps, (step) => step.do === 'fault');
  return `${counted(cluster.nodes.length, 'node')}, ${counted(clients.length, 'client')}, ${counted(
    count(steps, () => true),
    'step',
  )}, of which ${counted(faults, 'fault')}`;
}
