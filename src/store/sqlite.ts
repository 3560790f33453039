/**
 * The embedded store: one SQLite file on the shared filesystem, for clusters whose nodes share one
 * kernel. SQLite's own locks order the writers; WAL lets readers go on meanwhile.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ClientRecord, RecordScope } from '../core/client-record.ts';
import type { Clock } from '../core/clock.ts';
import type { Ledger } from '../core/ledger.ts';
import { formatLedger, parseLedger } from '../core/ledger-text.ts';
import { formatRecord, parseRecord } from '../core/record-text.ts';
import type { ClientIdentity } from '../core/record-transitions.ts';
import { answering, mayHaveHappened, OpenedFiles, openFile, transaction } from './sqlite-file.ts';
import {
  type DomainStore,
  type Fence,
  isFenced,
  RecordsUnreadableError,
  type StoredLedger,
  type SwapOutcome,
  type WriteOutcome,
} from './store.ts';

export interface SqliteStoreOptions {
  readonly path: string;
  readonly clock: Clock;
  /** How often a change by another process is looked for; one read of a shared counter, about 4 µs. */
  readonly pollMs?: number;
  /** How long a write waits for another writer before the store counts as unavailable. */
  readonly busyMs?: number;
}

const DEFAULT_POLL_MS = 5;
const DEFAULT_BUSY_MS = 500;

export class SqliteStore implements DomainStore {
  readonly #database: DatabaseSync;
  readonly #options: Required<SqliteStoreOptions>;
  readonly #readLedger: StatementSync;
  readonly #updateLedger: StatementSync;
  readonly #insertLedger: StatementSync;
  readonly #settleLedger: StatementSync;
  readonly #readRecords: StatementSync;
  readonly #putRecord: StatementSync;
  readonly #removeRecord: StatementSync;
  readonly #collect: StatementSync;
  readonly #dataVersion: StatementSync;
  readonly #readRevision: StatementSync;
  readonly #watchers = new Set<() => void>();
  /** The revision against which a swap was tried that may have happened. */
  #unsettled: number | null = null;
  #stopPolling: (() => void) | null = null;
  #closed = false;
  readonly #files: OpenedFiles;

  /** Opens or creates the file. @throws StoreUnavailableError, RecordsUnreadableError */
  static open(options: SqliteStoreOptions): SqliteStore {
    return answering(() => new SqliteStore(options));
  }

