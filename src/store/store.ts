import type { ClientRecord, RecordScope } from '../core/client-record.ts';
import type { Incarnation, NodeId } from '../core/ids.ts';
import type { Ledger } from '../core/ledger.ts';

/** The ledger as read, with the store's own version of it: what a compare-and-swap compares. */
export interface StoredLedger {
  readonly ledger: Ledger;
  /** Opaque; equal exactly when nothing was written in between. */
  readonly revision: number;
}

/** Who writes: the store refuses every write of a life that the ledger no longer knows as current. */
export interface Fence {
  readonly node: NodeId;
  readonly incarnation: Incarnation;
}

/**
 * - `swapped`: durable.
 * - `lost`: somebody else wrote first; read again.
 * - `unknown`: it may or may not have happened; read again before drawing any conclusion.
 */
export type SwapOutcome =
  | { readonly outcome: 'swapped'; readonly revision: number }
  | { readonly outcome: 'lost' | 'unknown' };

/** `fenced`: the writer's incarnation is not the current one; nothing was written. */
export type WriteOutcome = 'written' | 'fenced';

/**
 * The durable side of one lock domain: the ledger and the client records. It knows nothing of the
 * rules; every decision is made by `core`. A store that cannot answer rejects with
 * {@link StoreUnavailableError}; it never invents an answer (I7).
 */
export interface DomainStore extends AsyncDisposable {
  /** @returns the newest ledger, or null where none was ever written. */
  read(): Promise<StoredLedger | null>;
  /** Replaces the ledger if its revision is still `expected` (null: if there is none yet). Durable before it resolves. */
  swap(expected: number | null, next: Ledger): Promise<SwapOutcome>;
  /** Calls `changed` soon after each change; may coalesce and may call without a change. Returns the way to stop. */
  watch(changed: () => void): () => void;

  /** All records of one scope. An unreadable one rejects with {@link RecordsUnreadableError} (row 20). */
  records(scope: RecordScope): Promise<ClientRecord[]>;
  /** Adds or replaces records, all or none. Durable before it resolves. */
  putRecords(fence: Fence, scope: RecordScope, records: readonly ClientRecord[]): Promise<WriteOutcome>;
  /** Removes records, all or none. Durable before it resolves. */
  removeRecords(fence: Fence, scope: RecordScope, ownerIds: readonly string[]): Promise<WriteOutcome>;
  /** Removes every record of epochs that neither `epoch` nor `recoveryEpoch` of the ledger names any more. */
  collectGarbage(fence: Fence): Promise<WriteOutcome>;
}

/** The store did not answer, or answered that it cannot: unreachable, full, read-only, locked too long. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
}

/** Records or ledger are there and cannot be trusted: corrupt, or not of this version. */
export class RecordsUnreadableError extends Error {
  override readonly name = 'RecordsUnreadableError';
}
