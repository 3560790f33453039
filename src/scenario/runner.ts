/** Runs one scenario from the first container to the verdict, and leaves its run folder. */
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { MutantId } from '../core/mutants.ts';
import type { HistoryEvent } from '../history/events.ts';
import { fileSink } from '../history/history-file.ts';
import { HistoryRecorder, HistoryWriteError } from '../history/recorder.ts';
import { renderHtml } from '../report/html.ts';
import type { Lab } from '../runtime/runtime.ts';
import { type SharedView, sharedViewOf } from './audit.ts';
import { Cluster, type ClusterOptions } from './cluster.ts';
import { clusterFacts, containersOf } from './cluster-shape.ts';
import { endPhase } from './end-phase.ts';
import { judgeRun, type RunSetting } from './judge-run.ts';
import { furtherFilesystems } from './node-configuration.ts';
import type { OpenOperator } from './operator.ts';
import { RunFolder, RunFolderError } from './run-folder.ts';
import type { ScenarioResult } from './run-request.ts';
import { runSteps } from './run-steps.ts';
import type { Scenario } from './scenario.ts';
import { seededRandom } from './seeded-random.ts';
import { StepContext } from './step-context.ts';

/** What a run needs of the outside; the composition root has it. */
export interface RunSurroundings {
  readonly openLab: (options: {
    readonly logsDir: string;
    /** Shared filesystems beside the first one. */
    readonly filesystems: readonly string[];
  }) => Promise<Lab>;
  readonly programs: ClusterOptions['programs'];
  readonly clock: Clock;
  /** The machine's monotonic clock in nanoseconds, the same for all processes of the lab. */
  readonly monotonicNs: () => bigint;
  /** Now, as the name of a folder: sortable, without colons. */
  readonly folderTime: () => string;
  /** The lab's own look at the shared filesystem. */
  readonly view: (sharedDir: string) => SharedView;
  readonly openOperator: OpenOperator;
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
    signal.addEventListener('abort', () => reject(new InterruptedError('the run was interrupted')), {
      once: true,
    });
  });
}

/** Milliseconds by phase; names as in `verdict.json`. */
type Timings = Record<'bootMs' | 'stepsMs' | 'endMs' | 'totalMs', number>;

class Run {
  readonly #options: RunOptions;
  readonly #outside: RunSurroundings;
  readonly #folder: RunFolder;
  readonly #recorder: HistoryRecorder;
  readonly #originNs: bigint;
  readonly #timings: Timings = { bootMs: 0, stepsMs: 0, endMs: 0, totalMs: 0 };
  /** The first thing that went wrong; what follows from it is of no interest. */
  #failure: string | null = null;
  #addresses: ReadonlyMap<string, string> = new Map();
  #writeError: HistoryWriteError | null = null;
  /** Ends the steps at once. */
  #giveUp = () => {};

  constructor(options: RunOptions, outside: RunSurroundings, folder: RunFolder) {
    this.#options = options;
    this.#outside = outside;
    this.#folder = folder;
    this.#recorder = new HistoryRecorder(fileSink(join(folder.path, 'history.jsonl')));
    this.#originNs = outside.monotonicNs();
  }

