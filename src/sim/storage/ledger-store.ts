/** A node's handle of a simulated ledger store: the memory store with the time that answers take, and with whatever keeps them from arriving. */
import type { ClientRecord, RecordScope } from '../../core/client-record.ts';
import type { Random } from '../../core/clock.ts';
import { asEpoch } from '../../core/ids.ts';
import { type Ledger, memberOf } from '../../core/ledger.ts';
import type { Mutants } from '../../core/mutants.ts';
import { type ClientIdentity, entitles, recorderOf } from '../../core/record-transitions.ts';
import type { MemoryDomain, MemoryStore } from '../../store/memory.ts';
import {
  type DomainStore,
  type Fence,
  type StoredLedger,
  StoreUnavailableError,
  type SwapOutcome,
  type WriteOutcome,
} from '../../store/store.ts';
import { skewed } from '../chance.ts';
import type { SimProcess } from '../machine/process.ts';
import type { Timeline } from '../timeline.ts';

/** How a store is reached from a node at this moment. */
export type Reach =
  | 'answers'
  /** What is asked for is done, and the answer is lost. */
  | 'hears'
  | 'silent';

export interface LedgerStoreOptions {
  readonly domain: MemoryDomain;
  readonly process: SimProcess;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly reach: () => Reach;
  /** May what was sent arrive when its sender is long dead? */
  readonly queues: boolean;
  readonly mutants: Mutants;
}

/** To the store or back. A file on the same machine is about as quick as a database next door. */
const LEAST_MS = 0.1;
const MOST_MS = 3;
/** Of a store on other machines: some requests lie in a queue for a while, also when whoever sent them is gone by then. */
const LATE_SHARE = 0.03;
const MOST_LATE_MS = 800;
/** After so long without an answer a call rejects. */
const PATIENCE_MS = 1000;
/** Until a watcher hears of a change. */
const MOST_WATCH_MS = 6;

export class LedgerStore implements DomainStore {
  readonly #options: LedgerStoreOptions;
  readonly #inner: MemoryStore;

  constructor(options: LedgerStoreOptions) {
    this.#options = options;
    const { timeline, domain } = options;
    // Watchers are told in time of the world: the writer may be dead by then.
    this.#inner = domain.open({ nowMs: () => timeline.nowMs, after: timeline.after });
  }

  read(): Promise<StoredLedger | null> {
    return this.#ask(() => this.#inner.read());
  }

  swap(expected: number | null, next: Ledger): Promise<SwapOutcome> {
    return this.#ask<SwapOutcome>(
      () => this.#inner.swap(expected, next),
      () => ({ outcome: 'unknown' }),
    );
  }

  watch(changed: () => void): () => void {
    const { process, random } = this.#options;
    return this.#inner.watch(() => {
      if (this.#options.reach() === 'answers') process.after(skewed(random, 0, MOST_WATCH_MS), changed);
    });
  }

  records(scope: RecordScope): Promise<ClientRecord[]> {
    return this.#ask(() =>
      this.#options.mutants.has('D6') ? this.#recordsOfAllTimes(scope) : this.#inner.records(scope),
    );
  }

  putRecords(fence: Fence, scope: RecordScope, records: readonly ClientRecord[]): Promise<WriteOutcome> {
    return this.#ask(async () => this.#inner.putRecords(await this.#fence(fence), scope, records));
  }

  removeRecords(fence: Fence, scope: RecordScope, clients: readonly ClientIdentity[]): Promise<WriteOutcome> {
    return this.#ask(async () => this.#inner.removeRecords(await this.#fence(fence), scope, clients));
  }

  collectGarbage(fence: Fence): Promise<WriteOutcome> {
    // Mutant D6: records outlive the lift ...
    if (this.#options.mutants.has('D6')) return Promise.resolve('written');
    return this.#ask(async () => this.#inner.collectGarbage(await this.#fence(fence)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#inner[Symbol.asyncDispose]();
  }

  /** ... and are honoured in a later grace: whoever was good enough once is so for ever, whichever life said so. */
  async #recordsOfAllTimes({ epoch, node }: RecordScope): Promise<ClientRecord[]> {
    const ledger = (await this.#inner.read())?.ledger;
    const by = ledger !== undefined && memberOf(ledger, node) !== undefined ? recorderOf(ledger, node) : null;
    const records = new Map<string, ClientRecord>();
    for (let old = 1; old <= epoch; old += 1) {
      for (const record of await this.#inner.records({ epoch: asEpoch(old), node })) {
        const key = `${record.ownerId} ${record.principal}`;
        const known = records.get(key);
        if (known === undefined || !entitles(known)) records.set(key, record);
      }
    }
    return [...records.values()].map((record) =>
      by === null || !entitles(record) ? record : { ...record, writer: by.node, incarnation: by.incarnation },
    );
  }

  /** Mutant D8: the store takes every writer's word. */
  async #fence(fence: Fence): Promise<Fence> {
    if (!this.#options.mutants.has('D8')) return fence;
    const ledger = (await this.#inner.read())?.ledger;
    const incarnation = ledger && memberOf(ledger, fence.node)?.incarnation;
    return { node: fence.node, incarnation: incarnation ?? fence.incarnation };
  }

  /**
   * Asks, lets it be done, and brings the answer: three moments. A process that dies in between has asked all the same.
   * @param unknown what to answer when it was done and the answer is lost; left out: that the store does not answer
   */
  #ask<T>(act: () => Promise<T>, unknown?: () => T): Promise<T> {
    const { process, timeline, random, reach } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (!process.acts) return promise;
    const answer = (ms: number, settle: () => void) => timeline.after(ms, () => process.turn(settle));
    const silence = () =>
      reject(new StoreUnavailableError(`the store did not answer within ${PATIENCE_MS} ms`));
    timeline.after(this.#underWayMs(), () => {
      if (reach() === 'silent') {
        answer(PATIENCE_MS, silence);
        return;
      }
      act().then(
        (result) => {
          if (reach() === 'answers') answer(skewed(random, LEAST_MS, MOST_MS), () => resolve(result));
          else answer(PATIENCE_MS, unknown ? () => resolve(unknown()) : silence);
        },
        (error: unknown) => answer(skewed(random, LEAST_MS, MOST_MS), () => reject(error)),
      );
    });
    return promise;
  }

  #underWayMs(): number {
    const { random, queues } = this.#options;
    const soon = skewed(random, LEAST_MS, MOST_MS);
    return queues && random() < LATE_SHARE ? skewed(random, soon, MOST_LATE_MS) : soon;
  }
}
