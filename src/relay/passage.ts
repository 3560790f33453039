/** One direction of a relayed connection: records in, records out, each at once unless a rule says otherwise. */
import type { Clock } from '../core/clock.ts';
import type { MessageAct } from '../core/message-rule.ts';

export interface PassageOptions {
  readonly clock: Clock;
  /** Sends one record on. */
  readonly send: (record: Buffer) => void;
  /** Ends both connections with a reset. */
  readonly reset: () => void;
}

export class Passage {
  readonly #options: PassageOptions;
  /** Waits for the next record to overtake it. */
  #held: { readonly record: Buffer; readonly cancel: () => void } | null = null;

  constructor(options: PassageOptions) {
    this.#options = options;
  }

  /** @param act what is to be done with it; null: nothing */
  pass(record: Buffer, act: MessageAct | null): void {
    const { clock, send, reset } = this.#options;
    switch (act?.kind) {
      case undefined:
        send(record);
        break;
      case 'drop':
        break;
      case 'delay':
        clock.after(act.delayMs, () => send(record));
        break;
      case 'duplicate':
        send(record);
        send(record);
        break;
      case 'reorder':
        this.#letGo();
        this.#held = { record, cancel: clock.after(act.patienceMs, () => this.#letGo()) };
        return;
      case 'reset':
        reset();
        return;
    }
    this.#letGo();
  }

  #letGo(): void {
    const held = this.#held;
    this.#held = null;
    held?.cancel();
    if (held !== null) this.#options.send(held.record);
  }
}
