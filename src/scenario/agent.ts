/** One agent: a process inside a container that takes a configuration, then commands, as JSON lines, reports events, and may ask the lab for something. */
import type { Clock } from '../core/clock.ts';
import type { HistoryEvent } from '../history/events.ts';
import type { Process } from '../runtime/runtime.ts';

/** What a command came to. A refusal, a death and a silence all look alike to the caller: one sentence. */
export type Reply =
  | ({ readonly ok: true } & Readonly<Record<string, unknown>>)
  | { readonly ok: false; readonly error: string };

export type Ready = Readonly<Record<string, unknown>>;

interface Waiting {
  readonly answer: (reply: Reply) => void;
  readonly cancel: () => void;
}

/** An agent's own request to the lab, and what came of it. */
export type AgentRequest = Readonly<Record<string, unknown>> & {
  readonly request: number;
  readonly ask: string;
};
export type RequestAnswer = { readonly ok: true } | { readonly ok: false; readonly error: string };

export interface AgentOptions {
  /** How messages call it: `node n1`, `client alice`. */
  readonly title: string;
  readonly process: Process;
  /** The first line on its stdin. */
  readonly configuration: object;
  readonly clock: Clock;
  readonly onEvent: (event: HistoryEvent) => void;
  /** By default every request is refused. Never rejects. */
  readonly onRequest?: (request: AgentRequest) => Promise<RequestAnswer>;
  /** It stands still at the step that it was armed for. */
  readonly onReached?: (step: string) => void;
}

export class Agent {
  readonly #options: AgentOptions;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exit: Promise<string>;
  #lastId = 0;
  #exited = false;
  #waitingFor: string | null = null;
  /** It said that it waits itself: it is given its time anew. */
  #postpone = () => {};
  #ready!: (ready: Ready) => void;
  readonly #becameReady = new Promise<Ready>((resolve) => {
    this.#ready = resolve;
  });

  constructor(options: AgentOptions) {
    this.#options = options;
    const { process, configuration } = options;
    process.onMessage((message) => this.#receive(message));
    this.#exit = process.exited.then(({ code, signal }) => {
      this.#exited = true;
      const how = signal === null ? `ended with status ${code}` : `was ended by ${signal}`;
      for (const { answer, cancel } of this.#waiting.values()) {
        cancel();
        answer({ ok: false, error: `${options.title} ${how} before it answered` });
      }
      this.#waiting.clear();
      return how;
    });
    process.send(configuration);
  }

  get alive(): boolean {
    return !this.#exited;
  }

  /** What it says that its start waits for, in half a sentence; null when it is ready, or waits for nothing. */
  get waitingFor(): string | null {
    return this.#waitingFor;
  }

  /**
   * Resolves with the agent's `ready` line.
   * @throws Error one sentence, when it ends or stays silent for `timeoutMs` instead
   */
  async ready(timeoutMs: number): Promise<Ready> {
    const { clock, title } = this.#options;
    let cancel = () => {};
    const silence = new Promise<string>((resolve) => {
      this.#postpone = () => {
        cancel();
        cancel = clock.after(timeoutMs, () => resolve(`was not ready within ${timeoutMs} ms`));
      };
    });
    this.#postpone();
    const outcome = await Promise.race([this.#becameReady, this.#exit, silence]);
    this.#postpone = () => {};
    cancel();
    if (typeof outcome === 'string') throw new Error(`${title} ${outcome}`);
    return outcome;
  }

  /** Sends one command. Never rejects: see {@link Reply}. */
  command(command: string, parameters: object, timeoutMs: number): Promise<Reply> {
    const { clock, process, title } = this.#options;
    if (this.#exited) return Promise.resolve({ ok: false, error: `${title} is not running` });
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((answer) => {
      const cancel = clock.after(timeoutMs, () => {
        this.#waiting.delete(id);
        answer({ ok: false, error: `${title} did not answer "${command}" within ${timeoutMs} ms` });
      });
      this.#waiting.set(id, { answer, cancel });
      process.send({ id, command, ...parameters });
    });
  }

  async #answer(asked: AgentRequest): Promise<void> {
    const { onRequest, process, title } = this.#options;
    const refusal: RequestAnswer = { ok: false, error: `${title} may not ask for "${asked.ask}"` };
    process.send({ answer: asked.request, ...((await onRequest?.(asked)) ?? refusal) });
  }

  #receive(message: unknown): void {
    if (typeof message !== 'object' || message === null) return;
    if ('event' in message) this.#options.onEvent(message.event as HistoryEvent);
    else if ('reached' in message) this.#options.onReached?.(String(message.reached));
    else if ('ready' in message) {
      this.#waitingFor = null;
      this.#ready(message as Ready);
    } else if ('waiting' in message) {
      this.#waitingFor = String(message.waiting);
      this.#postpone();
    } else if ('request' in message) void this.#answer(message as AgentRequest);
    else if ('reply' in message) {
      const waiting = this.#waiting.get(message.reply as number);
      this.#waiting.delete(message.reply as number);
      waiting?.cancel();
      waiting?.answer(message as unknown as Reply);
    }
  }
}
