/**
 * Renews the lease of an idle client with a lone SEQUENCE (RFC 8881 section 8.3), and looks at once
 * whether the session is still there when the connection was lost: the sooner a client learns of a
 * reboot, the sooner grace can end for all.
 */
import type { Clock } from '../core/clock.ts';
import type { Session } from './session.ts';
import type { Timing } from './timing.ts';
import { NEVER_MS } from './waiting.ts';

export class Renewal {
  readonly #clock: Clock;
  readonly #timing: () => Timing;
  readonly #session: Session;
  #cancel = () => {};
  #lastSentMs: number;
  #underway = false;

  constructor(clock: Clock, timing: () => Timing, session: Session) {
    this.#clock = clock;
    this.#timing = timing;
    this.#session = session;
    this.#lastSentMs = clock.nowMs();
    this.#arm();
  }

  /** Some request, first sent at `sentAtMs`, has renewed the lease. */
  renewed(sentAtMs: number): void {
    this.#lastSentMs = Math.max(this.#lastSentMs, sentAtMs);
  }

  /** Renews now, or as soon as there is a connection. */
  async renew(): Promise<void> {
    if (this.#underway || this.#session.over !== null) return;
    this.#underway = true;
    this.#cancel();
    await this.#session.execute({ request: () => [], cacheReply: false, deadlineMs: NEVER_MS });
    this.#underway = false;
    this.#arm();
  }

  stop(): void {
    this.#cancel();
  }

  #arm(): void {
    this.#cancel();
    if (this.#session.over !== null) return;
    const dueMs = this.#lastSentMs + this.#timing().renewEveryMs;
    this.#cancel = this.#clock.after(Math.max(0, dueMs - this.#clock.nowMs()), () => this.#due());
  }

  /** One timer for many requests: it looks how idle the client has been only when it fires. */
  #due(): void {
    if (this.#clock.nowMs() < this.#lastSentMs + this.#timing().renewEveryMs) this.#arm();
    else void this.renew();
  }
}
