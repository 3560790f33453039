import type { RecordAnswer } from './coordination.ts';
import type { LockDomain } from './domains.ts';
import { NO_STEPS, type Steps } from './named-steps.ts';
import type { Client } from './state/clients.ts';

/**
 * The durable records of this node's clients, as the protocol needs them: one per client and domain.
 *
 * A lease, a session and RECLAIM_COMPLETE are the client's, and one for all domains; records, grace and stores are a
 * domain's. While the store of one domain does not answer, its clients come off thus in the others:
 * - Each domain's record is written and withdrawn by itself, at the same time as the others'. Whatever is durable counts in
 *   its domain at once: a client recorded in A gets new state in A, and the grace of A does not wait for it any longer.
 * - RECLAIM_COMPLETE is answered OK when the records are durable everywhere, and DELAY before. An OK that left a
 *   domain out would take the client's chance to reclaim there, for locks that it may have there already (I2).
 * - Where a record is withdrawn, the locks of that domain may go; one that is not yet keeps only its own (leases.ts).
 */
export class ClientRecords {
  readonly #byDomain: ReadonlyMap<LockDomain, DomainRecords>;

  constructor(domains: readonly LockDomain[], steps: Steps = NO_STEPS) {
    this.#byDomain = new Map(domains.map((domain) => [domain, new DomainRecords(domain, steps)]));
  }

  /** The client gets its record back, after it acknowledged what it lost. True when durable. */
  write(client: Client, domain: LockDomain): Promise<boolean> {
    return this.#of(domain).write(client);
  }

  /** Version 4.0: nothing more is expected to be reclaimed by this client (version-0/reclaim-silence.ts). */
  complete(client: Client, domain: LockDomain): Promise<boolean> {
    return this.#of(domain).complete(client);
  }

  /** Row 30: it is through with the claims that came with the filesystem. True when durable; if not, ask again. */
  arrive(client: Client, domain: LockDomain): Promise<boolean> {
    return this.#of(domain).arrive(client);
  }

  /** The client has completed. True when that is durable in every domain; if not, ask again: what was written stays. */
  async writeAll(client: Client): Promise<boolean> {
    const durable = await this.#inEach((records) => records.write(client));
    return this.#isAll(durable);
  }

  /**
   * The client may not reclaim any more: `forget` one that is gone for good, `revoke` one that went silent, for as long
   * as it has not been told.
   *
   * @returns those of the domains where that is durable, so that its locks there may be given to others
   */
  withdraw(
    client: Client,
    domains: readonly LockDomain[],
    how: 'forget' | 'revoke',
  ): Promise<readonly LockDomain[]> {
    return this.#inEach((records) => records.withdraw(client, how), domains);
  }

  /** Tells the coordinators that a client id was confirmed; the real product does nothing then (mutant D9). */
  async confirmed(client: Client): Promise<boolean> {
    const durable = await this.#inEach((records) => records.confirmed(client));
    return this.#isAll(durable);
  }

  /** Where the filesystem is not here there is nothing to be recorded here. */
  #isAll(durable: readonly LockDomain[]): boolean {
    const done = new Set(durable);
    for (const domain of this.#byDomain.keys()) if (!done.has(domain) && isHere(domain)) return false;
    return true;
  }

