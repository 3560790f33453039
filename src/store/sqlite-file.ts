/** The file of the embedded store: its tables, its version, and what SQLite's errors mean. */
import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { RecordsUnreadableError, StoreUnavailableError } from './store.ts';

/** Of the tables below. Raised when they change; a file of another version is refused, never rewritten. */
const SCHEMA_VERSION = 2;

const SCHEMA = `
  CREATE TABLE ledger (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    text TEXT NOT NULL
  ) STRICT;
  CREATE TABLE records (
    epoch INTEGER NOT NULL,
    node TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    principal TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (epoch, node, owner_id, principal)
  ) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** Primary result codes, https://sqlite.org/rescode.html. */
const SQLITE_BUSY = 5;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_PROTOCOL = 15;
const SQLITE_NOTADB = 26;

/** Opens the file, or makes it. Errors are SQLite's own, or RecordsUnreadableError for a file of another version. */
export function openFile(path: string, busyMs: number): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: busyMs });
  try {
    // FULL: a commit is on the disk before it is told; a ledger that forgets a boot would reuse an incarnation.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    if (versionOf(database) !== SCHEMA_VERSION) makeTables(database, path);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * The files that were opened, by device and inode. SQLite goes on with them when their names are removed or given to others,
 * and whoever boots then would make another ledger beside the one that the living go on with (I3). Two stat calls, about 3 µs.
 */
export class OpenedFiles {
  readonly #path: string;
  /** By path. The log of changes comes into being with the first change. */
  readonly #identities = new Map<string, string>();

  constructor(path: string) {
    this.#path = path;
    this.check();
  }

  /** @throws StoreUnavailableError when other files, or none, have these names now */
  check(): void {
    for (const path of [this.#path, `${this.#path}-wal`]) {
      const found = statSync(path, { throwIfNoEntry: false });
      const identity = found && `${found.dev}:${found.ino}`;
      const before = this.#identities.get(path);
      if (before === undefined && identity !== undefined) this.#identities.set(path, identity);
      if (before === undefined || before === identity) continue;
      throw new StoreUnavailableError(
        `the store does not answer: ${this.#path} was removed or replaced while it was in use`,
      );
    }
  }
}

/** In one transaction, because several nodes may make the file at the same moment. */
function makeTables(database: DatabaseSync, path: string): void {
  transaction(database, () => {
    const version = versionOf(database);
    if (version === SCHEMA_VERSION) return;
    if (database.prepare('SELECT name FROM sqlite_master LIMIT 1').get() !== undefined) {
      throw new RecordsUnreadableError(
        `${path} is a store of version ${version}, and ${SCHEMA_VERSION} is the one that is known here: use the version of gracelab that made it, or stop all nodes and remove the file.`,
      );
    }
    database.exec(SCHEMA);
  });
}

const versionOf = (database: DatabaseSync): number =>
  Number(database.prepare('PRAGMA user_version').get()?.user_version);

/** Runs `work` as the only writer; all of it happens, or nothing. */
export function transaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** Turns SQLite's errors into the two that the coordinator knows how to live with. */
export function answering<T>(ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    const code = codeOf(error);
    // Not SQLite's word but a mistake of ours, or said already: retrying would only hide it.
    if (code === null) throw error;
    const { message } = error as Error;
    if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB)
      throw new RecordsUnreadableError(`the store is damaged: ${message}`, { cause: error });
    throw new StoreUnavailableError(`the store does not answer: ${message}`, { cause: error });
  }
}

/**
 * May a write that failed with this have reached the disk all the same? A commit mark that was written and
 * could not be flushed is found again when the file is next opened after a crash.
 */
export const mayHaveHappened = (error: unknown): boolean => codeOf(causeOf(error)) === SQLITE_IOERR;

/**
 * Nodes that boot at the same moment make the file together, and SQLite refuses at once, without its usual
 * patience, whoever wants to switch it to write-ahead logging while another one reads it.
 */
export function isOpeningRace(error: unknown): boolean {
  const code = codeOf(causeOf(error));
  return code === SQLITE_BUSY || code === SQLITE_PROTOCOL;
}

const causeOf = (error: unknown): unknown => (error as { cause?: unknown } | null)?.cause;

/** SQLite's primary result code (an extended one keeps it in the low byte); null for what is not SQLite's error. */
function codeOf(error: unknown): number | null {
  const { errcode } = (error ?? {}) as { errcode?: number };
  return errcode === undefined ? null : errcode & 0xff;
}
