/** One local program of the cluster: it begins when it is first needed in a life of its node, and ends with that life. */
import type { Clock } from '../core/clock.ts';
import type { HistoryEvent } from '../history/events.ts';
import type { Process, Program } from '../runtime/runtime.ts';
import { Agent, type Reply } from './agent.ts';
import type { ClusterNode } from './cluster-node.ts';

/** Of one life's requests; ids go on in the next one, so that a history never has an id twice. */
const OPERATIONS_PER_LIFE = 100_000_000;

export interface ClusterProgramOptions {
  readonly name: string;
  readonly node: ClusterNode;
  readonly program: Program;
  readonly originNs: bigint;
  readonly clock: Clock;
  /** Nanoseconds since the history's origin. */
  readonly stamp: () => number;
  /** From process start to `ready`. */
  readonly bootMs: number;
  readonly record: (event: HistoryEvent) => void;
}

export class ClusterProgram {
  readonly name: string;
  readonly #options: ClusterProgramOptions;
  #agent: Promise<Agent> | null = null;
  #lives = 0;

  constructor(options: ClusterProgramOptions) {
    this.#options = options;
    this.name = options.name;
  }

  /** Begins, where its node has begun and it has not. @throws Error one sentence, when it does not come up */
  async start(): Promise<Agent> {
    this.#agent ??= this.#begin();
    try {
      return await this.#agent;
    } catch (error) {
      this.#agent = null;
      throw error;
    }
  }

  /** Never rejects: a program whose node is down has its own answer. */
  async command(command: string, parameters: object, timeoutMs: number): Promise<Reply> {
    try {
      return await (await this.start()).command(command, parameters, timeoutMs);
    } catch (error) {
      return { ok: false, error: (error as Error).message };
    }
  }

  async #begin(): Promise<Agent> {
    const { name, node, program, originNs, clock, bootMs, record } = this.#options;
    if (!node.serving) throw new Error(`${node.name}, on which ${name} runs, does not serve`);
    const { beside } = node.container;
    if (beside === undefined) throw new Error(`no program can run beside ${node.name} here`);
    const process = await node.container.beside!(program);
    const agent = new Agent({
      title: `program ${name}`,
      process,
      configuration: {
        name,
        node: node.name,
        originNs: String(originNs),
        operationsFrom: this.#lives * OPERATIONS_PER_LIFE,
        clockAheadMs: node.clockAheadMs,
      },
      clock,
      onEvent: record,
    });
    this.#lives += 1;
    this.#watch(process);
    await agent.ready(bootMs);
    return agent;
  }

  #watch(process: Process): void {
    const { name, node, stamp, record } = this.#options;
    void process.exited.then(() => {
      this.#agent = null;
      record({ kind: 'client', t: stamp(), client: name, node: node.name, event: 'stopped', local: true });
    });
  }
}
