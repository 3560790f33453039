/** The relay of one node: a program beside its server that all connections go through, from the first rule on and in every later life. */
import type { MessageRule, RelayReport } from '../core/message-rule.ts';
import type { Container, Process, Program } from '../runtime/runtime.ts';

/** Where it listens, and nobody else. */
export const RELAY_PORT = 20_490;

interface Entry {
  readonly rule: MessageRule;
  readonly onAct: (report: RelayReport) => void;
  acted: number;
}

export class NodeRelay {
  readonly #container: Container;
  readonly #program: Program;
  readonly #port: number;
  readonly #rules = new Map<number, Entry>();
  #lastId = 0;
  #process: Process | null = null;
  /** It is there, or about to be; null: nothing is between. */
  #begun: Promise<void> | null = null;

  constructor(container: Container, program: Program, port: number) {
    this.#container = container;
    this.#program = program;
    this.#port = port;
  }

  /** @returns ends it */
  async add(rule: MessageRule, onAct: (report: RelayReport) => void): Promise<() => Promise<void>> {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#rules.set(id, { rule, onAct, acted: 0 });
    this.#tell(id);
    // Rules that come at once mean the same relay, which is told of all that are there by the time that it can be.
    if (this.#container.running) await this.#inPlace();
    return async () => {
      this.#rules.delete(id);
      this.#process?.send({ remove: id });
    };
  }

  /** The one of the life before went with it. Without rules there is nothing to be between. */
  newLife(): void {
    this.#process = null;
    this.#begun = null;
    // What goes wrong here shows as a rule that never acts.
    if (this.#rules.size > 0) this.#inPlace().catch(() => {});
  }

  #inPlace(): Promise<void> {
    if (this.#begun !== null) return this.#begun;
    const begun = this.#begin();
    this.#begun = begun;
    // Whoever waits for it is told; the next rule tries again.
    begun.catch(() => {
      if (this.#begun === begun) this.#begun = null;
    });
    return begun;
  }

  /** Connections are sent its way before it listens: whoever comes too early is refused, and comes again. */
  async #begin(): Promise<void> {
    const { beside, port } = this.#container;
    if (beside === undefined || port === undefined) throw new Error('there is no relay here');
    await port.redirect(this.#port, RELAY_PORT);
    const process = await beside.call(this.#container, this.#program);
    const listening = Promise.withResolvers<void>();
    process.onMessage((message) => {
      const { ready, acted, what } = message as { ready?: true; acted?: number; what?: string };
      if (ready) listening.resolve();
      const entry = acted === undefined ? undefined : this.#rules.get(acted);
      if (entry === undefined) return;
      entry.acted += 1;
      entry.onAct({ what: what ?? '' });
    });
    void process.exited.then(() => {
      if (this.#process === process) {
        this.#process = null;
        this.#begun = null;
      }
      listening.reject(new Error(`the relay of ${this.#container.name} ended; its log says why`));
    });
    process.send({ listen: RELAY_PORT, serverPort: this.#port });
    this.#process = process;
    for (const id of this.#rules.keys()) this.#tell(id);
    await listening.promise;
  }

  #tell(id: number): void {
    const { rule, acted } = this.#rules.get(id)!;
    const times = rule.times - acted;
    if (times > 0) this.#process?.send({ add: id, rule: { ...rule, times } });
  }
}
