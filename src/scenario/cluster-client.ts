/** One client of the cluster across its lives: a process that can die and come back as another instance of the same client. */
import type { Clock } from '../core/clock.ts';
import type { BootConditions, BreakableNode } from '../faults/fault.ts';
import type { HistoryEvent } from '../history/events.ts';
import type { Container, Program } from '../runtime/runtime.ts';
import { Agent, type Reply } from './agent.ts';

/** Of one life's requests; ids go on in the next one, so that a history never has an id twice. */
const OPERATIONS_PER_LIFE = 100_000_000;

export interface ClusterClientOptions {
  readonly container: Container;
  readonly program: Program;
  /** Whose service address it mounts. */
  readonly node: string;
  /** Of the agent; the same in every life. */
  readonly configuration: object;
  readonly clock: Clock;
  /** Nanoseconds since the history's origin. */
  readonly stamp: () => number;
  /** From process start to `ready`. */
  readonly bootMs: number;
  readonly record: (event: HistoryEvent) => void;
  /** It ended without having been told to: one sentence. */
  readonly onLost: (sentence: string) => void;
}

export class ClusterClient implements BreakableNode {
  readonly name: string;
  readonly node: string;
  readonly address: string;
  readonly #options: ClusterClientOptions;
  #agent: Agent | null = null;
  #lives = 0;
  #clockAheadMs = 0;
  /** Raised by whatever ends a life on purpose. */
  #turn = 0;
  /** What runs on the machine, by name, and begins again with it. */
  readonly #loops = new Map<string, object>();

  constructor(options: ClusterClientOptions) {
    this.#options = options;
    this.name = options.container.name;
    this.node = options.node;
    this.address = options.container.address;
  }

  get running(): boolean {
    return this.#options.container.running;
  }

  /** Another instance of the same client: the same owner id, another verifier, nothing in its memory. */
  async start({ clockAheadMs = this.#clockAheadMs }: BootConditions = {}): Promise<void> {
    const { container, program, configuration, clock, bootMs, record, onLost } = this.#options;
    this.#turn += 1;
    const turn = this.#turn;
    this.#clockAheadMs = clockAheadMs;
    const process = await container.boot(program, { clockAheadMs });
    const agent = new Agent({
      title: `client ${this.name}`,
      process,
      configuration: { ...configuration, clockAheadMs, operationsFrom: this.#lives * OPERATIONS_PER_LIFE },
      clock,
      onEvent: record,
    });
    this.#lives += 1;
    this.#agent = agent;
    void process.exited.then(({ code, signal }) => {
      if (this.#turn === turn)
        onLost(`client ${this.name} ended by itself (${signal ?? `status ${code}`}); its log says why`);
    });
    await agent.ready(bootMs).catch((error: Error) => {
      // Ended on purpose before it was: whoever did that brings it back, or not.
      if (this.#turn === turn) throw error;
    });
    if (this.#turn !== turn) return;
    for (const loop of this.#loops.values()) void agent.command('loop', loop, bootMs);
  }

  /** Never rejects: a client that is down has its own answer. */
  async command(command: string, parameters: object, timeoutMs: number): Promise<Reply> {
    const { loop } = parameters as { loop?: string };
    if (command === 'loop' && loop !== undefined) this.#loops.set(loop, parameters);
    if (command === 'stop-loop' && loop !== undefined) {
      this.#loops.delete(loop);
      if (!this.running) return { ok: true, status: 'OK' };
    }
    if (this.#agent === null) return { ok: false, error: `client ${this.name} is not running` };
    return await this.#agent.command(command, parameters, timeoutMs);
  }

  async powerCut(): Promise<void> {
    this.#forget();
    await this.#options.container.powerCut();
  }

  async kill(): Promise<void> {
    this.#forget();
    await this.#options.container.kill();
  }

  /** A client has no book to leave by: its process ends. */
  stop(): Promise<void> {
    return this.kill();
  }

  async pause(): Promise<void> {
    this.#options.container.pause();
  }

  async resume(): Promise<void> {
    this.#options.container.resume();
  }

  /** Before anything of it is gone: from here on it believes nothing, whatever its server still keeps for it. */
  #forget(): void {
    this.#turn += 1;
    if (!this.running) return;
    const { stamp, record } = this.#options;
    record({ kind: 'client', t: stamp(), client: this.name, node: this.node, event: 'stopped' });
  }
}
