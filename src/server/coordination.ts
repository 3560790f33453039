/**
 * What the protocol side of a node asks of its grace coordinator. The questions are synchronous so
 * that no window opens between an answer and its use; what must be durable returns a promise.
 */

import type { NodeId } from '../core/ids.ts';

/** The client as the record store knows it. */
export interface ClientIdentity {
  /** `co_ownerid` (or the id of v4.0) in lower-case hex. */
  readonly ownerId: string;
  readonly principal: string;
  /**
   * By whose service address it came, where addresses move: each is a server of its own to its clients, whoever carries it, so
   * that one owner with two mounts is two clients. Left out: the node's own.
   */
  readonly service?: NodeId;
}

/** Statuses are those of RFC 8881 section 15.1. */
export type NewStateAnswer = 'grant' | 'grace';
export type ReclaimAnswer = 'grant' | 'no-grace' | 'reclaim-bad' | 'delay';
/** `unavailable`: the store did not answer; say DELAY to the client and let it come again (I7). */
export type RecordAnswer = 'durable' | 'unavailable' | 'fenced';

/**
 * Where the filesystem of a domain is, for those who come to this node (RFC 8881 section 11.11).
 * - `here`: as usual.
 * - `moved`: that node serves it in place of this one: MOVED, and GETATTR of fs_locations says where.
 */
export type Place = { readonly kind: 'here' } | { readonly kind: 'moved'; readonly to: NodeId };

export interface Coordination {
  /** Where the filesystem is. Good for the turn of the event loop that it was asked in. */
  place(): Place;
  /**
   * Row 30: has this client claims that came to this node with a moved filesystem, and has it not said yet that it is through with them? Then
   * it may reclaim though its global RECLAIM_COMPLETE was answered here; {@link reclaim} decides as ever.
   */
  mayArrive(client: ClientIdentity): boolean;
  /**
   * RECLAIM_COMPLETE with rca_one_fs by a client that {@link mayArrive}: closes the claims that came with the filesystem.
   * @param complete it has said its global RECLAIM_COMPLETE here: its record becomes durable in the current epoch, as {@link completed} makes it.
   *   Before that it may have more to reclaim, and is not on record for what it has
   */
  arrived(client: ClientIdentity, complete: boolean): Promise<RecordAnswer>;
  /** Grant rule, step 1 (docs/protocol.md): may new state be given at all now? Ask before touching the filesystem. */
  newState(): NewStateAnswer;
  /**
   * Grant rule, step 3: ask after the lock was taken in the filesystem. Tests every peer's beacon. On
   * `grace` the caller gives the lock back at once and answers GRACE; the death is already being reported.
   */
  confirmNewState(): NewStateAnswer;
  /**
   * May this client reclaim now? Covers record, principal, barrier and lift (I4). That the client has
   * not sent its own RECLAIM_COMPLETE is the caller's to check (row 8). `delay`: before the barrier.
   */
  reclaim(client: ClientIdentity): ReclaimAnswer;
  /**
   * Has a life ended a moment ago, as far as this node knows, so that the filesystem may still hold what was that life's? A reclaim that meets
   * something of unknown origin is told DELAY then, and RECLAIM_CONFLICT later.
   */
  mayMeetLeftOvers(): boolean;
  /** Grace as a client would see it, for status and for row 36. */
  inGrace(): boolean;
  /**
   * Version 4.0, which has no RECLAIM_COMPLETE: makes the record durable in the current epoch, as {@link completed} does, and says
   * nothing about whether the client has more to reclaim. It is expected as before.
   */
  recorded(client: ClientIdentity): Promise<RecordAnswer>;
  /** RECLAIM_COMPLETE: makes the record durable in the current epoch; from then on the client counts as complete. */
  completed(client: ClientIdentity): Promise<RecordAnswer>;
  /** EXCHANGE_ID/CREATE_SESSION confirmed the id. The real product does nothing here (mutant D9 does). */
  confirmed(client: ClientIdentity): Promise<RecordAnswer>;
  /** The client is gone for good (DESTROY_CLIENTID, expiry, new verifier): its record must be durably gone first (I6). */
  forget(client: ClientIdentity): Promise<RecordAnswer>;
  /**
   * Its lease ran out. In place of {@link forget}, and durable like it before anything of the client is given to another: what is recorded
   * says from then on that it may not reclaim, until it has been told (row 19).
   */
  revoke(client: ClientIdentity): Promise<RecordAnswer>;
}
