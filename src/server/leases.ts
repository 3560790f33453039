import type { Clock } from '../core/clock.ts';
import { NFS4ERR_EXPIRED } from '../nfs4/status.ts';
import type { LockDomain } from './domains.ts';
import type { Steps } from './named-steps.ts';
import type { ClientRecords } from './records.ts';
import type { Client, ClientTable } from './state/clients.ts';
import type { LockingTables } from './state/locking.ts';
import type { SessionTable } from './state/sessions.ts';

/**
 * The sweep comes at least this many times a lease, and one that is later than that by as much tells of a pause. A
 * client renews when a good part of its lease is left, so that a shorter pause makes nobody late.
 */
const SWEEPS_PER_LEASE = 4;
/** What could not be removed from a store is not tried again sooner than this, as a part of a lease. */
const RETRIES_PER_LEASE = 10;

interface LeaseParts {
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly courtesy: 'until-conflict' | 'none';
  readonly silentLeases: number;
  readonly domains: readonly LockDomain[];
  readonly clients: ClientTable;
  readonly sessions: SessionTable;
  readonly locking: LockingTables;
  readonly records: ClientRecords;
  readonly steps: Steps;
  /** Called for each client once in a while. */
  readonly tidy: (client: Client) => void;
}

/**
 * Leases, and how a client leaves: by expiry, by its own restart, by DESTROY_CLIENTID.
 *
 * The order is the same each time (I6): the client is stopped (`expiring`; whatever it asks meets DELAY),
 * its records are withdrawn, and only when that is durable are its locks let go. The other way round, a
 * crash in between would leave a record whose owner reclaims, after the restart, a lock that somebody
 * else had in the meantime (edge condition 1, RFC 8881 section 8.4.3, row 17).
 *
 * With several domains its records are withdrawn from all of them at once, and nothing is let go before each store has
 * answered. What a domain's record stood for goes then, if it is durably withdrawn there; a domain whose store failed
 * is left (`Client.leaving`) until it is. To hold everything until then would be no safer: a record is good for the
 * locks of its own domain alone, so whoever gets the others takes nothing that could still be reclaimed. And a failed
 * store would do harm in a domain that has nothing to do with it: the locks of a client that may be dead would be kept
 * from everybody else, and one that came back would be kept from going on there. In the domain left behind it is told
 * DELAY until the withdrawal is durable. Only a new instance of it, and DESTROY_CLIENTID, have to wait for all, for
 * there is but one client id.
 *
 * What a client that expired must go through before it gets new state:
 * 1. its stateids answer EXPIRED and SEQUENCE shows SEQ4_STATUS_EXPIRED_ALL_STATE_REVOKED until it has freed each of
 *    them with FREE_STATEID, or has started over with a new client instance (section 18.46.3);
 * 2. until then it gets no good record and no new state. With one now, a restart of this node would let a client
 *    that does not know of its loss yet reclaim what it lost. So what is recorded says "expired and not yet told" (row 19);
 * 3. then its record is written again, and is durable before the first new state (I6). It has sent its
 *    RECLAIM_COMPLETE long ago and need not do so again for the same client id (section 18.51.3).
 */
