/** What is the matter with a simulated ledger: one file, or one etcd cluster. All of it is undone by whoever began it. */
export class LedgerTrouble {
  #full = 0;
  #away = 0;
  /** Another writer has the file. */
  held = false;

  /** It can be read, and nothing more can be written. */
  get full(): boolean {
    return this.#full > 0;
  }

  /** Nobody finds it. */
  get away(): boolean {
    return this.#away > 0;
  }

  readonly fill = (): (() => Promise<void>) => {
    this.#full += 1;
    return async () => {
      this.#full -= 1;
    };
  };

  readonly takeAway = (): (() => Promise<void>) => {
    this.#away += 1;
    return async () => {
      this.#away -= 1;
    };
  };
}