  private constructor(options: SqliteStoreOptions) {
    this.#options = { pollMs: DEFAULT_POLL_MS, busyMs: DEFAULT_BUSY_MS, ...options };
    this.#database = openFile(options.path, this.#options.busyMs);
    this.#files = new OpenedFiles(options.path);
    const prepare = (sql: string) => this.#database.prepare(sql);
    this.#readLedger = prepare('SELECT revision, text FROM ledger WHERE id = 1');
    this.#updateLedger = prepare(
      'UPDATE ledger SET revision = revision + 1, text = ? WHERE id = 1 AND revision = ?',
    );
    this.#insertLedger = prepare('INSERT OR IGNORE INTO ledger (id, revision, text) VALUES (1, 1, ?)');
    this.#settleLedger = prepare('UPDATE ledger SET revision = revision + 1 WHERE id = 1 AND revision = ?');
    this.#readRecords = prepare(
      'SELECT owner_id, principal, text FROM records WHERE epoch = ? AND node = ? ORDER BY owner_id, principal',
    );
    this.#putRecord = prepare(
      'INSERT OR REPLACE INTO records (epoch, node, owner_id, principal, text) VALUES (?, ?, ?, ?, ?)',
    );
    this.#removeRecord = prepare(
      'DELETE FROM records WHERE epoch = ? AND node = ? AND owner_id = ? AND principal = ?',
    );
    this.#collect = prepare('DELETE FROM records WHERE epoch <> ? AND epoch <> ?');
    this.#dataVersion = prepare('PRAGMA data_version');
    this.#readRevision = prepare('SELECT revision FROM ledger WHERE id = 1');
  }

  async read(): Promise<StoredLedger | null> {
    this.#files.check();
    return answering(() => {
      this.#settle();
      return this.#read();
    });
  }

  async swap(expected: number | null, next: Ledger): Promise<SwapOutcome> {
    const text = formatLedger(next);
    this.#files.check();
    try {
      const { changes } = answering(() =>
        expected === null ? this.#insertLedger.run(text) : this.#updateLedger.run(text, expected),
      );
      if (changes !== 1) return { outcome: 'lost' };
      return { outcome: 'swapped', revision: (expected ?? 0) + 1 };
    } catch (error) {
      if (!mayHaveHappened(error)) throw error;
      this.#unsettled = expected;
      return { outcome: 'unknown' };
    }
  }

  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    if (this.#stopPolling === null) this.#poll(this.#version(), this.#revision());
    return () => {
      this.#watchers.delete(changed);
      if (this.#watchers.size === 0) {
        this.#stopPolling?.();
        this.#stopPolling = null;
      }
    };
  }

  async records(scope: RecordScope): Promise<ClientRecord[]> {
    this.#files.check();
    const rows = answering(() => this.#readRecords.all(scope.epoch, scope.node));
    return rows.map((row) => {
      const parsed = parseRecord(String(row.owner_id), String(row.text));
      if (parsed.ok && parsed.record.principal === row.principal) return parsed.record;
      const problem = parsed.ok ? 'its principal is another one' : parsed.problem;
      throw new RecordsUnreadableError(
        `the record of client ${row.owner_id} at ${scope.node} cannot be read: ${problem}`,
      );
    });
  }

  async putRecords(
    fence: Fence,
    scope: RecordScope,
    records: readonly ClientRecord[],
  ): Promise<WriteOutcome> {
    const { epoch, node } = scope;
    return this.#fenced(fence, () => {
      for (const record of records)
        this.#putRecord.run(epoch, node, record.ownerId, record.principal, formatRecord(record));
    });
  }

  async removeRecords(
    fence: Fence,
    scope: RecordScope,
    clients: readonly ClientIdentity[],
  ): Promise<WriteOutcome> {
    return this.#fenced(fence, () => {
      for (const { ownerId, principal } of clients)
        this.#removeRecord.run(scope.epoch, scope.node, ownerId, principal);
    });
  }

  async collectGarbage(fence: Fence): Promise<WriteOutcome> {
    return this.#fenced(
      fence,
      (ledger) => void this.#collect.run(ledger.epoch, ledger.recoveryEpoch ?? ledger.epoch),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopPolling?.();
    this.#stopPolling = null;
    this.#watchers.clear();
    this.#database.close();
  }

  #read(): StoredLedger | null {
    const row = this.#readLedger.get();
    if (row === undefined) return null;
    const parsed = parseLedger(String(row.text));
    if (!parsed.ok) throw new RecordsUnreadableError(`the ledger cannot be read: ${parsed.problem}`);
    return { ledger: parsed.ledger, revision: Number(row.revision) };
  }

  /** Takes the place in the file that an uncertain swap may have left behind, so that it cannot come back. */
  #settle(): void {
    if (this.#unsettled === null) return;
    this.#settleLedger.run(this.#unsettled);
    this.#unsettled = null;
  }

  /** The fence is tested in the same transaction as the write, so no boot can come in between (D8). */
  #fenced(fence: Fence, write: (ledger: Ledger) => void): WriteOutcome {
    this.#files.check();
    return answering(() =>
      transaction(this.#database, () => {
        const stored = this.#read();
        if (stored === null || isFenced(stored, fence)) return 'fenced';
        write(stored.ledger);
        return 'written';
      }),
    );
  }

  /**
   * Most commits are of records, a thousand of them when the clients of a node come back. Were they word of a change, every
   * node would read the ledger anew for each.
   */
  #poll(lastVersion: number, lastRevision: number | null): void {
    this.#stopPolling = this.#options.clock.after(this.#options.pollMs, () => {
      const version = this.#version();
      const isSame = version === lastVersion && lastRevision !== null;
      const revision = isSame ? lastRevision : this.#revision();
      if (revision === null || revision !== lastRevision)
        for (const changed of [...this.#watchers]) changed();
      if (this.#watchers.size > 0 && !this.#closed) this.#poll(version, revision);
    });
  }

  /** Of the ledger; 0: there is none. Null where the store cannot say, which counts as changed. */
  #revision(): number | null {
    try {
      return Number(this.#readRevision.get()?.revision ?? 0);
    } catch {
      return null;
    }
  }

  /** Changes exactly when another connection committed. Not a number where the store cannot say. */
  #version(): number {
    try {
      return Number(this.#dataVersion.get()?.data_version);
    } catch {
      return Number.NaN;
    }
  }
}
