import type { Clock } from '../../../core/clock.ts';

/** The lab waits for a boot that waits for something itself as long as it hears of it. */
const REPEAT_MS = 1000;

/** Says what a boot waits for, again and again until it does not wait any more. */
export class BootWaiting {
  readonly #clock: Clock;
  readonly #say: (problem: string) => void;
  #problem: string | null = null;
  #cancel = () => {};

  constructor(clock: Clock, say: (problem: string) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  because(problem: string): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#cancel();
    this.#repeat();
  }

  over(): void {
    this.#cancel();
  }

  #repeat(): void {
    this.#say(this.#problem!);
    this.#cancel = this.#clock.after(REPEAT_MS, () => this.#repeat());
  }
}
