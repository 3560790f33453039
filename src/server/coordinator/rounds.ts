import type { Clock } from '../../core/clock.ts';
import { pause } from '../boot.ts';
import { isStoreError } from './store-errors.ts';

export interface RoundsOptions {
  readonly clock: Clock;
  /** Asks the store, decides, writes. Rejects with the store's errors. */
  readonly round: () => Promise<void>;
  readonly onBegin: () => void;
  readonly onDone: () => void;
  readonly onStoreError: (problem: string) => void;
}

const STORE_RETRY_MS = 50;

/** One round after another, never two at once: as many as are asked for, and again by itself while the store does not answer. */
export class Rounds {
  readonly #options: RoundsOptions;
  #running = false;
  #again = false;
  #closed = false;

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  /** There is something new to learn or to do. While a round is under way: another one after it. */
  wake(): void {
    this.#again = true;
    if (!this.#running) void this.#run();
  }

  close(): void {
    this.#closed = true;
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#again && !this.#closed) {
      this.#again = false;
      try {
        this.#options.onBegin();
        await this.#options.round();
        this.#options.onDone();
      } catch (error) {
        if (!isStoreError(error)) throw error;
        this.#options.onStoreError(error.message);
        await pause(this.#options.clock, STORE_RETRY_MS);
        this.#again = true;
      }
    }
    this.#running = false;
  }
}
