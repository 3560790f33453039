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
import type { LedgerTrouble } from './ledger-trouble.ts';

/** How a store is reached from a node at this moment. */
export type Reach =
  | 'answers'
  /** What is asked for is done, and the answer is lost. */
  | 'hears'
  /** The member that is asked stands still with it, and does it when it goes on. */
  | 'holds'
  | 'silent';

export interface LedgerStoreOptions {
  readonly domain: MemoryDomain;
  readonly process: SimProcess;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly trouble: LedgerTrouble;
  /** @param member which one is asked first, counted round and round */
  readonly reach: (member: number) => Reach;
  /** A store on other machines: what was sent to it may arrive when its sender is long dead. Else a file, of which nobody dead asks anything. */
  readonly queues: boolean;
  readonly mutants: Mutants;
}

/** To the store or back. A file on the same machine is about as quick as a database next door. */
const LEAST_MS = 0.1;
const MOST_MS = 3;
/** Of a store on other machines: some requests lie in a queue for a while, also when whoever sent them is gone by then. */
const LATE_SHARE = 0.03;
const MOST_LATE_MS = 800;
/** After so long without an answer a call rejects, or the next member is asked. */
const PATIENCE_MS = 1000;
/** The same of a file that somebody else holds (SQLite's busy timeout). */
const BUSY_MS = 500;
/** How often a request that is held is looked after. */
const HELD_LOOK_MS = 20;
/** So many members are asked, one after another. */
const MEMBERS = 3;
/** Until a watcher hears of a change. */
const MOST_WATCH_MS = 6;

interface Request<T> {
  /** `look`: at records, which settles nothing. */
  readonly kind: 'read' | 'look' | 'swap' | 'write';
  readonly act: () => Promise<T>;
}

/** A request that somebody waits for, over all the members that it is sent to. */
interface Call<T> extends Request<T> {
  /** In the order in which this handle asked. */
  readonly number: number;
  open: boolean;
  tries: number;
  readonly resolve: (answer: T) => void;
  readonly reject: (error: unknown) => void;
}

/** One sending of it. */
interface Sending {
  readonly sentMs: number;
  readonly member: number;
  /** It lies with the member that was asked first. */
  held: boolean;
  /** Nobody waits for this one any more. */
  abandoned: boolean;
}

export class LedgerStore implements DomainStore {
  readonly #options: LedgerStoreOptions;
  readonly #inner: MemoryStore;
  /** Which member is asked first. */
  #member: number;
  #asked = 0;
  /** By the number of the call: the newest that was done. */
  #newestRead = 0;
  #newestWrite = 0;

  constructor(options: LedgerStoreOptions) {
    this.#options = options;
    const { timeline, domain } = options;
    // Watchers are told in time of the world: the writer may be dead by then.
    this.#inner = domain.open({ nowMs: () => timeline.nowMs, after: timeline.after });
    this.#member = options.queues ? Math.floor(options.random() * MEMBERS) : 0;
  }

  read(): Promise<StoredLedger | null> {
    return this.#ask({ kind: 'read', act: () => this.#inner.read() });
  }

  swap(expected: number | null, next: Ledger): Promise<SwapOutcome> {
    return this.#ask<SwapOutcome>({ kind: 'swap', act: () => this.#inner.swap(expected, next) });
  }

