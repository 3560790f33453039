/**
 * The durable records of this life's own clients, kept in step with the epoch (I6): of those that completed, and of those that lost
 * what they had and do not know it yet (row 19).
 */
import type { ClientRecord, RecordScope } from '../core/client-record.ts';
import type { Epoch, NodeId } from '../core/ids.ts';
import { addressesCarriedBy, type Ledger } from '../core/ledger.ts';
import { type RecordCommand, recordTransition } from '../core/record-transitions.ts';
import type { NodeEvent } from '../history/events.ts';
import type { DomainStore, Fence, WriteOutcome } from '../store/store.ts';
import type { ClientIdentity } from './coordination.ts';

export interface OwnRecordsOptions {
  readonly store: DomainStore;
  readonly fence: Fence;
  /** The ledger as this node knows it now; may change between any two steps. */
  readonly ledger: () => Ledger;
  readonly observe: (event: Pick<NodeEvent, 'event' | 'epoch' | 'client' | 'detail'>) => void;
}

/**
 * How many clients that lost something are carried from epoch to epoch until they have been told. One that is dropped beyond that is
 * refused all the same when it comes: no record entitles it as little as one that says so. What is lost is only the operator's list.
 */
const MOST_REVOKED = 10_000;

/** What is recorded of one client, and by whose service address it comes. */
interface Known {
  readonly service: NodeId;
  readonly record: ClientRecord;
}

/** Clients whose completion becomes durable in one write, which has not begun. */
interface Gathering {
  readonly clients: ClientIdentity[];
  readonly written: Promise<WriteOutcome>;
}

/** All methods that write reject with the errors of the store. */
export class OwnRecords {
  readonly #options: OwnRecordsOptions;
  /** Clients of this life that completed: each is durable in the epoch that is known. By service and {@link keyOf}, as is `#revoked`. */
  readonly #clients = new Map<string, Known>();
  /** Those that lost something and have not been told, the oldest first. */
  readonly #revoked = new Map<string, Known>();
  /** Addresses that this life let go of: what is written about their clients is the next carrier's to write. */
  readonly #released = new Set<NodeId>();
  /** The epoch that all of them are in. A new life has none yet, so whichever epoch it is. */
  #recordedEpoch: Epoch;
  /** Writes happen one after another, so that a removal never overtakes the write it undoes. */
  #writes: Promise<unknown> = Promise.resolve();
  /** Completions that wait for the write before them, the last in the queue; null: the last there is something else. */
  #gathering: Gathering | null = null;

