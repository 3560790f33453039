import type { Ledger } from '../../core/ledger.ts';
import { mayRelease, type Self } from '../../core/next-command.ts';

/** A stop that was asked for (C11): grace first, then the locks go, then the node is out. */
export class PlannedStop {
  readonly #release: () => void;
  readonly #departed: (() => void)[] = [];
  #released = false;

  /** @param release lets every lock go and serves no more */
  constructor(release: () => void) {
    this.#release = release;
  }

  get released(): boolean {
    return this.#released;
  }

  /** Resolves when the process may end. */
  departure(): Promise<void> {
    return new Promise((resolve) => this.#departed.push(resolve));
  }

  /** Past the barrier: the locks go while everybody else refuses new state. */
  letGo(ledger: Ledger, self: Self): void {
    if (this.#released || !mayRelease(ledger, self)) return;
    this.#release();
    this.#released = true;
  }

  departed(): void {
    for (const resolve of this.#departed) resolve();
  }
}
