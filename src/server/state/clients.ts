import type { CreateSessionResult } from '../../nfs4/operations/create-session.ts';
import type { CallbackPath } from '../callbacks/path.ts';
import type { ClientIdentity } from '../coordination.ts';
import type { LockDomain } from '../domains.ts';
import type { AdoptedClient } from './adopted-client.ts';
import type { BootIdentity } from './boot-identity.ts';
import type { Delegation } from './delegations.ts';
import type { LockOwner } from './lock-owners.ts';
import { MovedLeases } from './moved-leases.ts';
import type { OpenState } from './opens.ts';
import type { Session } from './sessions.ts';

/**
 * - `live`: as usual. Its lease may have run out all the same, while courtesy lets it keep its state.
 * - `expiring`: its records are being removed, and none is durably gone yet; nobody gets its locks, and it is told DELAY itself.
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
  /** CREATE_SESSION, or SETCLIENTID_CONFIRM, has confirmed the client id. */
  confirmed = false;
  /** Its own global RECLAIM_COMPLETE was answered OK (row 13). */
  reclaimComplete = false;
  /**
   * The domains in whose current epoch a record of it is durable. Goes when its lease expires, comes back before its
   * next new state there (I6; leases.ts says when).
   */
  readonly recordedIn = new Set<LockDomain>();
  /**
   * The domains where its record is being removed. Until that is durable nobody gets its locks there, and it is told
   * DELAY itself about what it has there.
   */
  readonly leaving = new Set<LockDomain>();
  /** Monotonic, of the newest SEQUENCE, or of whatever else renews the lease of a client without sessions. */
  renewedAtMs: number;
  /** Requests being worked on; a client that waits for us does not expire. */
  inFlight = 0;
  /** Stateids that it lost and has not freed yet (row 22). */
  revoked = 0;
  /** The same of delegations that it did not give back when it was asked to; also while they are being taken. */
  revokedDelegations = 0;

  /** Lock states, and byte ranges held: over all owners and files. Counted by {@link LockingTables}. */
  locks = 0;
  ranges = 0;

  readonly movedLeases = new MovedLeases();
  /** Domains whose filesystem came here from another node, with claims of its that it is through with. */
  readonly arrivedIn = new Set<LockDomain>();

  /** What was taken over for it from the node that its address, or a filesystem, came from, and it has not asked for yet. */
  estate: AdoptedClient | null = null;

  readonly sessions = new Set<Session>();
  readonly opens = new Set<OpenState>();
  readonly delegations = new Set<Delegation>();
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

  /**
   * Is it through with its reclaims there (rows 6 and 8)? Before RECLAIM_COMPLETE nothing is recorded, so what is
   * recorded was done by one, though it could not be answered OK yet: another domain's store did not answer.
   */
  isCompleteIn(domain: LockDomain): boolean {
    return this.reclaimComplete || this.recordedIn.has(domain);
  }

  /** By what the coordinators are told that its record is to be withdrawn. */
  get recordedAs(): ClientIdentity {
    return this.identity;
  }

  /** Where it can have anything. */
  domainsAmong(all: readonly LockDomain[]): readonly LockDomain[] {
    return all;
  }

  /** Whose lease it is that what this client holds hangs on. */
  get lessee(): Client {
    return this;
  }

  /** False in version 4.0 (version-0/client.ts). */
  get hasSessions(): boolean {
    return true;
  }

  /** Row 6. */
  mayHaveNewStateIn(domain: LockDomain): boolean {
    return this.isCompleteIn(domain);
  }

  /** Row 8. */
  mayReclaimIn(domain: LockDomain): boolean {
    return !this.isCompleteIn(domain);
  }

  /** I6: its record must be made durable there before it gets new state. */
  lacksRecordIn(domain: LockDomain): boolean {
    return !this.recordedIn.has(domain);
  }

  /** Should it have a record there that it has not, now that it knows of what it has lost? */
  isOwedRecordIn(domain: LockDomain): boolean {
    return this.isCompleteIn(domain) && this.lacksRecordIn(domain);
  }

  /** By what way it can be called: whichever of its sessions has a back channel that works. Null: by none. */
  get callbackPath(): CallbackPath | null {
    for (const { back } of this.sessions) if (back?.works) return back;
    return null;
  }

  /** May an open of this owner (in hex) bring a delegation along? */
  mayBeDelegatedTo(_owner: string): boolean {
    return true;
  }

  /** Its owner id as far as client ids are concerned. */
  get ownerKey(): string {
    return ownerKeyOf(this.identity);
  }

  /** Called when it is in the tables no more. */
  leaveTables(): void {
    this.standing = 'gone';
  }

  /** Does it hold anything there? */
  holdsStateIn(domain: LockDomain): boolean {
    for (const { file } of this.opens) if (file.domain === domain) return true;
    for (const { file } of this.delegations) if (file.domain === domain) return true;
    return false;
  }

  /** Opens, locks or delegations, that is: something that others could run into. */
  get holdsState(): boolean {
    return this.opens.size > 0 || this.delegations.size > 0;
  }

  /** The same, with what is held for it. */
  get mayLoseState(): boolean {
    return this.holdsState || this.estate?.holdsState === true;
  }
}