  constructor(options: OwnRecordsOptions) {
    this.#options = options;
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
      const all = Map.groupBy(
        [...this.#clients.values(), ...this.#revoked.values()],
        ({ service }) => service,
      );
      for (const [node, known] of all) {
        const records = known.map(({ record }) => record);
        if ((await this.#write({ epoch, node }, records)) === 'fenced') return 'fenced';
      }
      this.#recordedEpoch = epoch;
      for (const { service, record } of this.#clients.values())
        this.#observe('record-durable', { epoch, node: service }, record.ownerId);
      return 'written';
    });
  }

  /** Has this client completed here, in this life, and lost nothing since? Then it has nothing to reclaim. */
  has(client: ClientIdentity): boolean {
    return this.#clients.has(this.#keyOf(client));
  }

  /**
   * The clients of that address are this life's no more. What is asked for after this call is refused, so that nothing of this life comes
   * after what the next carrier writes. And what it has recorded about them in the current epoch goes: should the address come back to
   * this very life, those who did not reclaim meanwhile would be taken for recorded (edge condition 2). To be repeated when it rejects.
   */
  release(service: NodeId): Promise<WriteOutcome> {
    this.#released.add(service);
    return this.#queued(async () => {
      const { store, fence, ledger } = this.#options;
      const gone = [...this.#clients.values()].filter((known) => known.service === service);
      const records = gone.map(({ record }) => record);
      const scope = { epoch: ledger().epoch, node: service };
      if (records.length > 0 && (await store.removeRecords(fence, scope, records)) === 'fenced')
        return 'fenced';
      for (const known of [this.#clients, this.#revoked])
        for (const [key, each] of known) if (each.service === service) known.delete(key);
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

  /** Nothing of it is to be remembered. */
  remove(client: ClientIdentity): Promise<WriteOutcome> {
    const key = this.#keyOf(client);
    return this.#inTheCurrentEpoch(async (epoch) => {
      if (this.#released.has(this.#serviceOf(client))) return 'fenced';
      // Off the list that acknowledgements write, before the store is touched: none may bring it back.
      this.#clients.delete(key);
      this.#revoked.delete(key);
      const scopes = this.#scopesOf(client, epoch);
      for (const each of scopes) if ((await this.#remove(each, client)) === 'fenced') return 'fenced';
      return () => this.#observe('record-removed', scopes[0], client.ownerId);
    });
  }

  /** Its lease ran out: by what is recorded of it from now on it may not reclaim, in no grace (row 19). */
  revoke(client: ClientIdentity): Promise<WriteOutcome> {
    const key = this.#keyOf(client);
    return this.#inTheCurrentEpoch(async (epoch) => {
      if (this.#released.has(this.#serviceOf(client))) return 'fenced';
      const record = this.#changed(client, { type: 'revoke', because: 'expired' });
      // As in `remove`: an acknowledgement must not bring the old record back.
      this.#clients.delete(key);
      this.#remember(client, record);
      const [scope, ...reclaimable] = this.#scopesOf(client, epoch);
      if ((await this.#write(scope, [record])) === 'fenced') return 'fenced';
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
      const records = late.map((record) =>
        this.#changed(of(record), {
          type: 'revoke',
          because: record.revoked ? 'expired' : 'reclaim-incomplete',
        }),
      );
      const outcome = await this.#write(scope, records, servedHere ? {} : { revision: abandonedAt });
      if (outcome === 'written' && servedHere)
        for (const record of records) this.#remember(of(record), record);
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
          (record) =>
            (record.writer ?? node) === fence.node &&
            record.incarnation === fence.incarnation &&
            !this.has({ ...record, service: node }),
        );
        if (leftovers.length === 0) continue;
        if ((await store.removeRecords(fence, { epoch, node }, leftovers)) === 'fenced') return 'fenced';
      }
      return 'written';
    });
  }

  /** It was refused a reclaim, so it knows. What is in the store goes with its epoch. */
  told(client: ClientIdentity): void {
    this.#revoked.delete(this.#keyOf(client));
  }

  /** Names of those that lost something and have not been told. */
  revoked(): string[] {
    return [...this.#revoked.values()].map(({ record }) => asText(record.ownerId));
  }

  #remember(client: ClientIdentity, record: ClientRecord): void {
    const key = this.#keyOf(client);
    this.#revoked.delete(key);
    this.#revoked.set(key, { service: this.#serviceOf(client), record });
    for (const oldest of this.#revoked.keys()) {
      if (this.#revoked.size <= MOST_REVOKED) break;
      this.#revoked.delete(oldest);
    }
  }

  #gather(): Gathering {
    const clients: ClientIdentity[] = [];
    const written = this.#inTheCurrentEpoch(async (epoch) => {
      // Whoever comes from now on is too late for this write.
      if (this.#gathering === gathering) this.#gathering = null;
      const completed = clients.map((client) => ({
        service: this.#serviceOf(client),
        record: this.#changed(client, { type: 'complete' }),
      }));
      for (const [node, known] of Map.groupBy(completed, ({ service }) => service)) {
        const records = known.map(({ record }) => record);
        if ((await this.#write({ epoch, node }, records)) === 'fenced') return 'fenced';
      }
      return () => {
        for (const known of completed) {
          const { service, record } = known;
          const key = this.#keyOf({ ...record, service });
          if (!this.#released.has(service)) this.#clients.set(key, known);
          this.#revoked.delete(key);
          this.#observe('record-durable', { epoch, node: service }, record.ownerId);
        }
      };
    });
    const gathering: Gathering = { clients, written };
    return gathering;
  }

  /** The outcome of a command on what is recorded of the client; one that changes nothing leaves what is there. */
  #changed(
    identity: ClientIdentity,
    command:
      | Pick<RecordCommand & { type: 'complete' }, 'type'>
      | Pick<RecordCommand & { type: 'revoke' }, 'type' | 'because'>,
  ): ClientRecord {
    const { ownerId, principal } = identity;
    const key = this.#keyOf(identity);
    const before = (this.#clients.get(key) ?? this.#revoked.get(key))?.record ?? null;
    const { incarnation, node } = this.#options.fence;
    const result = recordTransition(before, { ...command, client: { ownerId, principal }, incarnation });
    const after = result.ok ? result.record : before;
    if (after === null) throw new Error(`nothing is recorded of ${ownerId} after ${command.type}`);
    return node === this.#serviceOf(identity) ? after : { ...after, writer: node };
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
    return client.service ?? this.#options.fence.node;
  }

  #keyOf(client: ClientIdentity): string {
    return `${this.#serviceOf(client)} ${keyOf(client)}`;
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

/** Of those that come by one address: two principals with the same owner id are two clients (rows 25 and 26). An owner id is hex and has no blank. */
export const keyOf = ({ ownerId, principal }: Pick<ClientIdentity, 'ownerId' | 'principal'>): string =>
  `${ownerId} ${principal}`;

/** Owner ids are bytes to the protocol and names to people. */
export const asText = (ownerId: string): string => Buffer.from(ownerId, 'hex').toString('utf8');
