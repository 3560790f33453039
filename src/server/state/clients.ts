import type { CreateSessionResult } from '../../nfs4/operations/create-session.ts';
import type { ClientIdentity } from '../coordination.ts';
import type { BootIdentity } from './boot-identity.ts';
import type { LockOwner } from './lock-owners.ts';
import type { OpenState } from './opens.ts';
import type { Session } from './sessions.ts';

/**
 * - `live`: as usual. Its lease may have run out all the same, while courtesy lets it keep its state.
 * - `expiring`: its record is being removed; until that is durable nobody gets its locks, and it is told DELAY itself.
 * - `gone`: not in the tables any more; whatever still refers to it must stop.
 */
export type ClientStanding = 'live' | 'expiring' | 'gone';

/** The one-slot reply cache of CREATE_SESSION (RFC 8881 section 18.36.4). */
export interface CreateSessionSlot {
  /** Of the newest request that was answered. */
  seqid: number;
  reply: CreateSessionResult | null;
  inProgress: boolean;
}

/** One client id and all that hangs from it. */
export class Client {
  readonly clientId: bigint;
  /** Position among the client ids of this life of the server. */
  readonly index: number;
  readonly identity: ClientIdentity;
  /** `co_ownerid` for people to read. */
  readonly name: string;
  readonly verifier: Buffer;
  readonly createSession: CreateSessionSlot = { seqid: 0, reply: null, inProgress: false };

  standing: ClientStanding = 'live';
  /** CREATE_SESSION has confirmed the client id. */
  confirmed = false;
  /** Its own global RECLAIM_COMPLETE is durable (rows 6, 8 and 13). */
  reclaimComplete = false;
  /**
   * A record of it is durable in the current epoch. Goes when its lease expires, comes back before its
   * next new state (I6; leases.ts says when).
   */
  recorded = false;
  /** Monotonic, of the newest SEQUENCE. */
  renewedAtMs: number;
  /** Requests being worked on; a client that waits for us does not expire. */
  inFlight = 0;
  /** Stateids that it lost and has not freed yet (row 22). */
  revoked = 0;

  readonly sessions = new Set<Session>();
  readonly opens = new Set<OpenState>();
  /** By owner in hex. */
  readonly lockOwners = new Map<string, LockOwner>();

  constructor(identity: ClientIdentity, verifier: Buffer, clientId: bigint, index: number, nowMs: number) {
    this.identity = identity;
    this.name = Buffer.from(identity.ownerId, 'hex').toString('utf8');
    this.verifier = verifier;
    this.clientId = clientId;
    this.index = index;
    this.renewedAtMs = nowMs;
  }

  /** Opens or locks, that is: something that others could run into. */
  get holdsState(): boolean {
    return this.opens.size > 0;
  }
}

/** What is known of one owner: at most one of each (RFC 8881 section 18.35.4). */
interface OwnerEntry {
  confirmed: Client | null;
  unconfirmed: Client | null;
}

/** All client ids, by id and by owner. */
export class ClientTable {
  readonly #identity: BootIdentity;
  readonly #byId = new Map<bigint, Client>();
  readonly #byOwner = new Map<string, OwnerEntry>();
  #lastIndex = 0;

  constructor(identity: BootIdentity) {
    this.#identity = identity;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Undefined for ids of an earlier life and for removed ones: STALE_CLIENTID (row 2). */
  byId(clientId: bigint): Client | undefined {
    return this.#byId.get(clientId);
  }

  confirmedOf(ownerId: string): Client | null {
    return this.#byOwner.get(ownerId)?.confirmed ?? null;
  }

  all(): IterableIterator<Client> {
    return this.#byId.values();
  }

  /** A new, unconfirmed id; an unconfirmed one that the owner had before is forgotten. */
  create(identity: ClientIdentity, verifier: Buffer, nowMs: number): Client {
    const entry = this.#entry(identity.ownerId);
    if (entry.unconfirmed !== null) this.#drop(entry.unconfirmed);
    this.#lastIndex += 1;
    const client = new Client(
      identity,
      verifier,
      this.#identity.clientId(this.#lastIndex),
      this.#lastIndex,
      nowMs,
    );
    this.#entry(identity.ownerId).unconfirmed = client;
    this.#byId.set(client.clientId, client);
    return client;
  }

  /** The owner's earlier confirmed client id must have been removed. */
  confirm(client: Client): void {
    const entry = this.#entry(client.identity.ownerId);
    if (entry.unconfirmed !== client)
      throw new Error(`client ${client.name} is not waiting for confirmation`);
    if (entry.confirmed !== null) throw new Error(`client ${client.name} is confirmed twice`);
    entry.unconfirmed = null;
    entry.confirmed = client;
    client.confirmed = true;
  }

  /** The client must hold nothing any more. */
  remove(client: Client): void {
    if (client.holdsState || client.sessions.size > 0) {
      throw new Error(`client ${client.name} is removed with sessions or state`);
    }
    this.#drop(client);
  }

  /** Forgets what an owner began with EXCHANGE_ID and did not confirm. */
  dropUnconfirmed(ownerId: string): void {
    const waiting = this.#byOwner.get(ownerId)?.unconfirmed;
    if (waiting) this.#drop(waiting);
  }

  #drop(client: Client): void {
    client.standing = 'gone';
    this.#byId.delete(client.clientId);
    const entry = this.#byOwner.get(client.identity.ownerId);
    if (entry === undefined) return;
    if (entry.confirmed === client) entry.confirmed = null;
    if (entry.unconfirmed === client) entry.unconfirmed = null;
    if (entry.confirmed === null && entry.unconfirmed === null) this.#byOwner.delete(client.identity.ownerId);
  }

  #entry(ownerId: string): OwnerEntry {
    let entry = this.#byOwner.get(ownerId);
    if (entry === undefined) {
      entry = { confirmed: null, unconfirmed: null };
      this.#byOwner.set(ownerId, entry);
    }
    return entry;
  }
}
