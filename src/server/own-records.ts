/**
 * The durable records of this life's own clients, kept in step with the epoch (I6): of those that completed, and of those that lost
 * what they had and do not know it yet (row 19).
 */
import type { ClientRecord, RecordScope } from '../core/client-record.ts';
import type { Epoch, NodeId } from '../core/ids.ts';
import { addressesCarriedBy, type Ledger } from '../core/ledger.ts';
import type { Mutants } from '../core/mutants.ts';
import { entitles, isBy } from '../core/record-transitions.ts';
import type { NodeEvent } from '../history/events.ts';
import type { DomainStore, Fence, WriteOutcome } from '../store/store.ts';
import { asText, keyOf, serviceOf } from './client-keys.ts';
import type { ClientIdentity } from './coordination.ts';
import { type Known, OwnClients } from './own-clients.ts';

export interface OwnRecordsOptions {
  readonly store: DomainStore;
  readonly fence: Fence;
  /** The ledger as this node knows it now; may change between any two steps. */
  readonly ledger: () => Ledger;
  readonly mutants: Mutants;
  readonly observe: (event: Pick<NodeEvent, 'event' | 'epoch' | 'client' | 'detail'>) => void;
}

/** Clients whose completion becomes durable in one write, which has not begun. */
interface Gathering {
  readonly clients: ClientIdentity[];
  readonly written: Promise<WriteOutcome>;
}

/** All methods that write reject with the errors of the store. */
export class OwnRecords {
  readonly #options: OwnRecordsOptions;
  /** Each that completed is durable in the epoch that is known. */
  readonly #clients: OwnClients;
  /** Addresses that this life let go of: what is written about their clients is the next carrier's to write. */
  readonly #released = new Set<NodeId>();
  /** The epoch that all of them are in. A new life has none yet, so whichever epoch it is. Null: they are to be written anew. */
  #recordedEpoch: Epoch | null;
  /** Writes happen one after another, so that a removal never overtakes the write it undoes. */
  #writes: Promise<unknown> = Promise.resolve();
  /** Completions that wait for the write before them, the last in the queue; null: the last there is something else. */
  #gathering: Gathering | null = null;

  constructor(options: OwnRecordsOptions) {
    this.#options = options;
    this.#clients = new OwnClients(options.fence);
    this.#recordedEpoch = options.ledger().epoch;
  }

  /** What an acknowledgement promises (D4). */
  areIn(epoch: Epoch): boolean {
    return this.#recordedEpoch === epoch;
  }

