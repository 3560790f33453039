/** Runs one scenario from the first container to the verdict, and leaves its run folder. */
import { join } from 'node:path';
import type { MutantId } from '../core/mutants.ts';
import type { HistoryEvent } from '../history/events.ts';
import { fileSink } from '../history/history-file.ts';
import { HistoryRecorder, HistoryWriteError } from '../history/recorder.ts';
import { renderHtml } from '../report/html.ts';
import type { Lab } from '../runtime/runtime.ts';
import { containersOf } from './cluster-shape.ts';
import { writeScenario } from './format/write.ts';
import { judgeRun, type RunSetting } from './judge-run.ts';
import { LabRun, type LabSurroundings } from './lab-run.ts';
import { furtherFilesystems } from './node-configuration.ts';
import { RunFolder, RunFolderError } from './run-folder.ts';
import type { ScenarioResult } from './run-request.ts';
import type { Scenario } from './scenario.ts';

/** What a run needs of the outside; the composition root has it. */
export interface RunSurroundings extends LabSurroundings {
  readonly openLab: (options: {
    readonly logsDir: string;
    /** Shared filesystems beside the first one. */
    readonly filesystems: readonly string[];
  }) => Promise<Lab>;
  /** Now, as the name of a folder: sortable, without colons. */
  readonly folderTime: () => string;
  readonly setting: RunSetting;
  /** Somebody wants the run to end now; it leaves nothing then. */
  readonly interruption: AbortSignal;
}

export interface RunOptions {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly mutants: readonly MutantId[];
  /** Absolute path of the folder that holds the run folders. */
  readonly out: string;
  /** Called whenever the run turns to something else. */
  readonly progress: (text: string) => void;
}

/**
 * A step that fails or a deadline that passes does not throw: the run ends early and its verdict says so.
 * @throws InterruptedError; nothing is left then
 * @throws RunFolderError when the run folder cannot be written; nothing is left then
 * @throws Error one sentence, when the lab itself does not come up
 */
export async function runScenario(
  options: RunOptions,
  surroundings: RunSurroundings,
): Promise<ScenarioResult> {
  const folder = await RunFolder.create(options.out, options.scenario.name, surroundings.folderTime());
  try {
    const run = new Run(options, surroundings, folder).toTheEnd();
    return await Promise.race([run, interruption(surroundings.interruption)]);
  } catch (error) {
    await folder.remove();
    throw error instanceof HistoryWriteError
      ? new RunFolderError(`${error.message}; choose another place with --out`)
      : error;
  }
}

/** The run was ended from outside. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** Rejects when the signal comes. What the run still does then ends with the process. */
function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = () => reject(new InterruptedError('the run was interrupted'));
    // It may have come while the folder was made.
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

class Run {
  readonly #options: RunOptions;
  readonly #outside: RunSurroundings;
  readonly #folder: RunFolder;
  readonly #recorder: HistoryRecorder;
  readonly #lab: LabRun;
  #writeError: HistoryWriteError | null = null;

  constructor(options: RunOptions, outside: RunSurroundings, folder: RunFolder) {
    this.#options = options;
    this.#outside = outside;
    this.#folder = folder;
    this.#recorder = new HistoryRecorder(fileSink(join(folder.path, 'history.jsonl')));
    this.#lab = new LabRun(options, outside, this.#record);
  }

  async toTheEnd(): Promise<ScenarioResult> {
    const { scenario, progress } = this.#options;
    try {
      // Again at the end, when the addresses are known; a run that is killed can be judged by this one.
      await this.#folder.write('topology.json', json(this.#topology()));
      await this.#folder.write('scenario.yaml', writeScenario(scenario));
      progress('starting the lab');
      await using lab = await this.#outside.openLab({
        logsDir: this.#folder.logs,
        filesystems: furtherFilesystems(scenario.cluster),
      });
      await this.#lab.toTheEnd(lab);
      progress('taking the lab down');
    } finally {
      this.#recorder.close();
    }
    if (this.#writeError) throw this.#writeError;
    this.#lab.labIsDown();
    progress('judging');
    return this.#judged();
  }

  /** A history that cannot be written makes the run worthless; it ends at once. */
  readonly #record = (event: HistoryEvent): void => {
    if (this.#writeError) return;
    try {
      this.#recorder.record(event);
    } catch (error) {
      if (!(error instanceof HistoryWriteError)) throw error;
      this.#writeError = error;
      this.#lab.giveUp(error.message);
    }
  };

  #topology(): object {
    const { scenario, seed, mutants } = this.#options;
    return {
      scenario,
      seed,
      mutants,
      ...this.#outside.setting,
      nodes: containersOf(scenario.cluster).map((name) => ({
        name,
        address: this.#lab.addresses.get(name) ?? null,
      })),
      startedAt: this.#folder.time,
    };
  }

  async #judged(): Promise<ScenarioResult> {
    const { scenario, seed } = this.#options;
    const history = this.#recorder.history();
    const { failure, timings } = this.#lab;
    const run = { history, scenario, seed, failure, timings };
    const verdict = judgeRun({ ...run, setting: this.#outside.setting });
    const folder = this.#folder;
    await folder.write('topology.json', json(this.#topology()));
    await folder.write('verdict.json', json(verdict));
    await folder.write('report.html', renderHtml(history, verdict));
    await folder.becomeLatest();
    const { name, title } = scenario;
    return { scenario: name, title, verdict, folder: folder.path, failure };
  }
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
