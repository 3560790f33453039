/** The part of a run that happens on a lab, whatever the lab is made of: from the first node to the last audit, told to a recorder. */
import type { Clock } from '../core/clock.ts';
import type { MutantId } from '../core/mutants.ts';
import type { HistoryEvent } from '../history/events.ts';
import type { Lab } from '../runtime/runtime.ts';
import { type SharedView, sharedViewOf } from './audit.ts';
import { Cluster, type ClusterOptions } from './cluster.ts';
import { clusterFacts } from './cluster-shape.ts';
import { endPhase } from './end-phase.ts';
import { scenarioRefusal } from './needed-abilities.ts';
import type { OpenOperator } from './operator.ts';
import { runSteps } from './run-steps.ts';
import type { Scenario } from './scenario.ts';
import { seededRandom } from './seeded-random.ts';
import { StepContext } from './step-context.ts';

export interface LabSurroundings {
  readonly programs: ClusterOptions['programs'];
  readonly openLedgerHold?: ClusterOptions['openLedgerHold'];
  readonly ledgerAccess?: ClusterOptions['ledgerAccess'];
  readonly clock: Clock;
  /** The machine's monotonic clock in nanoseconds, the same for all processes of the lab. */
  readonly monotonicNs: () => bigint;
  /** The lab's own look at the shared filesystem. */
  readonly view: (sharedDir: string) => SharedView;
  readonly openOperator: OpenOperator;
}

export interface LabRunOptions {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly mutants: readonly MutantId[];
  /** Called whenever the run turns to something else. */
  readonly progress: (text: string) => void;
}

/** Milliseconds by phase; names as in `verdict.json`. */
type Timings = Record<'bootMs' | 'stepsMs' | 'endMs' | 'totalMs', number>;

export class LabRun {
  readonly timings: Timings = { bootMs: 0, stepsMs: 0, endMs: 0, totalMs: 0 };
  readonly #options: LabRunOptions;
  readonly #outside: LabSurroundings;
  readonly #record: (event: HistoryEvent) => void;
  readonly #originNs: bigint;
  /** The first thing that went wrong; what follows from it is of no interest. */
  #failure: string | null = null;
  #addresses: ReadonlyMap<string, string> = new Map();
  /** Ends the steps at once. */
  #giveUp = () => {};

  /** Times are counted from now on. */
  constructor(options: LabRunOptions, outside: LabSurroundings, record: (event: HistoryEvent) => void) {
    this.#options = options;
    this.#outside = outside;
    this.#record = record;
    this.#originNs = outside.monotonicNs();
  }

  /** Why it ended before its last step; null when it did not. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Of the nodes, once the steps are over. */
  get addresses(): ReadonlyMap<string, string> {
    return this.#addresses;
  }

  /** A step that fails or a deadline that passes does not throw: the run ends early, and {@link failure} says why. */
  async toTheEnd(lab: Lab): Promise<void> {
    const { scenario } = this.#options;
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
  }

  /** Ends the run as soon as may be. */
  giveUp(reason: string): void {
    this.#failure ??= reason;
    this.#giveUp();
  }

  /** What was run on is gone. */
  labIsDown(): void {
    this.timings.totalMs = this.#elapsedMs();
  }

  async #onLab(lab: Lab): Promise<void> {
    const { scenario, mutants, progress } = this.#options;
    const { clock, programs, openLedgerHold, ledgerAccess } = this.#outside;
    const refusal = lab.offer === undefined ? null : scenarioRefusal(scenario, lab.offer);
    if (refusal !== null) {
      this.#failure = refusal;
      return;
    }
    progress('starting the nodes');
    const cluster = await this.#started({
      lab,
      shape: scenario.cluster,
      mutants,
      programs,
      ...(openLedgerHold && { openLedgerHold }),
      ...(ledgerAccess && { ledgerAccess }),
      clock,
      originNs: this.#originNs,
      stamp: this.#stamp,
      record: this.#record,
    });
    if (cluster === null) return;
    try {
      const context = this.#contextOn(cluster);
      await this.#withinDeadline(context, () => this.#allPhases(context, lab));
      this.#addresses = new Map(cluster.nodes.map(({ name, address }) => [name, address]));
    } finally {
      cluster.expectEnd();
    }
  }

  #contextOn(cluster: Cluster): StepContext {
    const { scenario, seed, progress } = this.#options;
    const { clock, openOperator } = this.#outside;
    return new StepContext({
      cluster,
      clock,
      random: seededRandom(seed),
      stamp: this.#stamp,
      record: cluster.record,
      progress,
      latecomers: Map.groupBy(
        scenario.clients.filter(({ node }) => scenario.cluster.spares.includes(node)),
        ({ node }) => node,
      ),
      openOperator,
    });
  }

  async #allPhases(context: StepContext, lab: Lab): Promise<void> {
    const { scenario, progress } = this.#options;
    progress('starting the clients');
    await this.#attempt(() => startClients(scenario, context));
    this.timings.bootMs = this.#elapsedMs();
    if (this.#failure === null) await this.#attempt(() => runSteps(scenario.steps, context));
    this.timings.stepsMs = this.#elapsedMs() - this.timings.bootMs;
    await this.#attempt(() =>
      endPhase(scenario, context, sharedViewOf(scenario.cluster, lab, this.#outside.view)),
    );
    await lastWords(context.cluster);
    this.timings.endMs = this.#elapsedMs() - this.timings.bootMs - this.timings.stepsMs;
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
  await Promise.all((scenario.programs ?? []).map((program) => cluster.addProgram(program)));
}

/** Whatever an agent has said up to its answer has arrived once the answer has. */
async function lastWords(cluster: Cluster): Promise<void> {
  const serving = cluster.nodes.filter((node) => node.serving);
  await Promise.all([
    ...serving.map((node) => node.command('status')),
    ...cluster.clients.map((client) => client.command('state', {}, 2000)),
    ...cluster.programs.map((program) => program.command('state', {}, 2000)),
  ]);
}
