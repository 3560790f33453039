/** What this life knows of the ledger: what it has read, was told of along with a change, or has written itself. */
import type { Ledger } from '../../core/ledger.ts';
import { type DomainStore, type StoredLedger, StoreUnavailableError } from '../../store/store.ts';

export class KnownLedger {
  readonly #store: DomainStore;
  #stored: StoredLedger;
  /** The next look reads. Else it goes on with what is known, or was told, which nothing speaks against being the newest. */
  #mustRead = true;
  /** What the store told along with a change and has not been learned yet. */
  #told: StoredLedger | null = null;
  #tells = false;

  constructor(store: DomainStore, stored: StoredLedger) {
    this.#store = store;
    this.#stored = stored;
  }

  get stored(): StoredLedger {
    return this.#stored;
  }

  get ledger(): Ledger {
    return this.#stored.ledger;
  }

  /** Does the store tell what the ledger is after a change, and not only that there was one? */
  get tells(): boolean {
    return this.#tells;
  }

  set(stored: StoredLedger): void {
    this.#stored = stored;
  }

  /** What is known may be old: the next look is to read. */
  doubt(): void {
    this.#mustRead = true;
  }

  /**
   * The ledger after a change, or word of one. A told ledger spares the read, which all nodes would do after every change. It may
   * be old by now, as may be what was read: it was the ledger at some moment after the one that is known (its revision says so), a
   * swap compares, and no grant hangs on being up to date (I9). What is known to be fresh is counted by reads alone.
   * @returns is there anything to look at?
   */
  hear(told: StoredLedger | undefined): boolean {
    this.#tells = told !== undefined;
    if (told === undefined) this.doubt();
    else if (told.revision > this.#stored.revision) this.#told = told;
    else return false;
    return true;
  }

  /** Has somebody been quicker than a swap against `revision`, and was this life told? */
  wasToldSince(revision: number): boolean {
    return (this.#told?.revision ?? 0) > revision;
  }

  /** Null: nothing newer than what is known. Rejects with the store's errors. */
  async newest(): Promise<{ readonly stored: StoredLedger; readonly wasRead: boolean } | null> {
    const told = this.#told;
    this.#told = null;
    if (!this.#mustRead)
      return told !== null && told.revision > this.#stored.revision ? { stored: told, wasRead: false } : null;
    this.#mustRead = false;
    const stored = await this.#store.read();
    if (stored === null) throw new StoreUnavailableError('the ledger is gone');
    return { stored, wasRead: true };
  }
}
