/** One node of the cluster across its lives: boots its agent, breaks it on request, and brings it back when it was fenced. */
import type { Clock } from '../core/clock.ts';
import type { BreakableNode } from '../faults/fault.ts';
import type { HistoryEvent } from '../history/events.ts';
import type { Container, Process, Program } from '../runtime/runtime.ts';
import { Agent, type Reply } from './agent.ts';

/** How a node agent says "this life was fenced; boot me again" (docs/protocol.md). */
const FENCED_EXIT = 70;
/** A node that is fenced again and again has a fault that another boot does not mend. */
const MOST_FENCED_BOOTS = 8;
const FENCED_BACKOFF_MS = 25;
const LONGEST_BACKOFF_MS = 1000;
const STOP_PATIENCE_MS = 2000;
const COMMAND_MS = 2000;

export interface ClusterNodeOptions {
  readonly container: Container;
  readonly program: Program;
  /** Of the agent; the same in every life. */
  readonly configuration: object;
  readonly clock: Clock;
  /** Nanoseconds since the history's origin. */
  readonly stamp: () => number;
  /** From process start to serving. */
  readonly bootMs: number;
  /** From `leave` to the barrier of a planned stop. */
  readonly leaveMs: number;
  readonly record: (event: HistoryEvent) => void;
  /** The node ended without having been told to, for good: one sentence. */
  readonly onLost: (sentence: string) => void;
}

export class ClusterNode implements BreakableNode {
  readonly name: string;
  readonly address: string;
  readonly #options: ClusterNodeOptions;
  #agent: Agent | null = null;
  #serving = false;
  /** The process is about to end because the lab wants it to. */
  #ending = false;
  #paused = false;
  #incarnation = 0;
  #fencedBoots = 0;

  constructor(options: ClusterNodeOptions) {
    this.#options = options;
    this.name = options.container.name;
    this.address = options.container.address;
  }

  get running(): boolean {
    return this.#options.container.running;
  }

  /** Its agent has said that it serves, and has not ended since. */
  get serving(): boolean {
    return this.#serving;
  }

  /** Its process stands still, and {@link resume} lets it go on. */
  get paused(): boolean {
    return this.#paused && this.running;
  }

  /**
   * Boots the next life and waits until it serves.
   * @throws Error one sentence, when it does not
   */
  async start(): Promise<void> {
    const { container, program, configuration, clock, record, bootMs } = this.#options;
    this.#ending = false;
    this.#paused = false;
    const process = await container.boot(program);
    const agent = new Agent({ title: `node ${this.name}`, process, configuration, clock, onEvent: record });
    this.#agent = agent;
    this.#watch(process, agent);
    const ready = await agent.ready(bootMs);
    this.#incarnation = Number(ready.incarnation ?? 0);
    this.#serving = true;
  }

  async powerCut(): Promise<void> {
    this.#expectEnd();
    await this.#options.container.powerCut();
  }

  async kill(): Promise<void> {
    this.#expectEnd();
    await this.#options.container.kill();
  }

  async pause(): Promise<void> {
    this.#options.container.pause();
    this.#paused = true;
  }

  async resume(): Promise<void> {
    this.#options.container.resume();
    this.#paused = false;
  }

  /** Planned stop (C11): grace first, and only past the barrier does the process end and let its locks go. */
  async stop(): Promise<void> {
    if (this.paused) throw new Error(`${this.name} is paused, so it cannot leave the cluster by the book`);
    const left = await this.command('leave', {}, this.#options.leaveMs);
    if (!left.ok) throw new Error(`${this.name} could not stop as planned: ${left.error}`);
    this.#expectEnd();
    await this.#options.container.stop(STOP_PATIENCE_MS);
  }

  command(command: string, parameters: object = {}, timeoutMs: number = COMMAND_MS): Promise<Reply> {
    if (!this.#agent) return Promise.resolve({ ok: false, error: `node ${this.name} is not running` });
    return this.#agent.command(command, parameters, timeoutMs);
  }

  #expectEnd(): void {
    this.#ending = true;
    this.#serving = false;
  }

  #watch(process: Process, agent: Agent): void {
    void process.exited.then(({ code, signal }) => {
      if (this.#agent !== agent) return;
      this.#serving = false;
      if (this.#ending) return;
      const how = signal === null ? `status ${code}` : `signal ${signal}`;
      this.#recordExit(how);
      if (code === FENCED_EXIT) void this.#bootAgain();
      else this.#options.onLost(`node ${this.name} ended by itself (${how}); its log says why`);
    });
  }

  #recordExit(detail: string): void {
    const { record, stamp } = this.#options;
    record({
      kind: 'node',
      t: stamp(),
      node: this.name,
      incarnation: this.#incarnation,
      event: 'exited',
      detail,
    });
  }

  /** A fenced life is over, which is no failure of the node: it comes back as any rebooting one does. */
  async #bootAgain(): Promise<void> {
    const { clock, onLost } = this.#options;
    if (this.#fencedBoots === MOST_FENCED_BOOTS)
      return onLost(`node ${this.name} was fenced ${MOST_FENCED_BOOTS} times; it is not booted again`);
    const backoffMs = Math.min(LONGEST_BACKOFF_MS, FENCED_BACKOFF_MS * 2 ** this.#fencedBoots);
    this.#fencedBoots += 1;
    await new Promise<void>((resolve) => void clock.after(backoffMs, resolve));
    // A fault, or the end of the lab, may have come first.
    if (this.#ending || this.running) return;
    try {
      await this.start();
    } catch (error) {
      if (!this.#ending) onLost((error as Error).message);
    }
  }
}
