import type { ClientRecord, RecordScope } from '../core/client-record.ts';
import type { Incarnation, NodeId } from '../core/ids.ts';
import { type Ledger, standing } from '../core/ledger.ts';
import type { ClientIdentity } from '../core/record-transitions.ts';

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
  /** The write is for a ledger of exactly this revision; absent: for any by which that life is current. */
  readonly revision?: number;
}

/**
 * - `swapped`: durable.
 * - `lost`: somebody else wrote first, nothing was done; read again.
 * - `unknown`: it may or may not have happened. The next successful `read` by the same handle tells: a swap that it
 *   does not show will not happen any more. (Only a founding swap may still turn up later, and only where nobody else
 *   founded the domain meanwhile.)
 *
 * A swap that rejects has certainly not happened.
 */
export type SwapOutcome =
  | { readonly outcome: 'swapped'; readonly revision: number }
  | { readonly outcome: 'lost' | 'unknown' };

/**
 * `fenced`: the writer's life is over, or the ledger is not of the fence's revision; nothing is written from then on. A long list may
 * have been written in part before that.
 */
export type WriteOutcome = 'written' | 'fenced';

/**
 * The durable side of one lock domain: the ledger and the client records. It knows nothing of the
 * rules; every decision is made by `core`. A store that cannot answer rejects with
 * {@link StoreUnavailableError}, within a bounded time; it never invents an answer, nor gives an old one (I7).
 *
 * Writes of records are fenced in the same transaction (D8), idempotent, and durable when they resolve. One that
 * rejects may have been done in part, so the caller repeats or undoes it; what it left under way never lands after a
 * later write of the same handle.
 */
export interface DomainStore extends AsyncDisposable {
  /** @returns the newest ledger, or null where none was ever written. */
  read(): Promise<StoredLedger | null>;
  /** Replaces the ledger if its revision is still `expected` (null: if there is none yet). Durable before it resolves. */
  swap(expected: number | null, next: Ledger): Promise<SwapOutcome>;
  /**
   * Calls `changed` soon after each change; may coalesce and may call without a change. It also calls when it cannot
   * tell whether there was one, for example after it lost the store from sight. Returns the way to stop.
   *
   * `told`: what the ledger was after some change, where the store tells that along; else whoever wants to know has to read.
   * It may be old, even older than what was read meanwhile (its revision says so), so it is never told while an answer of
   * `read` is owed to a swap of unknown outcome.
   */
  watch(changed: (told?: StoredLedger) => void): () => void;

  /** All records of one scope, as of one moment. An unreadable one rejects with {@link RecordsUnreadableError} (row 20). */
  records(scope: RecordScope): Promise<ClientRecord[]>;
  /** Adds records, or replaces those of the same owner and principal. */
  putRecords(fence: Fence, scope: RecordScope, records: readonly ClientRecord[]): Promise<WriteOutcome>;
  /** Removes the records of these clients; one that has none is no mistake. */
  removeRecords(fence: Fence, scope: RecordScope, clients: readonly ClientIdentity[]): Promise<WriteOutcome>;
  /** Removes every record of epochs that neither `epoch` nor `recoveryEpoch` of the ledger names any more. */
  collectGarbage(fence: Fence): Promise<WriteOutcome>;
}

/** Does this ledger, which must not be older than the one that the fence names, refuse the writer? */
export const isFenced = ({ ledger, revision }: StoredLedger, fence: Fence): boolean =>
  standing(ledger, fence.node, fence.incarnation) === 'fenced' ||
  (fence.revision !== undefined && fence.revision !== revision);

/** The store did not answer, or answered that it cannot: unreachable, full, read-only, locked too long. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
}

/** Records or ledger are there and cannot be trusted: corrupt, or not of this version. */
export class RecordsUnreadableError extends Error {
  override readonly name = 'RecordsUnreadableError';
}