  /** All clients into the current epoch, unless they are in it. */
  async writeAll(): Promise<WriteOutcome> {
    // Not behind the writes of a thousand clients that complete: those go into the current epoch by themselves.
    if (this.areIn(this.#options.ledger().epoch)) return 'written';
    return this.#queued(async () => {
      const { epoch } = this.#options.ledger();
      if (this.#recordedEpoch === epoch) return 'written';
      // Without any there is nothing to ask the store: whether this life is current, it says when the acknowledgement comes.
      const all = [...this.#clients.completed(), ...this.#clients.revoked()];
      if ((await this.#writeEach(epoch, all)) === 'fenced') return 'fenced';
      this.#recordedEpoch = epoch;
      for (const { service, record } of this.#clients.completed())
        this.#observe('record-durable', { epoch, node: service }, record.ownerId);
      return 'written';
    });
  }

  /** Has this client completed here, in this life, and lost nothing since? Then it has nothing to reclaim. */
  has(client: ClientIdentity): boolean {
    return this.#clients.hasCompleted(client);
  }

  /**
   * The clients of that address are this life's no more. What is asked for after this call is refused, so that nothing of this life comes
   * after what the next carrier writes. And what it has recorded about them in the current epoch goes: should the address come back to
   * this very life, those who did not reclaim meanwhile would be taken for recorded (edge condition 2). To be repeated when it rejects.
   */
  async release(service: NodeId): Promise<WriteOutcome> {
    const outcome = await this.withdraw(service);
    if (outcome === 'written') this.handOver(service);
    return outcome;
  }

  /** The first half of {@link release}: they are this life's still, and on record as such in no epoch that is written. */
  withdraw(service: NodeId): Promise<WriteOutcome> {
    this.#released.add(service);
    return this.#queued(async () => {
      const { store, fence, ledger, mutants } = this.#options;
      if (mutants.has('M11')) return 'written';
      const gone = this.#clients.completed().filter((known) => known.service === service);
      const records = gone.map(({ record }) => record);
      const scope = { epoch: ledger().epoch, node: service };
      if (records.length === 0) return 'written';
      return store.removeRecords(fence, scope, records);
    });
  }

  /** The second half, at once: whatever was written of them is another life's to go on with. */
  handOver(service: NodeId): void {
    this.#released.add(service);
    if (!this.#options.mutants.has('M11')) this.#clients.forgetAll(service);
  }

  /** Nothing came of what {@link withdraw} was for: {@link writeAll} makes them durable anew. */
  restore(service: NodeId): void {
    this.#recordedEpoch = null;
    this.resume(service);
  }

  /**
   * Those of that address who have completed here and hold nothing have nothing to reclaim in the grace that runs, at whatever node: they are taken
   * off what may be reclaimed in it. In the epoch that is written they stay.
   * @param holders who does hold something, at the moment of the write
   */
  withdrawIdle(service: NodeId, holders: () => readonly ClientIdentity[]): Promise<WriteOutcome> {
    return this.#queued(async () => {
      const { store, fence, ledger } = this.#options;
      const epoch = ledger().recoveryEpoch;
      const held = new Set(holders().map(keyOf));
      const idle = this.#clients
        .completed()
        .filter((known) => known.service === service && !held.has(keyOf(known.record)));
      if (epoch === null || idle.length === 0) return 'written';
      const scope = { epoch, node: service };
      const records = idle.map(({ record }) => record);
      if ((await store.removeRecords(fence, scope, records)) === 'fenced') return 'fenced';
      for (const { ownerId } of records) this.#observe('record-removed', scope, ownerId);
      return 'written';
    });
  }

  /** It serves these clients again: nothing came of the move, or their address came back. */
  resume(service: NodeId): void {
    this.#released.delete(service);
  }

  /**
   * It completed (RECLAIM_COMPLETE); whatever it had lost, it has been told by now. Those that complete while a write is
   * under way go into the next one together, as the clients of a rebooted node do: on a store where a write takes 3 ms a thousand of
   * them would otherwise hold grace up for 3 s. Each is told after its own record is durable, as ever (I6).
   */
  put(client: ClientIdentity): Promise<WriteOutcome> {
    if (this.#released.has(this.#serviceOf(client))) return Promise.resolve('fenced');
    this.#gathering ??= this.#gather();
    this.#gathering.clients.push(client);
    return this.#gathering.written;
  }

  /** {@link OwnClients.lostAt} */
  lostAt(client: ClientIdentity): NodeId[] {
    return this.#clients.lostAt(client).map(({ service }) => service);
  }

  /** Did it lose something by the very address that it comes by, and has not been told? */
  hasLost(client: ClientIdentity): boolean {
    return this.#clients.isRevoked(client);
  }

  /** Is anything recorded of it by another address than the one that it comes by? */
  isElsewhere(client: ClientIdentity): boolean {
    return this.#clients.elsewhere(client).length > 0;
  }

  /** It is through with what it had, or lost, by other addresses than the one that it comes by now: nothing of that is to be remembered. To be repeated when it rejects. */
  async settle(client: ClientIdentity): Promise<WriteOutcome> {
    const elsewhere = this.#clients.elsewhere(client);
    const removals = elsewhere.map((known) =>
      this.#removeOrKeep({ ...client, service: known.service }, known),
    );
    const outcomes = await Promise.all(removals);
    return outcomes.includes('fenced') ? 'fenced' : 'written';
  }

  /** What could not be removed is remembered: it may still be in the store. */
  async #removeOrKeep(client: ClientIdentity, known: Known): Promise<WriteOutcome> {
    try {
      return await this.#removeUnsaid(client);
    } catch (error) {
      if (entitles(known.record)) this.#clients.complete(known);
      else this.#clients.revoke(known);
      throw error;
    }
  }

  /** Are there any of that address who completed, and have lost nothing? */
  hasAny(of: NodeId): boolean {
    return this.#clients.completed().some(({ service }) => service === of);
  }

  /** A filesystem goes on: whoever has not come after it to this node is a client of this node like any other. To be repeated when it rejects. */
  async settleAll(of: (service: NodeId) => boolean): Promise<WriteOutcome> {
    const gone = this.#clients.completed().filter(({ service }) => of(service));
    const outcomes = await Promise.all(
      gone.map((known) => this.#removeOrKeep({ ...known.record, service: known.service }, known)),
    );
    return outcomes.includes('fenced') ? 'fenced' : 'written';
  }

  /** Nothing of it is to be remembered. */
  async remove(client: ClientIdentity): Promise<WriteOutcome> {
    const outcome = await this.#removeUnsaid(client);
    const { epoch } = this.#options.ledger();
    const node = this.#serviceOf(client);
    if (outcome === 'written') this.#observe('record-removed', { epoch, node }, client.ownerId);
    return outcome;
  }

  #removeUnsaid(client: ClientIdentity): Promise<WriteOutcome> {
    return this.#inTheCurrentEpoch(async (epoch) => {
      if (this.#released.has(this.#serviceOf(client))) return 'fenced';
      // Off the list that acknowledgements write, before the store is touched: none may bring it back.
      this.#clients.forget(client);
      const scopes = this.#scopesOf(client, epoch);
      for (const each of scopes) if ((await this.#remove(each, client)) === 'fenced') return 'fenced';
      return () => {};
    });
  }

  /** Its lease ran out: by what is recorded of it from now on it may not reclaim, in no grace (row 19). */
  revoke(client: ClientIdentity): Promise<WriteOutcome> {
    return this.#inTheCurrentEpoch(async (epoch) => {
      if (this.#released.has(this.#serviceOf(client))) return 'fenced';
      const revoked = this.#clients.changed(client, { type: 'revoke', because: 'expired' });
      // As in `remove`: an acknowledgement must not bring the old record back.
      this.#clients.revoke(revoked);
      const [scope, ...reclaimable] = this.#scopesOf(client, epoch);
      if ((await this.#write(scope, [revoked.record])) === 'fenced') return 'fenced';
      for (const each of reclaimable) if ((await this.#remove(each, client)) === 'fenced') return 'fenced';
      return () => this.#observe('record-removed', scope, client.ownerId, 'revoked');
    });
  }

  /**
   * The chance to reclaim of these clients, who come by the address of `node`, is about to end before they completed. Durable when it
   * resolves; only then may the ledger say so. Those that are served here become this node's to remember. Those of an abandoned node are written
   * where its next life finds them: they say that a client may not reclaim, so it does not matter which life wrote them. But that
   * holds only for the ledger by which the node is given up. Were it back by the time of the write, a client that has reclaimed
   * and completed there since would have its good record replaced (I2).
   * @param recorded what the recovery epoch holds about them
   * @param abandonedAt the revision of the ledger by which `node` is given up; null: it is served here
   */
  async reclaimIncomplete(
    node: NodeId,
    recorded: readonly ClientRecord[],
    abandonedAt: number | null,
  ): Promise<WriteOutcome> {
    if (recorded.length === 0) return 'written';
    const servedHere = abandonedAt === null;
    return this.#queued(async () => {
      const scope = { epoch: this.#options.ledger().epoch, node };
      const of = ({ ownerId, principal }: ClientRecord) => ({ ownerId, principal, service: node });
      // Whoever completed while this write was waiting for its turn has lost nothing.
      const late = recorded.filter((record) => !(servedHere && this.has(of(record))));
      if (late.length === 0) return 'written';
      const lost = late.map((record) =>
        this.#clients.changed(of(record), {
          type: 'revoke',
          because: record.revoked ? 'expired' : 'reclaim-incomplete',
        }),
      );
      const forgotten = !servedHere && this.#options.mutants.has('D18');
      const records = forgotten ? late : lost.map(({ record }) => record);
      const outcome = await this.#write(scope, records, servedHere ? {} : { revision: abandonedAt });
      if (outcome === 'written' && servedHere) for (const known of lost) this.#clients.revoke(known);
      return outcome;
    });
  }

  /**
   * Were there a record of this very life in the epoch that it was born into, it would be of another ledger's life with the same number: one
   * that was lost and made anew while the records stayed. They would count at the next lift (I4).
   */
  removeLeftovers(): Promise<WriteOutcome> {
    return this.#queued(async () => {
      const { store, fence, ledger } = this.#options;
      const { epoch } = ledger();
      for (const node of addressesCarriedBy(ledger(), fence.node)) {
        const found = await store.records({ epoch, node });
        const leftovers = found.filter(
          (record) => isBy(record, node, fence) && !this.has({ ...record, service: node }),
        );
        if (leftovers.length === 0) continue;
        if ((await store.removeRecords(fence, { epoch, node }, leftovers)) === 'fenced') return 'fenced';
      }
      return 'written';
    });
  }

  /** It was refused a reclaim, so it knows. What is in the store goes with its epoch. */
  told(client: ClientIdentity): void {
    this.#clients.told(client);
  }

  /** Names of those that lost something and have not been told. */
  revoked(): string[] {
    return this.#clients.revoked().map(({ record }) => asText(record.ownerId));
  }

  #gather(): Gathering {
    const clients: ClientIdentity[] = [];
    const written = this.#inTheCurrentEpoch(async (epoch) => {
      // Whoever comes from now on is too late for this write.
      if (this.#gathering === gathering) this.#gathering = null;
      const completed = clients.map((client) => this.#clients.changed(client, { type: 'complete' }));
      if ((await this.#writeEach(epoch, completed)) === 'fenced') return 'fenced';
      return () => {
        for (const known of completed) {
          const { service, record } = known;
          // Also of an address that was let go meanwhile: its `release` is behind this write, and takes back what is known here.
          this.#clients.complete(known);
          this.#observe('record-durable', { epoch, node: service }, record.ownerId);
        }
      };
    });
    const gathering: Gathering = { clients, written };
    return gathering;
  }

  /** Each to the records of its own address. */
  async #writeEach(epoch: Epoch, known: readonly Known[]): Promise<WriteOutcome> {
    for (const [node, ofNode] of Map.groupBy(known, ({ service }) => service)) {
      const records = ofNode.map(({ record }) => record);
      if ((await this.#write({ epoch, node }, records)) === 'fenced') return 'fenced';
    }
    return 'written';
  }

  #write(
    scope: RecordScope,
    records: readonly ClientRecord[],
    only: Pick<Fence, 'revision'> = {},
  ): Promise<WriteOutcome> {
    return this.#options.store.putRecords({ ...this.#options.fence, ...only }, scope, records);
  }

  #remove(scope: RecordScope, client: ClientIdentity): Promise<WriteOutcome> {
    return this.#options.store.removeRecords(this.#options.fence, scope, [client]);
  }

  /**
   * A grace may start while the write is under way. It counts only when the epoch that it went into is
   * still the one known here; a later epoch is written by the acknowledgement that comes with it.
   * @param write gives what follows from a write that counts
   */
  #inTheCurrentEpoch(write: (epoch: Epoch) => Promise<'fenced' | (() => void)>): Promise<WriteOutcome> {
    return this.#queued(async () => {
      for (;;) {
        const { epoch } = this.#options.ledger();
        const written = await write(epoch);
        if (written === 'fenced') return 'fenced';
        if (this.#options.ledger().epoch !== epoch) continue;
        written();
        return 'written';
      }
    });
  }

  #serviceOf(client: ClientIdentity): NodeId {
    return serviceOf(client, this.#options.fence.node);
  }

  /** Where records of this client may lie: in the epoch that is written, and in the one that it reclaims from in the grace that runs. */
  #scopesOf(client: ClientIdentity, epoch: Epoch): [RecordScope, ...RecordScope[]] {
    const node = this.#serviceOf(client);
    const { recoveryEpoch } = this.#options.ledger();
    return recoveryEpoch === null
      ? [{ epoch, node }]
      : [
          { epoch, node },
          { epoch: recoveryEpoch, node },
        ];
  }

  #observe(
    event: 'record-durable' | 'record-removed',
    { epoch }: RecordScope,
    ownerId: string,
    detail?: string,
  ): void {
    this.#options.observe({ event, epoch, client: asText(ownerId), ...(detail && { detail }) });
  }

  #queued<T>(write: () => Promise<T>): Promise<T> {
    // What comes after this write must not join one before it.
    this.#gathering = null;
    const result = this.#writes.then(write);
    this.#writes = result.catch(() => {});
    return result;
  }
}
