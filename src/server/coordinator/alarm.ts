import type { Clock } from '../../core/clock.ts';

/** One timer for the earliest of several moments. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #cancel: () => void = () => {};

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Forgets what was set before. Moments that have passed ring no more: whoever sets them looks at those now. */
  set(momentsMs: readonly number[]): void {
    this.cancel();
    const nowMs = this.#clock.nowMs();
    const next = Math.min(...momentsMs.filter((atMs) => atMs > nowMs));
    if (Number.isFinite(next)) this.#cancel = this.#clock.after(next - nowMs, this.#ring);
  }

  cancel(): void {
    this.#cancel();
    this.#cancel = () => {};
  }
}
