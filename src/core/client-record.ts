import type { Epoch, Incarnation, NodeId } from './ids.ts';

/**
 * The durable fact that a client may reclaim after the next failure (RFC 8881 section 8.4.3, I6).
 * Bound to (domain, epoch, service address); at most one per owner and principal in each of those.
 */
export interface ClientRecord {
  /** `co_ownerid` (v4.1+) or `nfs_client_id4.id` (v4.0) in lower-case hex. */
  readonly ownerId: string;
  /** The life that wrote it. Counts only if that life served the address at the lift (`Member.recordedIncarnation`). */
  readonly incarnation: Incarnation;
  /** Of which node that life is. Left out: of the one that the address belongs to. */
  readonly writer?: NodeId;
  /** Who may act for this owner: `sys:<uid>@<machine>` or `none`. */
  readonly principal: string;
  /** Expired or revoked, and the client has not been told yet: it must not reclaim (row 19). */
  readonly revoked: boolean;
  /** New locks were granted while this client had not completed its reclaim (row 19): it must not reclaim. */
  readonly reclaimIncomplete: boolean;
}

/** Where a generation of records lives. */
export interface RecordScope {
  readonly epoch: Epoch;
  /** By whose service address these clients come, whoever carries that. */
  readonly node: NodeId;
}
