/** A process of a simulated container. What it does, it does in turns; a dead one has none any more, and a stopped one has them later. */
import type { Clock } from '../../core/clock.ts';
import type { Process } from '../../runtime/runtime.ts';
import type { Timeline } from '../timeline.ts';

/** From one end of a pipe to the other. */
const PIPE_MS = 0.05;

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** An event of the history. */
const isNews = (message: object): boolean => 'event' in message;

export class SimProcess implements Process {
  readonly pid: number;
  readonly name: string;
  readonly #timeline: Timeline;
  readonly #listeners: ((message: unknown) => void)[] = [];
  readonly #early: unknown[] = [];
  readonly #exit = Promise.withResolvers<Exit>();
  #onInput: (message: object) => void = () => {};
  /** Lines that arrive in one moment. */
  #lastSaid: { readonly saidMs: number; readonly lines: object[] } | null = null;
  /** Turns that came while it was stopped. */
  #parked: (() => void)[] = [];
  #alive = true;
  #paused = false;
  #halted = false;
  /** What the kernel does for one that has died, in this order. */
  readonly #onDeath: ((process: SimProcess) => void)[] = [];

  constructor(name: string, pid: number, timeline: Timeline) {
    this.name = name;
    this.pid = pid;
    this.#timeline = timeline;
  }

  // ---- as the lab has it ----

  get exited(): Promise<Exit> {
    return this.#exit.promise;
  }

  send(message: object): void {
    if (!this.#alive) return;
    this.#timeline.after(PIPE_MS, () => this.turn(() => this.#onInput(message)));
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#listeners.push(listener);
    for (const message of this.#early.splice(0)) listener(message);
  }

  // ---- as it is inside ----

  /** False: it has died, or stands still for ever. What is left of its last turn must have no effect any more. */
  get acts(): boolean {
    return this.#alive && !this.#halted;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** A line on its stdout. What was written before a death arrives after it. */
  readonly say = (message: object): void => {
    if (!this.acts) return;
    const { nowMs } = this.#timeline;
    const last = this.#lastSaid;
    // Most lines are news, which nobody answers, and several of one moment.
    if (last !== null && last.saidMs === nowMs && isNews(message) && isNews(last.lines[0]!)) {
      last.lines.push(message);
      return;
    }
    const said = { saidMs: nowMs, lines: [message] };
    this.#lastSaid = said;
    this.#timeline.after(PIPE_MS, () => {
      for (const line of said.lines) this.#arrive(line);
    });
  };

  #arrive(message: object): void {
    if (this.#listeners.length === 0) this.#early.push(message);
    for (const listener of this.#listeners) listener(message);
  }

  /** To be called before anything can arrive. */
  onInput(listener: (message: object) => void): void {
    this.#onInput = listener;
  }

  /** A timer of its own. */
  readonly after: Clock['after'] = (ms, run) => {
    if (!this.acts) return () => {};
    let wanted = true;
    const cancel = this.#timeline.after(ms, () =>
      this.turn(() => {
        if (wanted) run();
      }),
    );
    return () => {
      wanted = false;
      cancel();
    };
  };

  /** Something happens to it: now, or when it goes on, or never. */
  turn(run: () => void): void {
    if (!this.acts) return;
    if (this.#paused) this.#parked.push(run);
    else run();
  }

  // ---- its life ----

  /** Called at its death, first come first. */
  whenDead(done: (process: SimProcess) => void): void {
    this.#onDeath.push(done);
  }

  get paused(): boolean {
    return this.#paused;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    // Each in a moment of its own: the first may be its end.
    for (const run of this.#parked.splice(0)) this.#timeline.after(0, () => this.turn(run));
  }

  /** It stands still for good where it is, with all that it holds: alive, and never heard of again. */
  halt(): void {
    this.#halted = true;
  }

  /** It dies; what it was doing is done no further. {@link gone} follows when the kernel has taken everything back. */
  die(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#parked = [];
    for (const done of this.#onDeath) done(this);
  }

  /** Nothing is left of it. */
  gone(exit: Exit): void {
    this.#timeline.after(PIPE_MS, () => this.#exit.resolve(exit));
  }
}
