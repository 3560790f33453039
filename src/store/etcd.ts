/**
 * The store of clusters whose nodes are several machines: an etcd cluster, spoken to over its JSON gateway. etcd's
 * transactions are the compare-and-swap, its revisions are the ledger's.
 *
 * A request whose answer does not come may still be carried out, even much later: a member that is stopped keeps it in a
 * buffer and goes on with it when it is continued. So every write names what it was decided on:
 *
 * - A swap compares the ledger's revision. After one that may have happened, `read` writes the ledger anew, unchanged,
 *   before it answers, and with that the late swap has lost.
 * - A write of records compares the revision of the ledger that the writer's life was judged by (D8), and that of a key
 *   of the writer's own, which it raises. Without the second, this could happen: `putRecords` is sent to A, whose answer does
 *   not come; it is sent to B, and done; the client expires and `removeRecords` is done; A goes on, and the
 *   record of the expired client is back (I6).
 */
import type { ClientRecord, RecordScope } from '../core/client-record.ts';
import type { Clock } from '../core/clock.ts';
import type { NodeId } from '../core/ids.ts';
import type { Ledger } from '../core/ledger.ts';
import { formatLedger, parseLedger } from '../core/ledger-text.ts';
import { formatRecord, parseRecord } from '../core/record-text.ts';
import type { ClientIdentity } from '../core/record-transitions.ts';
import type { KeyValue } from './etcd-answers.ts';
import { EtcdGateway, type Operation } from './etcd-gateway.ts';
import { EtcdKeys } from './etcd-keys.ts';
import { chunked } from './etcd-limits.ts';
import { type ChangedTo, EtcdWatch } from './etcd-watch.ts';
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

export interface EtcdStoreOptions {
  readonly endpoints: readonly string[];
  /** What the names of the domain's keys begin with; see etcd-keys.ts. */
  readonly prefix: string;
  readonly clock: Clock;
  /** How long one member may take to answer one request; then the next is asked, or the outcome is unknown. */
  readonly requestMs?: number;
  /** How often the watch is checked; a change that it lost is noticed that much later at the latest. */
  readonly pulseMs?: number;
  /** How long to wait before a watch that ended is begun anew. */
  readonly reconnectMs?: number;
}

/** Longer than the election of a new leader takes: with etcd's own settings up to 2 s, after which a request goes on. */
const DEFAULT_REQUEST_MS = 2500;
const DEFAULT_PULSE_MS = 1000;
const DEFAULT_RECONNECT_MS = 50;
/** Per answer. Records of the longest names make half a megabyte of it. */
const PAGE_RECORDS = 500;
/** How often a write is tried while the ledger, or another writer of the same node, comes in between. */
const MAX_ATTEMPTS = 100;

/** What a write of records is decided on. */
interface Seen extends StoredLedger {
  readonly writerRevision: number;
}

export class EtcdStore implements DomainStore {
  readonly #options: Required<EtcdStoreOptions>;
  readonly #gateway: EtcdGateway;
  readonly #keys: EtcdKeys;
  readonly #watches = new Set<EtcdWatch>();
  /** By writer; from the last answer that told. Old is harmless: etcd compares. */
  readonly #seen = new Map<NodeId, Seen>();
  /** Writes of records go one after another: each raises what the next one compares. */
  #writes: Promise<unknown> = Promise.resolve();
  /** The revision against which a swap was tried that may have happened, or may yet. */
  #unsettled: number | null = null;
  /** A ledger has been seen. */
  #founded = false;