  watch(changed: () => void): () => void {
    const { process, random } = this.#options;
    return this.#inner.watch(() => {
      if (this.#options.reach(this.#member) === 'answers')
        process.after(skewed(random, 0, MOST_WATCH_MS), changed);
    });
  }

  records(scope: RecordScope): Promise<ClientRecord[]> {
    const forAllTimes = this.#options.mutants.has('D6');
    return this.#ask({
      kind: 'look',
      act: () => (forAllTimes ? this.#recordsOfAllTimes(scope) : this.#inner.records(scope)),
    });
  }

  putRecords(fence: Fence, scope: RecordScope, records: readonly ClientRecord[]): Promise<WriteOutcome> {
    return this.#write(fence, (by) => this.#inner.putRecords(by, scope, records));
  }

  removeRecords(fence: Fence, scope: RecordScope, clients: readonly ClientIdentity[]): Promise<WriteOutcome> {
    return this.#write(fence, (by) => this.#inner.removeRecords(by, scope, clients));
  }

  collectGarbage(fence: Fence): Promise<WriteOutcome> {
    // Mutant D6: records outlive the lift ...
    if (this.#options.mutants.has('D6')) return Promise.resolve('written');
    return this.#write(fence, (by) => this.#inner.collectGarbage(by));
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
    return { ...fence, incarnation: incarnation ?? fence.incarnation };
  }

  #write(fence: Fence, write: (by: Fence) => Promise<WriteOutcome>): Promise<WriteOutcome> {
    return this.#ask({ kind: 'write', act: async () => write(await this.#fence(fence)) });
  }

  /** Asks, lets it be done, and brings the answer: three moments. A process that dies in between has asked all the same. */
  #ask<T>(request: Request<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (!this.#options.process.acts) return promise;
    this.#asked += 1;
    const call: Call<T> = {
      ...request,
      number: this.#asked,
      open: true,
      tries: 0,
      resolve(answer) {
        call.open = false;
        resolve(answer);
      },
      reject(error) {
        call.open = false;
        reject(error);
      },
    };
    this.#send(call);
    return promise;
  }

  #send<T>(call: Call<T>): void {
    const { timeline } = this.#options;
    call.tries += 1;
    const sending: Sending = {
      sentMs: timeline.nowMs,
      member: this.#member,
      held: false,
      abandoned: false,
    };
    timeline.after(this.#underWayMs(), () => this.#arrive(call, sending));
  }

  #arrive<T>(call: Call<T>, sending: Sending): void {
    const { timeline, process, queues } = this.#options;
    const reach = this.#reachFor(call, sending);
    if (reach === 'holds') {
      if (!sending.held) {
        sending.held = true;
        const leftMs = sending.sentMs + (queues ? PATIENCE_MS : BUSY_MS) - timeline.nowMs;
        timeline.after(Math.max(0, leftMs), () => process.turn(() => this.#giveUp(call, sending)));
      }
      // A file is asked by the living alone, and a request that was given up is none.
      if (queues || (process.acts && !sending.abandoned))
        timeline.after(HELD_LOOK_MS, () => this.#arrive(call, sending));
    } else if (reach === 'silent') this.#answer(PATIENCE_MS, sending, () => call.reject(silence()));
    else if (!sending.abandoned || this.#stillCounts(call)) this.#carryOut(call, sending);
  }

  #reachFor({ kind }: Request<unknown>, { member }: Sending): Reach {
    const { reach, queues, trouble } = this.#options;
    const writes = kind === 'swap' || kind === 'write';
    return !queues && trouble.held && writes ? 'holds' : reach(member);
  }

  #carryOut<T>(call: Call<T>, sending: Sending): void {
    const { timeline, random, reach, queues } = this.#options;
    if (call.kind === 'read') this.#newestRead = Math.max(this.#newestRead, call.number);
    if (call.kind === 'write') this.#newestWrite = Math.max(this.#newestWrite, call.number);
    const soon = () => skewed(random, LEAST_MS, MOST_MS);
    this.#act(call).then(
      (result) => {
        if (reach(sending.member) !== 'answers')
          this.#answer(PATIENCE_MS, sending, () => this.#unanswered(call));
        else
          this.#answer(soon(), sending, () => {
            // Whoever stood still meanwhile finds its patience at an end before it finds the answer.
            if (queues && timeline.nowMs - sending.sentMs > PATIENCE_MS) this.#giveUp(call, sending);
            else call.resolve(result);
          });
      },
      (error: unknown) => this.#answer(soon(), sending, () => call.reject(error)),
    );
  }

  #act<T>({ kind, act }: Request<T>): Promise<T> {
    const { trouble } = this.#options;
    if (trouble.away) return Promise.reject(new StoreUnavailableError('the ledger is not there'));
    if (trouble.full && (kind === 'swap' || kind === 'write'))
      return Promise.reject(new StoreUnavailableError('the store cannot be written: it is full'));
    return act();
  }

  /**
   * What was left under way never lands after a later write of the same handle, nor a swap after the read that is to tell of it: a real store
   * compares what each was decided on.
   */
  #stillCounts({ kind, number }: Pick<Call<unknown>, 'kind' | 'number'>): boolean {
    if (kind === 'swap') return number > this.#newestRead;
    return kind === 'write' && number > this.#newestWrite;
  }

  /** Nobody has said anything for too long: somebody else is asked, unless it may have been done and must not be done twice. */
  #giveUp<T>(call: Call<T>, sending: Sending): void {
    sending.abandoned = true;
    if (!call.open) return;
    this.#member += 1;
    if (this.#options.queues && call.kind !== 'swap' && call.tries < MEMBERS) this.#send(call);
    else this.#unanswered(call);
  }

  /** A swap of etcd may have been done. */
  #unanswered<T>(call: Call<T>): void {
    if (call.kind === 'swap' && this.#options.queues) call.resolve({ outcome: 'unknown' } as T);
    else call.reject(silence());
  }

  /** The sender hears of it, if it lives and is still waiting. */
  #answer(ms: number, sending: Sending, settle: () => void): void {
    const { timeline, process } = this.#options;
    timeline.after(ms, () =>
      process.turn(() => {
        if (!sending.abandoned) settle();
      }),
    );
  }

  #underWayMs(): number {
    const { random, queues } = this.#options;
    const soon = skewed(random, LEAST_MS, MOST_MS);
    return queues && random() < LATE_SHARE ? skewed(random, soon, MOST_LATE_MS) : soon;
  }
}

const silence = () => new StoreUnavailableError(`the store did not answer within ${PATIENCE_MS} ms`);
