/** One node of the cluster across its lives: boots its agent, breaks it on request, and brings it back when a life is over for the cluster. */

import type { Clock } from '../core/clock.ts';
import type { ArmedStep, BootConditions, BreakableNode } from '../faults/fault.ts';
import { FaultRefusedError } from '../faults/fault.ts';
import type { HistoryEvent } from '../history/events.ts';
import {
  type Container,
  NODE_PATHS,
  type Process,
  type Program,
  type StableStorage,
} from '../runtime/runtime.ts';
import { Agent, type AgentRequest, type Reply, type RequestAnswer } from './agent.ts';
import { BootRow, MOST_BOOTS_IN_A_ROW } from './boot-row.ts';

/** How a node agent says "this life is over for the cluster; boot me again" (docs/protocol.md). */
const OVER_EXIT = 70;
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
  /** From process start to serving; a boot that says what it waits for is given it anew. */
  readonly bootMs: number;
  /** From `leave` to the barrier of a planned stop. */
  readonly leaveMs: number;
  readonly afterFence: 'boot' | 'stay-down';
  readonly record: (event: HistoryEvent) => void;
  readonly onRequest: (request: AgentRequest) => Promise<RequestAnswer>;
  /** The node ended without having been told to, for good: one sentence. */
  readonly onLost: (sentence: string) => void;
}

/** One life: what it was started as, and what it has said of itself. */
interface Life {
  readonly agent: Agent;
  /** By lock domain ('' where nothing tells them apart), as its events name them. */
  readonly incarnations: Map<string, number>;
}

export class ClusterNode implements BreakableNode {
  readonly name: string;
  readonly address: string;
  /** What its clients mount: leads here, or to its heir. */
  readonly serviceAddress: string;
  readonly #options: ClusterNodeOptions;
  #life: Life | null = null;
  #serving = false;
  #servingSinceMs = 0;
  #paused = false;
  /** Raised by whatever begins or ends a life on purpose: what was planned before is void then. */
  #turn = 0;
  /** The turn in which the node said that its life was over for the cluster. */
  #overIn = -1;
  readonly #row = new BootRow();
  #clockAheadMs = 0;
  readonly #lifeListeners: (() => void)[] = [];
  /** The boot that is under way, until somebody ends that life. */
  #starting: { readonly turn: number; readonly boot: Promise<void> } | null = null;
  /** Where it is to stand still once, in whichever life that is. */
  #armed: { readonly order: ArmedStep; readonly reached: () => void } | null = null;
  /** Several nodes may want it fenced at once; it is done once. */
  #fencing: Promise<void> | null = null;

