/** Those who wait for something to become true of a cluster; they look again after every burst of events. */
import type { Clock } from '../core/clock.ts';

export class ClusterWatch {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  readonly #becameLost = Promise.withResolvers<string>();
  #lost: string | null = null;
  #lookQueued = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Why waiting is in vain: the first reason that was told. Null while it is not. */
  get lost(): string | null {
    return this.#lost;
  }

  /** Resolves with that reason, if there ever is one. */
  get whenLost(): Promise<string> {
    return this.#becameLost.promise;
  }

  /** @param sentence an agent ended by itself */
  lose(sentence: string): void {
    this.#lost ??= sentence;
    this.#becameLost.resolve(sentence);
    this.lookAgain();
  }

  /**
   * Waits until the predicate holds; it is asked again after every batch of events.
   * @returns `timeout` when it never did, `lost` when an agent ended by itself meanwhile
   */
  until(predicate: () => boolean, timeoutMs: number): Promise<'holds' | 'timeout' | 'lost'> {
    return new Promise((resolve) => {
      const finish = (outcome: 'holds' | 'timeout' | 'lost') => {
        this.#waiting.delete(look);
        cancel();
        resolve(outcome);
      };
      const look = () => {
        if (predicate()) finish('holds');
        else if (this.#lost !== null) finish('lost');
      };
      const cancel = this.#clock.after(timeoutMs, () => finish('timeout'));
      this.#waiting.add(look);
      look();
    });
  }

  /** Events come in bursts; looking once after each burst is enough. */
  lookAgain(): void {
    if (this.#lookQueued || this.#waiting.size === 0) return;
    this.#lookQueued = true;
    queueMicrotask(() => {
      this.#lookQueued = false;
      for (const look of [...this.#waiting]) look();
    });
  }
}
