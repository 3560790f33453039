import type { Clock } from '../core/clock.ts';
import { NFS4ERR_EXPIRED } from '../nfs4/status.ts';
import type { ClientRecords } from './records.ts';
import type { Client, ClientTable } from './state/clients.ts';
import type { LockingTables } from './state/locking.ts';
import type { SessionTable } from './state/sessions.ts';

interface LeaseParts {
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly courtesy: 'until-conflict' | 'none';
  readonly silentLeases: number;
  readonly clients: ClientTable;
  readonly sessions: SessionTable;
  readonly locking: LockingTables;
  readonly records: ClientRecords;
}

/**
 * Leases, and how a client leaves: by expiry, by its own restart, by DESTROY_CLIENTID.
 *
 * The order is the same each time (I6): the client is stopped (`expiring`; whatever it asks meets DELAY),
 * its record is removed, and only when that is durable are its locks let go. The other way round, a
 * crash in between would leave a record whose owner reclaims, after the restart, a lock that somebody
 * else had in the meantime (edge condition 1, RFC 8881 section 8.4.3, row 17).
 *
 * What a client that expired must go through before it gets new state:
 * 1. its stateids answer EXPIRED and SEQUENCE shows SEQ4_STATUS_EXPIRED_ALL_STATE_REVOKED until it has freed each of
 *    them with FREE_STATEID, or has started over with a new client instance (section 18.46.3);
 * 2. until then it gets no record and no new state. A record now, and a restart of this node, would let a
 *    client that does not know of its loss yet reclaim what it lost: the record store would have to
 *    say "expired and not yet told" (row 19), and the absence of a record says it;
 * 3. then its record is written again, and is durable before the first new state (I6). It has sent its
 *    RECLAIM_COMPLETE long ago and need not do so again for the same client id (section 18.51.3).
 */
export class Leases {
  readonly #parts: LeaseParts;
  readonly #leaving = new Map<Client, Promise<boolean>>();
  #cancelSweep: (() => void) | null = null;
  #stopped = false;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
  }

  renew(client: Client): void {
    client.renewedAtMs = this.#parts.clock.nowMs();
  }

  /** Milliseconds until the lease runs out; negative afterwards. */
  leftMs(client: Client): number {
    return client.renewedAtMs + this.#parts.leaseMs - this.#parts.clock.nowMs();
  }

  /** May what this client holds be taken for somebody who wants it? One that waits for our answer has not gone silent. */
  lapsed(client: Client): boolean {
    return client.standing === 'expiring' || (client.inFlight === 0 && this.leftMs(client) <= 0);
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

  /** Takes everything from a client that went silent. Its client id and sessions stay, so that it can be told (row 22). */
  expire(client: Client): Promise<boolean> {
    return this.#leave(client, () => {
      this.#parts.locking.revokeAll(client, NFS4ERR_EXPIRED);
      client.standing = 'live';
    });
  }

  /** Takes everything from a client, its id and sessions too. True: done; false: its record could not be removed (DELAY). */
  discard(client: Client): Promise<boolean> {
    const leaving = this.#leaving.get(client);
    // An expiry that is on its way takes the locks, not the client id.
    if (leaving !== undefined) return leaving.then(() => client.standing === 'gone' || this.discard(client));
    return this.#leave(client, () => {
      this.#parts.locking.dropAll(client);
      for (const session of client.sessions) this.#parts.sessions.destroy(session);
      this.#parts.clients.remove(client);
    });
  }

  #leave(client: Client, letGo: () => void): Promise<boolean> {
    const already = this.#leaving.get(client);
    if (already !== undefined) return already;
    const leaving = this.#leaveInOrder(client, letGo);
    this.#leaving.set(client, leaving);
    return leaving;
  }

  async #leaveInOrder(client: Client, letGo: () => void): Promise<boolean> {
    client.standing = 'expiring';
    const gone = await this.#parts.records.remove(client);
    this.#leaving.delete(client);
    if (gone && !this.#stopped) letGo();
    return gone;
  }

  #schedule(): void {
    const soonest = Math.min(...this.#deadlines());
    if (soonest === Number.POSITIVE_INFINITY) {
      this.#cancelSweep = null;
      return;
    }
    // Never at once: a store that stays unavailable is asked again in peace.
    const wait = Math.max(soonest - this.#parts.clock.nowMs(), this.#parts.leaseMs / 10, 1);
    this.#cancelSweep = this.#parts.clock.after(wait, () => this.#sweep());
  }

  *#deadlines(): Generator<number> {
    for (const client of this.#parts.clients.all()) yield this.#deadlineOf(client);
  }

  /** When something may be due for this client, in the clock's milliseconds. */
  #deadlineOf(client: Client): number {
    const lease = client.renewedAtMs + this.#parts.leaseMs;
    const silent = client.renewedAtMs + this.#parts.leaseMs * this.#parts.silentLeases;
    if (!client.confirmed || client.standing === 'expiring') return lease;
    if (this.#parts.courtesy === 'none' && (client.holdsState || client.recorded)) return lease;
    return silent;
  }

  #sweep(): void {
    for (const client of [...this.#parts.clients.all()]) this.#sweepClient(client);
    this.#schedule();
  }

  #sweepClient(client: Client): void {
    if (!this.lapsed(client) || this.#leaving.has(client)) return;
    if (!client.confirmed) {
      // An EXCHANGE_ID that nobody followed up (RFC 8881 section 18.35.4 lets it go after a lease).
      if (!client.createSession.inProgress) this.#parts.clients.remove(client);
      return;
    }
    const { courtesy, leaseMs, silentLeases } = this.#parts;
    const silent = this.leftMs(client) <= -leaseMs * (silentLeases - 1);
    if (silent && (!client.holdsState || courtesy === 'none')) void this.discard(client);
    else if (client.standing === 'expiring') void this.expire(client);
    else if (courtesy === 'none' && (client.holdsState || client.recorded)) void this.expire(client);
  }
}
