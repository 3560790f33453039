/** The store of tests and of the simulator: one domain in memory, a handle for each node. */
import type { ClientRecord, RecordScope } from '../core/client-record.ts';
import type { Clock } from '../core/clock.ts';
import type { Ledger } from '../core/ledger.ts';
import { formatLedger, type ParsedLedger, parseLedger } from '../core/ledger-text.ts';
import type { ClientIdentity } from '../core/record-transitions.ts';
import {
  type DomainStore,
  type Fence,
  isFenced,
  RecordsUnreadableError,
  type StoredLedger,
  StoreUnavailableError,
  type SwapOutcome,
  type WriteOutcome,
} from './store.ts';

/** What all handles share; outlives every node. */
export class MemoryDomain {
  ledger: { readonly text: string; readonly revision: number } | null = null;
  /** The newest text that was read, and what it says: every node reads it after every swap. */
  #parsed: { readonly text: string; readonly ledger: ParsedLedger } | null = null;
  readonly records = new Map<string, Map<string, ClientRecord>>();
  readonly watchers = new Set<() => void>();

  /** What the text of the ledger says. */
  parsed(text: string): ParsedLedger {
    if (this.#parsed?.text !== text) this.#parsed = { text, ledger: parseLedger(text) };
    return this.#parsed.ledger;
  }

  /** A handle of one node. It can be cut off from the domain by {@link MemoryStore.available}. */
  open(clock: Clock): MemoryStore {
    return new MemoryStore(this, clock);
  }
}

export class MemoryStore implements DomainStore {
  /** True: the next swap is done, and its answer does not arrive. */
  losesNextAnswer = false;
  #available = true;
  readonly #domain: MemoryDomain;
  readonly #clock: Clock;
  readonly #own = new Set<() => void>();

  constructor(domain: MemoryDomain, clock: Clock) {
    this.#domain = domain;
    this.#clock = clock;
  }

  /** False: every call rejects and watchers hear nothing, as on a node that is cut off. */
  get available(): boolean {
    return this.#available;
  }

  set available(available: boolean) {
    const returns = available && !this.#available;
    this.#available = available;
    // What happened meanwhile was not heard.
    if (returns) for (const heard of this.#own) this.#clock.after(0, heard);
  }

  async read(): Promise<StoredLedger | null> {
    return this.#readNow();
  }

  async swap(expected: number | null, next: Ledger): Promise<SwapOutcome> {
    this.#check();
    if ((this.#domain.ledger?.revision ?? null) !== expected) return { outcome: 'lost' };
    const revision = (expected ?? 0) + 1;
    this.#domain.ledger = { text: formatLedger(next), revision };
    for (const changed of [...this.#domain.watchers]) this.#clock.after(0, changed);
    if (this.losesNextAnswer) {
      this.losesNextAnswer = false;
      return { outcome: 'unknown' };
    }
    return { outcome: 'swapped', revision };
  }

  watch(changed: () => void): () => void {
    const heard = () => {
      if (this.available && this.#own.has(heard)) changed();
    };
    this.#own.add(heard);
    this.#domain.watchers.add(heard);
    return () => {
      this.#own.delete(heard);
      this.#domain.watchers.delete(heard);
    };
  }

  async records(scope: RecordScope): Promise<ClientRecord[]> {
    this.#check();
    return [...(this.#domain.records.get(keyOf(scope))?.values() ?? [])];
  }

  async putRecords(
    fence: Fence,
    scope: RecordScope,
    records: readonly ClientRecord[],
  ): Promise<WriteOutcome> {
    return this.#fenced(fence, () => {
      const key = keyOf(scope);
      const kept = this.#domain.records.get(key) ?? new Map<string, ClientRecord>();
      this.#domain.records.set(key, kept);
      for (const record of records) kept.set(clientKeyOf(record), record);
    });
  }

  async removeRecords(
    fence: Fence,
    scope: RecordScope,
    clients: readonly ClientIdentity[],
  ): Promise<WriteOutcome> {
    return this.#fenced(fence, () => {
      for (const client of clients) this.#domain.records.get(keyOf(scope))?.delete(clientKeyOf(client));
    });
  }

  async collectGarbage(fence: Fence): Promise<WriteOutcome> {
    return this.#fenced(fence, (ledger) => {
      for (const key of [...this.#domain.records.keys()]) {
        const epoch = Number(key.slice(0, key.indexOf(' ')));
        if (epoch !== ledger.epoch && epoch !== ledger.recoveryEpoch) this.#domain.records.delete(key);
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const heard of this.#own) this.#domain.watchers.delete(heard);
    this.#own.clear();
  }

  async #fenced(fence: Fence, write: (ledger: Ledger) => void): Promise<WriteOutcome> {
    const stored = await this.read();
    if (stored === null || isFenced(stored, fence)) return 'fenced';
    this.#check();
    write(stored.ledger);
    return 'written';
  }

  #readNow(): StoredLedger | null {
    this.#check();
    const stored = this.#domain.ledger;
    if (stored === null) return null;
    // Through the text, so that what a test reads is what a durable store would give back.
    const parsed = this.#domain.parsed(stored.text);
    if (!parsed.ok) throw new RecordsUnreadableError(`the ledger cannot be read: ${parsed.problem}`);
    return { ledger: parsed.ledger, revision: stored.revision };
  }

  #check(): void {
    if (!this.available) throw new StoreUnavailableError('the store does not answer: cut off');
  }
}

const keyOf = (scope: RecordScope): string => `${scope.epoch} ${scope.node}`;
/** Two principals with one owner id are two clients. An owner id has no space in it. */
const clientKeyOf = ({ ownerId, principal }: ClientIdentity): string => `${ownerId} ${principal}`;
