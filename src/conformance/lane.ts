/**
 * Tests side by side, with restarts of the server that they share: a restart happens when every test that still runs has
 * come to one. So each reads as if it were alone, and a run takes as many restarts as its longest test.
 */
import type { Life } from './life.ts';
import type { HelperVerb } from './server-helper.ts';

export interface RestartWish {
  /** Default: `reboot`. Another one only where a test is alone. */
  readonly verb?: HelperVerb;
  /** Somebody who is recorded stays away, so that grace lasts as long as it can. Default true. */
  readonly held?: boolean;
}

interface Waiting {
  readonly wish: RestartWish;
  readonly life: PromiseWithResolvers<Life>;
}

export class Lane {
  readonly #restart: (wish: RestartWish) => Promise<Life>;
  #running = 0;
  #waiting: Waiting[] = [];

  constructor(restart: (wish: RestartWish) => Promise<Life>) {
    this.#restart = restart;
  }

  /** Runs them to the end, each of them with a way to restart the server. Rejects never: what a test throws is its own. */
  async run(
    tests: readonly ((restart: (wish?: RestartWish) => Promise<Life>) => Promise<void>)[],
  ): Promise<void> {
    this.#running = tests.length;
    const rendezvous = (wish: RestartWish = {}): Promise<Life> => {
      const life = Promise.withResolvers<Life>();
      this.#waiting.push({ wish, life });
      this.#restartIfAllWait();
      return life.promise;
    };
    await Promise.all(
      tests.map(async (test) => {
        await test(rendezvous);
        this.#running -= 1;
        this.#restartIfAllWait();
      }),
    );
  }

  #restartIfAllWait(): void {
    if (this.#waiting.length === 0 || this.#waiting.length < this.#running) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    const verb = waiting.map(({ wish }) => wish.verb).find((each) => each !== undefined);
    const held = waiting.some(({ wish }) => wish.held !== false);
    this.#restart({ held, ...(verb === undefined ? {} : { verb }) }).then(
      (life) => {
        for (const each of waiting) each.life.resolve(life);
      },
      (error: unknown) => {
        for (const each of waiting) each.life.reject(error);
      },
    );
  }
}