export class Leases {
  readonly #parts: LeaseParts;
  /** Departures whose records are being withdrawn. */
  readonly #departures = new Map<Client, Promise<boolean>>();
  /** When the next sweep should come. */
  #sweepDueMs = Number.POSITIVE_INFINITY;
  #cancelSweep: (() => void) | null = null;
  #stopped = false;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
  }

  renew(client: Client): void {
    client.renewedAtMs = this.#parts.clock.nowMs();
  }

  /** Milliseconds until the lease runs out; negative afterwards. */
  leftMs({ lessee }: Client): number {
    return lessee.renewedAtMs + this.#parts.leaseMs - this.#parts.clock.nowMs();
  }

  /** May what this client holds be taken for somebody who wants it? One that waits for our answer has not gone silent. */
  lapsed({ lessee: client }: Client): boolean {
    this.#noticePause();
    return client.standing === 'expiring' || (client.inFlight === 0 && this.leftMs(client) <= 0);
  }

  /** The same, of what it holds in one domain. */
  lapsedIn({ lessee: client }: Client, domain: LockDomain): boolean {
    return client.leaving.has(domain) || this.lapsed(client);
  }

  /** To be called whenever a client appears; the timer rests while there is none. */
  watch(): void {
    if (this.#cancelSweep === null && !this.#stopped) this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelSweep?.();
    this.#cancelSweep = null;
  }

  /**
   * Takes everything from a client that went silent; from one that is back, what it has where an earlier try
   * failed. Its client id and sessions stay, so that it can be told (row 22).
   */
  expire({ lessee: client }: Client): Promise<boolean> {
    const all = client.domainsAmong(this.#parts.domains);
    const domains = this.lapsed(client) ? all : [...client.leaving];
    return this.#depart(client, domains, 'revoke', () => {
      // Version 4.0: it is told EXPIRED by its client id being gone, and there is no FREE_STATEID to acknowledge that with.
      if (!client.hasSessions && domains.length === all.length) this.#remove(client);
      else this.#revoke(client, domains);
    });
  }

  /** Takes everything from a client, its id and sessions too. True: done; false: a record could not be removed (DELAY). */
  discard(client: Client): Promise<boolean> {
    const departing = this.#departures.get(client);
    // An expiry that is on its way takes the locks, not the client id.
    if (departing !== undefined)
      return departing.then(() => client.standing === 'gone' || this.discard(client));
    const domains = client.domainsAmong(this.#parts.domains);
    return this.#depart(client, domains, 'forget', () => this.#remove(client));
  }

  /** Its address moves away as planned: all that it has here goes, and its record stays for whoever serves it next. */
  handOn(client: Client): void {
    this.#remove(client);
  }

  /** Nothing more is to be reclaimed from what was taken over for it: what it did not ask for goes. */
  closeEstate(client: Client): void {
    if (client.estate !== null) this.#remove(client.estate);
    client.estate = null;
  }

  /** @param letGo when all records are withdrawn */
  #depart(
    client: Client,
    domains: readonly LockDomain[],
    how: 'forget' | 'revoke',
    letGo: () => void,
  ): Promise<boolean> {
    const already = this.#departures.get(client);
    if (already !== undefined) return already;
    const departing = this.#departInOrder(client, domains, how, letGo);
    this.#departures.set(client, departing);
    return departing;
  }

  async #departInOrder(
    client: Client,
    domains: readonly LockDomain[],
    how: 'forget' | 'revoke',
    letGo: () => void,
  ): Promise<boolean> {
    const all = client.domainsAmong(this.#parts.domains);
    for (const domain of domains) client.leaving.add(domain);
    if (domains.length === all.length) client.standing = 'expiring';
    const gone = await this.#withdraw(client, domains, how);
    this.#departures.delete(client);
    const complete = gone.length === domains.length;
    if (this.#stopped) return complete;
    this.#parts.steps.at('between-record-removal-and-release');
    for (const domain of gone) client.leaving.delete(domain);
    if (client.leaving.size < all.length) client.standing = 'live';
    if (complete) letGo();
    else this.#revoke(client, gone);
    this.#parts.steps.at('between-release-and-regrant');
    return complete;
  }

  /**
   * What came with a filesystem and is taken from a client that has not said that it is through with it, is on record as lost there: it may not know of it
   * yet, and be told of whatever else it lost here.
   */
  async #withdraw(
    client: Client,
    domains: readonly LockDomain[],
    how: 'forget' | 'revoke',
  ): Promise<readonly LockDomain[]> {
    const { records } = this.#parts;
    const came = client.estate?.origin?.domain;
    const revoked = how === 'revoke' && came !== undefined && domains.includes(came);
    const failed = revoked && (await records.withdraw(client.estate!, [came], how)).length === 0;
    const others = failed ? domains.filter((domain) => domain !== came) : domains;
    return records.withdraw(client, others, how);
  }

  #remove(client: Client): void {
    if (client.standing === 'gone') return;
    this.closeEstate(client);
    if (client.lessee !== client) client.lessee.estate = null;
    this.#parts.locking.dropAll(client);
    for (const session of client.sessions) this.#parts.sessions.destroy(session);
    this.#parts.clients.remove(client);
  }

  #revoke(client: Client, domains: readonly LockDomain[]): void {
    // It has no stateids of what it did not ask for yet: that is refused it when it asks.
    if (client.estate !== null)
      for (const domain of domains) this.#parts.locking.dropIn(client.estate, domain);
    if (client.estate?.holdsState === false) this.closeEstate(client);
    for (const domain of domains) this.#parts.locking.revokeAll(client, NFS4ERR_EXPIRED, domain);
  }

  #schedule(): void {
    const soonest = Math.min(...this.#deadlines());
    if (soonest === Number.POSITIVE_INFINITY) {
      this.#cancelSweep = null;
      this.#sweepDueMs = soonest;
      return;
    }
    const { clock, leaseMs } = this.#parts;
    const nowMs = clock.nowMs();
    // Never at once: a store that stays unavailable is asked again in peace.
    const wait = Math.max(soonest - nowMs, leaseMs / RETRIES_PER_LEASE, 1);
    const waitMs = Math.min(wait, Math.max(leaseMs / SWEEPS_PER_LEASE, 1));
    this.#sweepDueMs = nowMs + waitMs;
    this.#cancelSweep = clock.after(waitMs, () => this.#sweep());
  }

  /**
   * Was this process stopped for a while (SIGSTOP, a machine that was suspended or starved)? Then the clock has gone on,
   * and renewals wait unread in our sockets: a lease that ran out meanwhile says nothing about its client. So
   * everybody gets a new lease from now. A server need not take anything at the end of a lease (RFC 8881 section 8.4.3: it
   * may let the state remain for a considerable period), so a longer one breaks no promise to anybody, and no safety
   * hangs on how long a lease is (I9). What it costs is that whoever is really gone keeps its locks a lease longer.
   */
  #noticePause(): void {
    const { clock, leaseMs, clients } = this.#parts;
    const nowMs = clock.nowMs();
    if (nowMs - this.#sweepDueMs <= leaseMs / SWEEPS_PER_LEASE) return;
    this.#sweepDueMs = nowMs;
    for (const client of clients.all()) client.renewedAtMs = Math.max(client.renewedAtMs, nowMs);
  }

  *#deadlines(): Generator<number> {
    for (const client of this.#parts.clients.all()) yield this.#deadlineOf(client);
  }

  /** When something may be due for this client, in the clock's milliseconds. */
  #deadlineOf(client: Client): number {
    if (client.lessee !== client) return Number.POSITIVE_INFINITY;
    const lease = client.renewedAtMs + this.#parts.leaseMs;
    const silent = client.renewedAtMs + this.#parts.leaseMs * this.#parts.silentLeases;
    if (client.leaving.size > 0) return Number.NEGATIVE_INFINITY;
    if (!client.confirmed) return lease;
    if (this.#parts.courtesy === 'none' && holdsAnything(client)) return lease;
    return silent;
  }

  #sweep(): void {
    this.#noticePause();
    for (const client of [...this.#parts.clients.all()]) this.#sweepClient(client);
    this.#schedule();
  }

  #sweepClient(client: Client): void {
    if (this.#departures.has(client) || client.lessee !== client) return;
    this.#parts.tidy(client);
    if (!this.lapsed(client)) {
      if (client.leaving.size > 0) void this.expire(client);
      return;
    }
    if (!client.confirmed) {
      // An EXCHANGE_ID that nobody followed up (RFC 8881 section 18.35.4 lets it go after a lease).
      if (!client.createSession.inProgress) this.#parts.clients.remove(client);
      return;
    }
    const { courtesy, leaseMs, silentLeases } = this.#parts;
    const silent = this.leftMs(client) <= -leaseMs * (silentLeases - 1);
    if (silent && (!client.holdsState || courtesy === 'none')) void this.discard(client);
    else if (client.leaving.size > 0) void this.expire(client);
    else if (courtesy === 'none' && holdsAnything(client)) void this.expire(client);
  }
}

const holdsAnything = (client: Client): boolean =>
  client.holdsState || client.estate !== null || client.recordedIn.size > 0;