  async toTheEnd(): Promise<ScenarioResult> {
    const { scenario, progress } = this.#options;
    try {
      // Again at the end, when the addresses are known; a run that is killed can be judged by this one.
      await this.#folder.write('topology.json', json(this.#topology()));
      progress('starting the lab');
      await using lab = await this.#outside.openLab({
        logsDir: this.#folder.logs,
        filesystems: furtherFilesystems(scenario.cluster),
      });
      this.#record({
        kind: 'run',
        t: this.#stamp(),
        event: 'start',
        text: scenario.name,
        cluster: clusterFacts(scenario.cluster),
      });
      await this.#onLab(lab);
      this.#record({
        kind: 'run',
        t: this.#stamp(),
        event: 'end',
        ...(this.#failure !== null && { text: this.#failure }),
      });
      progress('taking the lab down');
    } finally {
      this.#recorder.close();
    }
    if (this.#writeError) throw this.#writeError;
    this.#timings.totalMs = this.#elapsedMs();
    progress('judging');
    return this.#judged();
  }

  async #onLab(lab: Lab): Promise<void> {
    const { scenario, mutants, progress, seed } = this.#options;
    const { clock, programs, view } = this.#outside;
    const stamp = this.#stamp;
    const record = this.#record;
    progress('starting the nodes');
    const cluster = await this.#started({
      lab,
      shape: scenario.cluster,
      mutants,
      programs,
      clock,
      originNs: this.#originNs,
      stamp,
      record,
    });
    if (cluster === null) return;
    try {
      const context = new StepContext({
        cluster,
        clock,
        random: seededRandom(seed),
        stamp,
        record: cluster.record,
        progress,
        latecomers: Map.groupBy(
          scenario.clients.filter(({ node }) => scenario.cluster.spares.includes(node)),
          ({ node }) => node,
        ),
        openOperator: this.#outside.openOperator,
      });
      await this.#withinDeadline(context, async () => {
        progress('starting the clients');
        await this.#attempt(() => startClients(scenario, context));
        this.#timings.bootMs = this.#elapsedMs();
        if (this.#failure === null) await this.#attempt(() => runSteps(scenario.steps, context));
        this.#timings.stepsMs = this.#elapsedMs() - this.#timings.bootMs;
        await this.#attempt(() => endPhase(scenario, context, sharedViewOf(scenario.cluster, lab, view)));
        await lastWords(cluster);
        this.#timings.endMs = this.#elapsedMs() - this.#timings.bootMs - this.#timings.stepsMs;
      });
      this.#addresses = new Map(cluster.nodes.map(({ name, address }) => [name, address]));
    } finally {
      cluster.expectEnd();
    }
  }

  /** A cluster that does not come up is a run that fell short; the nodes' logs, which it leaves, say why. */
  async #started(options: ClusterOptions): Promise<Cluster | null> {
    try {
      return await Cluster.start(options);
    } catch (error) {
      this.#failure = (error as Error).message;
      return null;
    }
  }

  /** Keeps the reason of the first failure, and goes on. */
  async #attempt(part: () => Promise<void>): Promise<void> {
    try {
      await part();
    } catch (error) {
      this.#failure ??= (error as Error).message;
    }
  }

  /** What is still under way when the deadline passes ends with the lab, which follows at once. */
  async #withinDeadline(context: StepContext, work: () => Promise<void>): Promise<void> {
    const { deadlineMs } = this.#options.scenario;
    let cancel = () => {};
    const late = new Promise<void>((resolve) => {
      this.#giveUp = resolve;
      cancel = this.#outside.clock.after(deadlineMs, () => {
        this.#failure ??= `the run was not over after its deadline of ${deadlineMs} ms`;
        resolve();
      });
    });
    await Promise.race([work(), late]);
    cancel();
    context.over = true;
  }

  readonly #stamp = (): number => Number(this.#outside.monotonicNs() - this.#originNs);

  readonly #elapsedMs = (): number => Math.round(this.#stamp() / 1e6);

  /** A history that cannot be written makes the run worthless; it ends at once. */
  readonly #record = (event: HistoryEvent): void => {
    if (this.#writeError) return;
    try {
      this.#recorder.record(event);
    } catch (error) {
      if (!(error instanceof HistoryWriteError)) throw error;
      this.#writeError = error;
      this.#failure ??= error.message;
      this.#giveUp();
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
        address: this.#addresses.get(name) ?? null,
      })),
      startedAt: this.#folder.time,
    };
  }

  async #judged(): Promise<ScenarioResult> {
    const { scenario, seed } = this.#options;
    const history = this.#recorder.history();
    const run = { history, scenario, seed, failure: this.#failure, timings: this.#timings };
    const verdict = judgeRun({ ...run, setting: this.#outside.setting });
    const folder = this.#folder;
    await folder.write('topology.json', json(this.#topology()));
    await folder.write('verdict.json', json(verdict));
    await folder.write('report.html', renderHtml(history, verdict));
    await folder.becomeLatest();
    const { name, title } = scenario;
    return { scenario: name, title, verdict, folder: folder.path, failure: this.#failure };
  }
}

/** Clients start one beside the other, and are through with their first recovery before the first step. */
async function startClients(scenario: Scenario, context: StepContext): Promise<void> {
  const { cluster } = context;
  const present = scenario.clients.filter(({ node }) => scenario.cluster.nodes.includes(node));
  await context.until(() => cluster.observations.liftedSince(0), 15_000, 'the end of the first grace');
  await Promise.all(
    present.map(async (described) => {
      const client = await cluster.addClient(described);
      const timeoutMs = 10_000;
      const reply = await client.command('await', { what: 'recovered', timeoutMs }, timeoutMs + 1000);
      if (!reply.ok) throw new Error(reply.error);
      if (reply.status !== 'OK') throw new Error(`client ${client.name} got no session at ${client.node}`);
    }),
  );
}

/** Whatever an agent has said up to its answer has arrived once the answer has. */
async function lastWords(cluster: Cluster): Promise<void> {
  const serving = cluster.nodes.filter((node) => node.serving);
  await Promise.all([
    ...serving.map((node) => node.command('status')),
    ...cluster.clients.map((client) => client.command('state', {}, 2000)),
  ]);
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