  constructor(options: ClusterNodeOptions) {
    this.#options = options;
    this.name = options.container.name;
    this.address = options.container.address;
    this.serviceAddress = options.container.serviceAddress ?? options.container.address;
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

  /** By how much the clock of its container is ahead of the lab's. */
  get clockAheadMs(): number {
    return this.#clockAheadMs;
  }

  /** Why its boot waits, in half a sentence; null when it does not. */
  get waitingFor(): string | null {
    return this.running && !this.#serving ? (this.#life?.agent.waitingFor ?? null) : null;
  }

  /** Not the same for two lives; null before the first. */
  get life(): object | null {
    return this.#life;
  }

  /** What the life that runs now is called in a lock domain; null until it has said so. */
  incarnationIn(domain: string): number | null {
    return this.running ? (this.#life?.incarnations.get(domain) ?? null) : null;
  }

  /**
   * Boots the next life and waits until it serves, or until somebody has ended it on purpose before it did: then it is theirs.
   * @throws Error one sentence, when it does not serve
   */
  start(conditions: BootConditions = {}): Promise<void> {
    // Two who bring it back at once mean the same boot.
    if (this.#starting?.turn === this.#turn) return this.#starting.boot;
    this.#turn += 1;
    const boot = this.#begin(this.#turn, conditions);
    this.#starting = { turn: this.#turn, boot };
    const over = () => {
      if (this.#starting?.boot === boot) this.#starting = null;
    };
    boot.then(over, over);
    return boot;
  }

  async #begin(turn: number, { clockAheadMs = this.#clockAheadMs }: BootConditions): Promise<void> {
    const { container, program, configuration, clock, bootMs, onRequest } = this.#options;
    this.#paused = false;
    this.#life = null;
    this.#clockAheadMs = clockAheadMs;
    const process = await container.boot(program, { clockAheadMs });
    for (const listener of this.#lifeListeners) listener();
    const incarnations = new Map<string, number>();
    const agent = new Agent({
      title: `node ${this.name}`,
      process,
      configuration: { ...configuration, clockAheadMs, armed: this.#armed?.order ?? null },
      clock,
      onEvent: (event) => this.#hear(event, incarnations),
      onRequest,
      onReached: () => {
        const armed = this.#armed;
        this.#armed = null;
        armed?.reached();
      },
    });
    this.#life = { agent, incarnations };
    this.#watch(process, turn);
    const ready = await agent.ready(bootMs).catch((error: Error) => {
      if (this.#turn === turn) throw error;
      return null;
    });
    if (ready === null || this.#turn !== turn) return;
    // The boot's own events name it, unless nobody was told of its swap.
    if (incarnations.size === 0 && typeof ready.incarnation === 'number')
      incarnations.set('', ready.incarnation);
    this.#serving = true;
    this.#servingSinceMs = clock.nowMs();
  }

  async powerCut(): Promise<void> {
    this.#endOnPurpose();
    await this.#options.container.powerCut();
  }

  async kill(): Promise<void> {
    this.#endOnPurpose();
    await this.#options.container.kill();
  }

  /**
   * What a fencer does (I8). It is a fault of its own in the history, since it ends a life; and it is none of the node's,
   * which comes back as any rebooting one does.
   */
  killFenced(): Promise<void> {
    this.#fencing ??= this.#killFenced().finally(() => {
      this.#fencing = null;
    });
    return this.#fencing;
  }

  async #killFenced(): Promise<void> {
    const { afterFence, container, record, stamp } = this.#options;
    const fence = { kind: 'fault', fault: 'fence', targets: [this.name] } as const;
    record({ ...fence, t: stamp(), phase: 'begin' });
    this.#row.served(this.#servedForMs);
    this.#expectEnd();
    const turn = this.#turn;
    await container.kill();
    if (afterFence === 'stay-down') return;
    void this.#bootAgain(turn, 'was fenced').then(
      (booted) => booted && record({ ...fence, t: stamp(), phase: 'end' }),
    );
  }

  async pause(): Promise<void> {
    this.#row.broken();
    this.#options.container.pause();
    this.#paused = true;
  }

  async resume(): Promise<void> {
    this.#options.container.resume();
    this.#paused = false;
  }

  get container(): Container {
    return this.#options.container;
  }

  get stable(): StableStorage | undefined {
    return this.#options.container.stable;
  }

  /** Is called in each later life as soon as its container is there, before its server can be. */
  onLife(listener: () => void): void {
    this.#lifeListeners.push(listener);
  }

  /** Is it to stand still somewhere, and has not come there? */
  get armed(): boolean {
    return this.#armed !== null;
  }

  arm(order: ArmedStep): Promise<void> {
    return new Promise((reached) => {
      this.#armed = { order, reached };
      // A life that begins is told with its configuration.
      if (this.running) void this.command('arm', { armed: order });
    });
  }

  disarm(): void {
    this.#armed = null;
    if (this.running) void this.command('arm', { armed: null });
  }

  /**
   * Another process of this node's own program, in its container, that claims to be the node (C14).
   * @param stable where it looks for the node's storage; null: where the node has it
   * @returns how it ended; on stdout, as JSON lines, what it told its lab
   */
  async impostor(
    stable: string | null,
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const { container, program, configuration } = this.#options;
    const told = stable === null ? configuration : { ...configuration, stable };
    // An agent ends with its stdin, so it is given one that nobody ever closes.
    const shell = ['sh', '-c', 'mkfifo "$0" && exec 3<>"$0" && head -n 1 >&3 && exec "$@" <&3'];
    const fifo = `${NODE_PATHS.volatile}/impostor-${stable === null ? 'own' : 'other'}`;
    return container.exec([...shell, fifo, ...program.argv], { input: `${JSON.stringify(told)}\n` });
  }

  /** Planned stop (C11): grace first, and only past the barrier does the process end and let its locks go. */
  async stop(): Promise<void> {
    if (this.paused)
      throw new FaultRefusedError(`${this.name} is paused, so it cannot leave the cluster by the book`);
    // A boot keeps what it is told for later, when nobody waits for it any more.
    if (!this.#serving)
      throw new Error(`${this.name} does not serve yet, so it cannot leave the cluster by the book`);
    const turn = this.#turn;
    const left = await this.command('leave', {}, this.#options.leaveMs);
    // Ended on purpose, and otherwise, on its way out: whoever did that brings it back, or not.
    if (this.#turn !== turn) return;
    // It gave its life up before it could leave; with that it is down, and is told of as such.
    if (this.#overIn === turn) return this.#endOnPurpose();
    if (!left.ok) throw new Error(`${this.name} could not stop as planned: ${left.error}`);
    this.#endOnPurpose();
    await this.#options.container.stop(STOP_PATIENCE_MS);
  }

  command(command: string, parameters: object = {}, timeoutMs: number = COMMAND_MS): Promise<Reply> {
    if (!this.#life) return Promise.resolve({ ok: false, error: `node ${this.name} is not running` });
    return this.#life.agent.command(command, parameters, timeoutMs);
  }

  #hear(event: HistoryEvent, incarnations: Map<string, number>): void {
    if ((event.kind === 'ledger' || event.kind === 'node') && event.incarnation > 0)
      incarnations.set(event.domain ?? '', event.incarnation);
    this.#options.record(event);
  }

  #endOnPurpose(): void {
    this.#row.broken();
    this.#expectEnd();
  }

  get #servedForMs(): number {
    return this.#serving ? this.#options.clock.nowMs() - this.#servingSinceMs : 0;
  }

  #expectEnd(): void {
    this.#turn += 1;
    this.#serving = false;
  }

  #watch(process: Process, turn: number): void {
    void process.exited.then(({ code, signal }) => {
      if (this.#turn !== turn) return;
      this.#row.served(this.#servedForMs);
      this.#serving = false;
      const how = signal === null ? `status ${code}` : `signal ${signal}`;
      this.#recordExit(how);
      if (code === OVER_EXIT) {
        this.#overIn = turn;
        void this.#bootAgain(turn, 'ended its life');
      } else this.#options.onLost(`node ${this.name} ended by itself (${how}); its log says why`);
    });
  }

  #recordExit(detail: string): void {
    const { record, stamp } = this.#options;
    const lives = this.#life?.incarnations ?? new Map<string, number>();
    const named = lives.size === 0 ? new Map([['', 0]]) : lives;
    for (const [domain, incarnation] of named) {
      const label = domain === '' ? {} : { domain };
      record({ kind: 'node', t: stamp(), node: this.name, incarnation, event: 'exited', detail, ...label });
    }
  }

  /** A life that was over for the cluster is no failure of the node. @returns did it boot? */
  async #bootAgain(turn: number, why: string): Promise<boolean> {
    const { clock, onLost } = this.#options;
    const backoffMs = this.#row.next();
    if (backoffMs === null) {
      onLost(`node ${this.name} ${why} ${MOST_BOOTS_IN_A_ROW} times in a row; it is not booted again`);
      return false;
    }
    await new Promise<void>((resolve) => void clock.after(backoffMs, resolve));
    // A fault, or the end of the lab, may have come first.
    if (this.#turn !== turn || this.running) return false;
    const starting = this.start();
    const own = this.#turn;
    try {
      await starting;
      return this.#turn === own;
    } catch (error) {
      // A life that has ended is looked after where its end is noticed; one that never began, or never served, is not.
      if (this.#turn === own && (this.#life === null || this.running)) onLost((error as Error).message);
      return false;
    }
  }
}