  async #inEach(
    write: (records: DomainRecords) => Promise<boolean>,
    domains: readonly LockDomain[] = [...this.#byDomain.keys()],
  ): Promise<LockDomain[]> {
    const done = await Promise.all(domains.map((domain) => write(this.#of(domain))));
    return domains.filter((_, index) => done[index]);
  }

  #of(domain: LockDomain): DomainRecords {
    const records = this.#byDomain.get(domain);
    if (records === undefined) throw new Error(`this node does not serve domain ${domain.name}`);
    return records;
  }
}

/**
 * The records of one domain. Writes for one owner are made one after another in the order they were asked for.
 * Without that, a RECLAIM_COMPLETE whose write is on its way and the removal after a client's restart could be
 * swapped: the new instance would have the old one's record, and could reclaim after the next failure what it never
 * had (I6).
 */
class DomainRecords {
  readonly #domain: LockDomain;
  readonly #steps: Steps;
  /** By owner: the newest write that was asked for. Only while one is on its way. */
  readonly #newest = new Map<string, Promise<RecordAnswer>>();

  constructor(domain: LockDomain, steps: Steps) {
    this.#domain = domain;
    this.#steps = steps;
  }

  async write(client: Client): Promise<boolean> {
    const answer = await this.#inOrder(client, async () => {
      // By now the client may be on its way out; its record must not come back.
      if (!this.#stays(client) || client.revokedDelegations > 0) return 'unavailable';
      // Or the write before this one has done it: each request that meets DELAY asks for one.
      if (client.recordedIn.has(this.#domain)) return 'durable';
      const { coordination } = this.#domain;
      this.#steps.at('before-record');
      const written = client.hasSessions
        ? await coordination.completed(client.identity)
        : await coordination.recorded(client.identity);
      if (written === 'durable') this.#steps.at('between-record-and-grant');
      if (written === 'durable' && this.#stays(client)) client.recordedIn.add(this.#domain);
      return written;
    });
    return answer === 'durable' && client.recordedIn.has(this.#domain);
  }

  async complete(client: Client): Promise<boolean> {
    const answer = await this.#inOrder(client, () =>
      this.#stays(client) && client.recordedIn.has(this.#domain) ? this.#close(client) : 'fenced',
    );
    return answer === 'durable';
  }

  async arrive(client: Client): Promise<boolean> {
    const answer = await this.#inOrder(client, async () => {
      // It lost something and does not know yet: no good record before that (leases.ts).
      if (!this.#stays(client) || client.revoked > 0 || client.revokedDelegations > 0) return 'unavailable';
      // Before its global RECLAIM_COMPLETE it gets no new state all the same (row 6), and may have more to reclaim: no good record yet.
      const written = await this.#domain.coordination.arrived(client.identity, client.reclaimComplete);
      if (written === 'durable' && this.#stays(client) && client.reclaimComplete)
        client.recordedIn.add(this.#domain);
      return written;
    });
    return answer === 'durable';
  }

  /** Nothing more is to be reclaimed by it, here or come here with the filesystem. */
  async #close({ identity }: Client): Promise<RecordAnswer> {
    const { coordination } = this.#domain;
    const arrived = coordination.mayArrive(identity) ? await coordination.arrived(identity, true) : 'durable';
    return arrived === 'durable' ? coordination.completed(identity) : arrived;
  }

  async withdraw(client: Client, how: 'forget' | 'revoke'): Promise<boolean> {
    const answer = await this.#inOrder(client, () => {
      client.recordedIn.delete(this.#domain);
      return this.#hasMoved() ? 'durable' : this.#domain.coordination[how](client.recordedAs);
    });
    // It may have moved while the store was asked, and what is recorded is not this node's to withdraw any more.
    return answer === 'durable' || this.#hasMoved();
  }

  async confirmed(client: Client): Promise<boolean> {
    return (
      (await this.#inOrder(client, () => this.#domain.coordination.confirmed(client.identity))) === 'durable'
    );
  }

  /** May it have a record here? */
  #stays(client: Client): boolean {
    return client.standing === 'live' && !client.leaving.has(this.#domain) && isHere(this.#domain);
  }

  #hasMoved(): boolean {
    return this.#domain.coordination.place().kind === 'moved';
  }

  async #inOrder(client: Client, write: () => Promise<RecordAnswer> | RecordAnswer): Promise<RecordAnswer> {
    const owner = client.identity.ownerId;
    const turn = this.#afterwards(this.#newest.get(owner), write);
    this.#newest.set(owner, turn);
    const answer = await turn;
    if (this.#newest.get(owner) === turn) this.#newest.delete(owner);
    return answer;
  }

  async #afterwards(
    earlier: Promise<RecordAnswer> | undefined,
    write: () => Promise<RecordAnswer> | RecordAnswer,
  ): Promise<RecordAnswer> {
    if (earlier !== undefined) await earlier;
    try {
      return await write();
    } catch {
      // A store that throws instead of answering is a store that did not answer (I7).
      return 'unavailable';
    }
  }
}

const isHere = ({ coordination }: LockDomain): boolean => coordination.place().kind === 'here';
