/** Does the ledger answer this life, how fresh is what it knows, and when is it time to give up (I7, C8, C9)? */
import type { Clock } from '../../core/clock.ts';
import { HEARTBEAT_MS, type Observe } from './options.ts';

export type StoreStatus =
  | { readonly answers: true }
  /** `sinceMs`: for how long, in milliseconds; `problem`: half a sentence for a person. */
  | { readonly answers: false; readonly sinceMs: number; readonly problem: string };

/** What is known counts as old when it was asked for longer ago than this. A few heartbeats: one that is late makes nobody wait. */
export const STALE_MS = 4 * HEARTBEAT_MS;

export interface StorePatienceOptions {
  readonly clock: Clock;
  readonly storePatienceMs: number;
  readonly observe: Observe;
}

export class StorePatience {
  readonly #options: StorePatienceOptions;
  /** When the ledger that is known had been asked for. */
  #knownFromMs: number;
  /** When the question was asked whose answer is awaited now. */
  #askedMs: number | null = null;
  #silence: { readonly fromMs: number; readonly problem: string } | null = null;
  #silentMs = 0;
  #tickedMs: number;

  /** The boot has just been answered. */
  constructor(options: StorePatienceOptions) {
    this.#options = options;
    this.#knownFromMs = options.clock.nowMs();
    this.#tickedMs = this.#knownFromMs;
  }

  asked(): void {
    this.#askedMs = this.#options.clock.nowMs();
  }

  /** The ledger has been read, as it was when it was asked for or later. More questions follow. */
  learned(): void {
    this.#knownFromMs = this.#askedMs ?? this.#knownFromMs;
    this.asked();
  }

  /** All that was asked for since {@link asked} has been answered. */
  answered(): void {
    this.#askedMs = null;
    this.#silentMs = 0;
    if (this.#silence !== null) this.#options.observe({ event: 'store-back' });
    this.#silence = null;
  }

  failed(problem: string): void {
    this.#silent(this.#options.clock.nowMs(), problem);
  }

  /**
   * May answers be given from what is known? Safety does not need this: a grant tests beacons and never a clock (I9), and no reclaim is
   * granted from an old view, since nobody else closes the claims of a node that is not certainly dead. But a process that was
   * stopped and goes on would otherwise answer for a moment from a view that may be hours old (C8), and its clients
   * would take state from a life that is about to learn of its end.
   */
  isFresh(): boolean {
    return this.#options.clock.nowMs() - this.#knownFromMs <= STALE_MS;
  }

  /**
   * To be called every {@link HEARTBEAT_MS}.
   * @returns why this life must give up; null: it goes on
   */
  tick(): string | null {
    const nowMs = this.#options.clock.nowMs();
    // A process that was stopped itself has not been waiting meanwhile: it gets its whole patience when it goes on.
    const sinceTickMs = Math.min(nowMs - this.#tickedMs, 2 * HEARTBEAT_MS);
    this.#tickedMs = nowMs;
    if (this.#silence !== null) this.#silentMs += sinceTickMs;
    else if (this.#askedMs !== null && nowMs - this.#askedMs > STALE_MS && sinceTickMs < 2 * HEARTBEAT_MS) {
      this.#silentMs = STALE_MS;
      this.#silent(this.#askedMs, 'a request to the store has had no answer');
    }
    if (this.#silence === null || this.#silentMs < this.#options.storePatienceMs) return null;
    const seconds = Number((this.#options.storePatienceMs / 1000).toFixed(1));
    return `gave up: the ledger has not answered for ${seconds} s (${this.#silence.problem})`;
  }

  status(): StoreStatus {
    if (this.#silence === null) return { answers: true };
    const { fromMs, problem } = this.#silence;
    return { answers: false, sinceMs: this.#options.clock.nowMs() - fromMs, problem };
  }

  #silent(fromMs: number, problem: string): void {
    const before = this.#silence;
    if (before === null) this.#options.observe({ event: 'store-unavailable', detail: problem });
    this.#silence = { fromMs: before?.fromMs ?? fromMs, problem };
  }
}
