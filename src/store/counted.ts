/** A store that counts how it is used: what a grace costs, and that a lock in normal operation costs nothing. */
import type { ClientRecord, RecordScope } from '../core/client-record.ts';
import type { Ledger } from '../core/ledger.ts';
import type { ClientIdentity } from '../core/record-transitions.ts';
import type { DomainStore, Fence, StoredLedger, SwapOutcome, WriteOutcome } from './store.ts';

/** Since the store was opened. */
export interface StoreUse {
  /** Swaps of the ledger by what came of them; `failed` ones have certainly not happened. */
  readonly swapped: number;
  readonly lost: number;
  readonly unknown: number;
  readonly failed: number;
  /** Calls that wrote or removed records, whatever came of them; collecting garbage is one. */
  readonly recordWrites: number;
  /** Records that those were to write. */
  readonly records: number;
}

export const NO_USE: StoreUse = {
  swapped: 0,
  lost: 0,
  unknown: 0,
  failed: 0,
  recordWrites: 0,
  records: 0,
};

export class CountedStore implements DomainStore {
  readonly #store: DomainStore;
  #use: StoreUse = NO_USE;

  constructor(store: DomainStore) {
    this.#store = store;
  }

  get use(): StoreUse {
    return this.#use;
  }

  read(): Promise<StoredLedger | null> {
    return this.#store.read();
  }

  async swap(expected: number | null, next: Ledger): Promise<SwapOutcome> {
    try {
      const swap = await this.#store.swap(expected, next);
      this.#count(swap.outcome);
      return swap;
    } catch (error) {
      this.#count('failed');
      throw error;
    }
  }

  watch(changed: (told?: StoredLedger) => void): () => void {
    return this.#store.watch(changed);
  }

  records(scope: RecordScope): Promise<ClientRecord[]> {
    return this.#store.records(scope);
  }

  putRecords(fence: Fence, scope: RecordScope, records: readonly ClientRecord[]): Promise<WriteOutcome> {
    this.#count('recordWrites');
    this.#count('records', records.length);
    return this.#store.putRecords(fence, scope, records);
  }

  removeRecords(fence: Fence, scope: RecordScope, clients: readonly ClientIdentity[]): Promise<WriteOutcome> {
    this.#count('recordWrites');
    return this.#store.removeRecords(fence, scope, clients);
  }

  collectGarbage(fence: Fence): Promise<WriteOutcome> {
    this.#count('recordWrites');
    return this.#store.collectGarbage(fence);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
  }

  #count(what: keyof StoreUse, by = 1): void {
    this.#use = { ...this.#use, [what]: this.#use[what] + by };
  }
}
