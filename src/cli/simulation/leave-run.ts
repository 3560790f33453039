/** A simulated history on disk: a run folder like those of real runs, with the scenario that it is of. */
import path from 'node:path';
import type { MutantId } from '../../core/mutants.ts';
import { renderHtml } from '../../report/html.ts';
import { writeScenario } from '../../scenario/format/write.ts';
import { RunFolder } from '../../scenario/run-folder.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { SIMULATION_SETTING, type Simulated } from '../../sim/simulate.ts';

export interface LeftRun {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly mutants: readonly MutantId[];
  readonly simulated: Simulated;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/**
 * @param out absolute path of the folder that holds the run folders
 * @returns its path
 * @throws RunFolderError when it cannot be written; nothing is left then
 */
export async function leaveRun(
  run: LeftRun,
  { out, time }: { readonly out: string; readonly time: string },
): Promise<string> {
  const folder = await RunFolder.create(out, run.scenario.name, time);
  try {
    await writeAll(run, folder);
  } catch (error) {
    await folder.remove();
    throw error;
  }
  return folder.path;
}

async function writeAll({ scenario, seed, mutants, simulated }: LeftRun, folder: RunFolder): Promise<void> {
  const { history, verdict, log } = simulated;
  const nodes = scenario.cluster.nodes.map((name) => ({ name, address: null }));
  const topology = { scenario, seed, mutants, ...SIMULATION_SETTING, nodes, startedAt: folder.time };
  await folder.write('scenario.yaml', writeScenario(scenario));
  await folder.write('topology.json', json(topology));
  await folder.write('history.jsonl', history.map((event) => `${JSON.stringify(event)}\n`).join(''));
  await folder.write('verdict.json', json(verdict));
  await folder.write(path.join('logs', 'processes.log'), log.map((line) => `${line}\n`).join(''));
  await folder.write('report.html', renderHtml(history, verdict));
  await folder.becomeLatest();
}