  /** @throws StoreUnavailableError when no member answers; Error, in one sentence, for options that make no sense */
  static async open(options: EtcdStoreOptions): Promise<EtcdStore> {
    const store = new EtcdStore(options);
    try {
      // Whether there is anybody; what is there to read is told by `read`.
      await store.#gateway.range({ from: store.#keys.ledger }, { keysOnly: true });
      return store;
    } catch (error) {
      await store[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Contacts nobody yet. */
  constructor(options: EtcdStoreOptions) {
    this.#options = {
      requestMs: DEFAULT_REQUEST_MS,
      pulseMs: DEFAULT_PULSE_MS,
      reconnectMs: DEFAULT_RECONNECT_MS,
      ...options,
    };
    this.#keys = new EtcdKeys(options.prefix);
    this.#gateway = new EtcdGateway(this.#options);
  }

  async read(): Promise<StoredLedger | null> {
    const { kvs } = await this.#gateway.range({ from: this.#keys.ledger });
    const [found] = kvs;
    if (found === undefined) return this.#nothing();
    this.#founded = true;
    if (this.#unsettled !== found.mod_revision) {
      this.#unsettled = null;
      return ledgerIn(found);
    }
    return this.#settle(found);
  }

  async swap(expected: number | null, next: Ledger): Promise<SwapOutcome> {
    const result = await this.#gateway.transact({
      compare: [{ key: this.#keys.ledger, modRevision: expected ?? 0 }],
      success: [{ put: this.#keys.ledger, value: formatLedger(next) }],
    });
    if (result.outcome === 'unknown') {
      this.#unsettled = expected;
      return { outcome: 'unknown' };
    }
    const { succeeded, header } = result.answer;
    return succeeded ? { outcome: 'swapped', revision: header.revision } : { outcome: 'lost' };
  }

  watch(changed: (told?: StoredLedger) => void): () => void {
    const { clock, pulseMs, reconnectMs } = this.#options;
    const watch = new EtcdWatch({
      gateway: this.#gateway,
      key: this.#keys.ledger,
      clock,
      pulseMs,
      reconnectMs,
      changed: (to) => changed(to && this.#told(to)),
    });
    this.#watches.add(watch);
    return () => {
      watch.stop();
      this.#watches.delete(watch);
    };
  }

  async records(scope: RecordScope): Promise<ClientRecord[]> {
    const { from, to } = this.#keys.recordsOf(scope);
    const records: ClientRecord[] = [];
    let after = from;
    let revision: number | undefined;
    for (;;) {
      // All pages as of the first one.
      const page = await this.#gateway.range(
        { from: after, ...(to !== undefined && { to }) },
        { limit: PAGE_RECORDS, ...(revision !== undefined && { revision }) },
      );
      revision ??= page.header.revision;
      for (const found of page.kvs) records.push(this.#recordIn(scope, found));
      const last = page.kvs.at(-1);
      if (!page.more || last === undefined) return records;
      after = `${last.key}\0`;
    }
  }

  putRecords(fence: Fence, scope: RecordScope, records: readonly ClientRecord[]): Promise<WriteOutcome> {
    // Of two records of one client the later one counts; etcd refuses a transaction that has both.
    const values = new Map(records.map((record) => [this.#keys.record(scope, record), formatRecord(record)]));
    return this.#writeAll(
      fence,
      [...values].map(([put, value]) => ({ put, value })),
    );
  }

  removeRecords(fence: Fence, scope: RecordScope, clients: readonly ClientIdentity[]): Promise<WriteOutcome> {
    return this.#writeAll(
      fence,
      clients.map((client) => ({ remove: { from: this.#keys.record(scope, client) } })),
    );
  }

  collectGarbage(fence: Fence): Promise<WriteOutcome> {
    return this.#queued(() =>
      this.#write(fence, ({ epoch, recoveryEpoch }) =>
        this.#keys
          .recordsOutside(recoveryEpoch === null ? [epoch] : [epoch, recoveryEpoch])
          .map((range) => ({ remove: range })),
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const watch of this.#watches) watch.stop();
    this.#watches.clear();
    this.#gateway.close();
  }

  /**
   * What the watch says. It saves the read that every node would make after every change: in a grace of N nodes N² reads, each of which
   * asks a quorum, while each change is told to each node anyway. Nothing hangs on its being new: every swap compares.
   */
  #told({ mod_revision, value }: ChangedTo): StoredLedger | undefined {
    if (this.#unsettled !== null) return undefined;
    const parsed = parseLedger(value);
    if (!parsed.ok) return undefined;
    const stored = { ledger: parsed.ledger, revision: mod_revision };
    for (const [node, seen] of this.#seen)
      if (seen.revision < mod_revision) this.#seen.set(node, { ...seen, ...stored });
    return stored;
  }

  /** Puts what was read there again, so that a swap that is still under way finds another revision than it expects. */
  async #settle(found: KeyValue): Promise<StoredLedger | null> {
    const stored = ledgerIn(found);
    const result = await this.#gateway.transact({
      compare: [{ key: this.#keys.ledger, modRevision: found.mod_revision }],
      success: [{ put: this.#keys.ledger, value: found.value }],
      failure: [{ range: { from: this.#keys.ledger } }],
    });
    if (result.outcome === 'unknown')
      throw new StoreUnavailableError(`the store does not answer: ${result.why}`);
    this.#unsettled = null;
    const { succeeded, header, responses } = result.answer;
    if (succeeded) return { ledger: stored.ledger, revision: header.revision };
    const [now] = responses[0]?.response_range?.kvs ?? [];
    return now === undefined ? this.#nothing() : ledgerIn(now);
  }

  /** A ledger that vanishes was removed by somebody: whoever founded it anew would give old incarnations out again. */
  #nothing(): null {
    if (this.#founded) throw new RecordsUnreadableError('the ledger was there and has been removed');
    return null;
  }

  #recordIn(scope: RecordScope, { key, value }: KeyValue): ClientRecord {
    const client = this.#keys.clientOf(scope, key);
    const parsed = client === null ? null : parseRecord(client.ownerId, value);
    if (parsed?.ok && parsed.record.principal === client?.principal) return parsed.record;
    const problem =
      parsed === null || parsed.ok ? 'it is not of the client that its key names' : parsed.problem;
    throw new RecordsUnreadableError(`the record ${key} cannot be read: ${problem}`);
  }

  #writeAll(fence: Fence, operations: readonly Operation[]): Promise<WriteOutcome> {
    return this.#queued(async () => {
      // Nothing to write: what remains of the promise is that this life was current.
      if (operations.length === 0) {
        const seen = await this.#look(fence.node);
        return seen === null || isFenced(seen, fence) ? 'fenced' : 'written';
      }
      for (const chunk of chunked(operations))
        if ((await this.#write(fence, () => chunk)) === 'fenced') return 'fenced';
      return 'written';
    });
  }

  /**
   * The fence is tested in the same transaction as the write: it compares the revision of the ledger that says
   * that this life is current, and fails when there is a newer one, which is then judged in its turn (D8).
   */
  async #write(fence: Fence, operations: (ledger: Ledger) => readonly Operation[]): Promise<WriteOutcome> {
    const ledgerKey = this.#keys.ledger;
    const writerKey = this.#keys.writer(fence.node);
    let unanswered = 0;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const seen = this.#remembered(fence) ?? (await this.#look(fence.node));
      // A life that is over stays so, however old the ledger is that says it.
      if (seen === null || isFenced(seen, fence)) return 'fenced';
      const result = await this.#gateway.transact({
        compare: [
          { key: ledgerKey, modRevision: seen.revision },
          { key: writerKey, modRevision: seen.writerRevision },
        ],
        success: [{ put: writerKey, value: String(fence.incarnation) }, ...operations(seen.ledger)],
        failure: [{ range: { from: ledgerKey } }, { range: { from: writerKey } }],
      });
      if (result.outcome === 'unknown') {
        this.#seen.delete(fence.node);
        unanswered += 1;
        if (unanswered >= this.#gateway.size)
          throw new StoreUnavailableError(`the store does not answer: ${result.why}`);
        continue;
      }
      const { succeeded, header, responses } = result.answer;
      if (succeeded) {
        this.#seen.set(fence.node, { ...seen, writerRevision: header.revision });
        return 'written';
      }
      this.#learn(fence.node, responses);
    }
    throw new StoreUnavailableError(
      `the store does not answer: other writers came in between ${MAX_ATTEMPTS} times`,
    );
  }

  /** Not where that is a ledger from before the one that the write is for. */
  #remembered({ node, revision = 0 }: Fence): Seen | undefined {
    const seen = this.#seen.get(node);
    return seen !== undefined && seen.revision >= revision ? seen : undefined;
  }

  /** The newest ledger and the writer's own key, as of one moment. */
  async #look(node: NodeId): Promise<Seen | null> {
    const result = await this.#gateway.transact({
      compare: [],
      success: [{ range: { from: this.#keys.ledger } }, { range: { from: this.#keys.writer(node) } }],
    });
    // Never: what only reads is asked until it is answered, or rejects.
    if (result.outcome === 'unknown') throw new StoreUnavailableError(result.why);
    return this.#learn(node, result.answer.responses);
  }

  #learn(
    node: NodeId,
    responses: readonly { readonly response_range?: { readonly kvs: readonly KeyValue[] } | undefined }[],
  ): Seen | null {
    this.#seen.delete(node);
    const [ledger, writer] = responses.map(({ response_range }) => response_range?.kvs[0]);
    if (ledger === undefined) return this.#nothing();
    this.#founded = true;
    const seen = { ...ledgerIn(ledger), writerRevision: writer?.mod_revision ?? 0 };
    this.#seen.set(node, seen);
    return seen;
  }

  #queued<T>(write: () => Promise<T>): Promise<T> {
    const result = this.#writes.then(write);
    this.#writes = result.catch(() => {});
    return result;
  }
}

function ledgerIn({ value, mod_revision }: KeyValue): StoredLedger {
  const parsed = parseLedger(value);
  if (!parsed.ok) throw new RecordsUnreadableError(`the ledger cannot be read: ${parsed.problem}`);
  return { ledger: parsed.ledger, revision: mod_revision };
}