/** What the owner id is called among those of all service addresses: each of these is a server of its own. */
export const ownerKeyOf = ({ ownerId, service }: Pick<ClientIdentity, 'ownerId' | 'service'>): string =>
  service === undefined ? ownerId : `${service}/${ownerId}`;

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
  /** In the order they came. */
  readonly #unconfirmed = new Set<Client>();
  #lastIndex = 0;

  constructor(identity: BootIdentity) {
    this.#identity = identity;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Undefined for ids of an earlier life and for removed ones: STALE_CLIENTID (row 2). Those without sessions are not found here. */
  byId(clientId: bigint): Client | undefined {
    const client = this.#byId.get(clientId);
    return client?.hasSessions ? client : undefined;
  }

  /** Of any version. */
  anyById(clientId: bigint): Client | undefined {
    return this.#byId.get(clientId);
  }

  /** @param ownerKey {@link Client.ownerKey} */
  confirmedOf(ownerKey: string): Client | null {
    return this.#byOwner.get(ownerKey)?.confirmed ?? null;
  }

  /** Did this life make this client id, whatever became of it? */
  hasGivenOut(clientId: bigint): boolean {
    const index = this.#identity.clientIndex(clientId);
    return index > 0 && index <= this.#lastIndex;
  }

  all(): IterableIterator<Client> {
    return this.#byId.values();
  }

  /** A new, unconfirmed id; an unconfirmed one that the owner had before is forgotten. */
  create(identity: ClientIdentity, verifier: Buffer, nowMs: number): Client {
    return this.add((clientId, index) => new Client(identity, verifier, clientId, index, nowMs));
  }

  /** The same with whatever kind of client `make` makes. */
  add<Made extends Client>(make: (clientId: bigint, index: number) => Made): Made {
    this.#lastIndex += 1;
    const client = make(this.#identity.clientId(this.#lastIndex), this.#lastIndex);
    this.dropUnconfirmed(client.ownerKey);
    this.#entry(client.ownerKey).unconfirmed = client;
    this.#byId.set(client.clientId, client);
    this.#unconfirmed.add(client);
    return client;
  }

  /** How many client ids nobody has confirmed. */
  get unconfirmed(): number {
    return this.#unconfirmed.size;
  }

  /** False: there is none. */
  dropOldestUnconfirmed(): boolean {
    const [oldest] = this.#unconfirmed;
    if (oldest === undefined) return false;
    this.#drop(oldest);
    return true;
  }

  /** The owner's earlier confirmed client id must have been removed. */
  confirm(client: Client): void {
    const entry = this.#entry(client.ownerKey);
    if (entry.unconfirmed !== client)
      throw new Error(`client ${client.name} is not waiting for confirmation`);
    if (entry.confirmed !== null) throw new Error(`client ${client.name} is confirmed twice`);
    entry.unconfirmed = null;
    entry.confirmed = client;
    this.#unconfirmed.delete(client);
    client.confirmed = true;
  }

  /** The client must hold nothing any more. */
  remove(client: Client): void {
    if (client.holdsState || client.sessions.size > 0) {
      throw new Error(`client ${client.name} is removed with sessions or state`);
    }
    this.#drop(client);
  }

  /** Forgets what an owner began with EXCHANGE_ID or SETCLIENTID and did not confirm. */
  dropUnconfirmed(ownerKey: string): void {
    const waiting = this.#byOwner.get(ownerKey)?.unconfirmed;
    if (waiting) this.#drop(waiting);
  }

  #drop(client: Client): void {
    client.leaveTables();
    this.#byId.delete(client.clientId);
    this.#unconfirmed.delete(client);
    const entry = this.#byOwner.get(client.ownerKey);
    if (entry === undefined) return;
    if (entry.confirmed === client) entry.confirmed = null;
    if (entry.unconfirmed === client) entry.unconfirmed = null;
    if (entry.confirmed === null && entry.unconfirmed === null) this.#byOwner.delete(client.ownerKey);
  }

  #entry(ownerKey: string): OwnerEntry {
    let entry = this.#byOwner.get(ownerKey);
    if (entry === undefined) {
      entry = { confirmed: null, unconfirmed: null };
      this.#byOwner.set(ownerKey, entry);
    }
    return entry;
  }
}
