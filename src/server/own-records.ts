/** The durable records of this life's own clients, kept in step with the epoch (I6). */
import type { ClientRecord, RecordScope } from '../core/client-record.ts';
import type { Epoch } from '../core/ids.ts';
import { claimsServedBy, type Ledger } from '../core/ledger.ts';
import type { NodeEvent } from '../history/events.ts';
import type { DomainStore, Fence, WriteOutcome } from '../store/store.ts';
import type { ClientIdentity } from './coordination.ts';

export interface OwnRecordsOptions {
  readonly store: DomainStore;
  readonly fence: Fence;
  /** The ledger as this node knows it now; may change between any two steps. */
  readonly ledger: () => Ledger;
  readonly observe: (event: Pick<NodeEvent, 'event' | 'epoch' | 'client'>) => void;
}

/** All methods that write reject with the errors of the store. */
export class OwnRecords {
  readonly #options: OwnRecordsOptions;
  /** Clients of this life that completed: each is durable in the epoch that is known. */
  readonly #clients = new Map<string, ClientRecord>();
  /** The epoch that all of `#clients` are in. A new life has none yet, so whichever epoch it is. */
  #recordedEpoch: Epoch;
  /** Writes happen one after another, so that a removal never overtakes the write it undoes. */
  #writes: Promise<unknown> = Promise.resolve();

  constructor(options: OwnRecordsOptions) {
    this.#options = options;
    this.#recordedEpoch = options.ledger().epoch;
  }

  /** What an acknowledgement promises (D4). */
  areIn(epoch: Epoch): boolean {
    return this.#recordedEpoch === epoch;
  }

  /** All clients into the current epoch, unless they are in it. */
  writeAll(): Promise<WriteOutcome> {
    return this.#queued(async () => {
      const scope = this.#scope();
      if (this.#recordedEpoch === scope.epoch) return 'written';
      const outcome = await this.#options.store.putRecords(this.#options.fence, scope, [
        ...this.#clients.values(),
      ]);
      if (outcome === 'fenced') return outcome;
      this.#recordedEpoch = scope.epoch;
      for (const ownerId of this.#clients.keys()) this.#durable(scope, ownerId);
      return outcome;
    });
  }

  put(client: ClientIdentity): Promise<WriteOutcome> {
    const { incarnation } = this.#options.fence;
    const record: ClientRecord = { ...client, incarnation, revoked: false, reclaimIncomplete: false };
    return this.#inTheCurrentEpoch(
      (scope) => this.#options.store.putRecords(this.#options.fence, scope, [record]),
      (scope) => {
        this.#clients.set(client.ownerId, record);
        this.#durable(scope, client.ownerId);
      },
    );
  }

  remove(client: ClientIdentity): Promise<WriteOutcome> {
    return this.#inTheCurrentEpoch(
      async (scope) => {
        // Off the list that acknowledgements write, before the store is touched: none may bring it back.
        this.#clients.delete(client.ownerId);
        for (const each of [scope, ...this.#reclaimableScopes()]) {
          const outcome = await this.#options.store.removeRecords(this.#options.fence, each, [
            client.ownerId,
          ]);
          if (outcome === 'fenced') return outcome;
        }
        return 'written';
      },
      (scope) =>
        this.#options.observe({
          event: 'record-removed',
          epoch: scope.epoch,
          client: asText(client.ownerId),
        }),
    );
  }

  /**
   * A grace may start while the write is under way. It counts only when the epoch that it went into is
   * still the one known here; a later epoch is written by the acknowledgement that comes with it.
   */
  #inTheCurrentEpoch(
    write: (scope: RecordScope) => Promise<WriteOutcome>,
    written: (scope: RecordScope) => void,
  ): Promise<WriteOutcome> {
    return this.#queued(async () => {
      for (;;) {
        const scope = this.#scope();
        if ((await write(scope)) === 'fenced') return 'fenced';
        if (this.#options.ledger().epoch !== scope.epoch) continue;
        written(scope);
        return 'written';
      }
    });
  }

  #scope(): RecordScope {
    return { epoch: this.#options.ledger().epoch, node: this.#options.fence.node };
  }

  /** Where else a record of a client of this node may lie: what it reclaims from in the grace that runs. */
  #reclaimableScopes(): RecordScope[] {
    const ledger = this.#options.ledger();
    const { recoveryEpoch } = ledger;
    if (recoveryEpoch === null) return [];
    const nodes = new Set([this.#options.fence.node, ...claimsServedBy(ledger, this.#options.fence.node)]);
    return [...nodes].map((node) => ({ epoch: recoveryEpoch, node }));
  }

  #durable(scope: RecordScope, ownerId: string): void {
    this.#options.observe({ event: 'record-durable', epoch: scope.epoch, client: asText(ownerId) });
  }

  #queued<T>(write: () => Promise<T>): Promise<T> {
    const result = this.#writes.then(write);
    this.#writes = result.catch(() => {});
    return result;
  }
}

/** Owner ids are bytes to the protocol and names to people. */
export const asText = (ownerId: string): string => Buffer.from(ownerId, 'hex').toString('utf8');
