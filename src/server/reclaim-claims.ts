/** Which clients may reclaim at this node in the grace that runs, by the addresses they come by, and which of them are still expected. */
import type { ClientRecord } from '../core/client-record.ts';
import type { Epoch, NodeId } from '../core/ids.ts';
import { entitles, isBy } from '../core/record-transitions.ts';
import type { Life } from '../core/succession.ts';
import { keyOf, serviceKeyOf, serviceOf } from './client-keys.ts';
import type { ClientIdentity, ReclaimAnswer } from './coordination.ts';

/** The recorded clients that come by the address of one node. */
interface Claimant {
  /** By owner id; more than one where several principals use the same. */
  readonly records: ReadonlyMap<string, readonly ClientRecord[]>;
  /** Those that may still come to reclaim, by {@link keyOf}: kept, since each RECLAIM_COMPLETE asks for it. */
  readonly expected: Map<string, ClientRecord>;
  /** Those that may not, because they lost what they had, and have not been told (row 19). */
  readonly untold: Map<string, ClientRecord>;
  readonly loadedMs: number;
}

export class ReclaimClaims {
  readonly recoveryEpoch: Epoch;
  readonly #self: NodeId;
  readonly #claimants = new Map<NodeId, Claimant>();
  /** By {@link serviceKeyOf}, as is `#forgotten`. */
  readonly #completed = new Map<string, NodeId>();
  readonly #forgotten = new Set<string>();
  /** By {@link keyOf}. Also of claimants that are not served here any more. */
  readonly #lost = new Map<string, Set<NodeId>>();
  readonly #noted = new Set<NodeId>();

  /** @param self by whose address clients come who do not say */
  constructor(recoveryEpoch: Epoch, self: NodeId) {
    this.recoveryEpoch = recoveryEpoch;
    this.#self = self;
  }

  isLoaded(claimant: NodeId): boolean {
    return this.#claimants.has(claimant);
  }

  /**
   * @param records what the store holds for `claimant` in the recovery epoch; nothing at all where it could not be trusted (row 20)
   * @param recordedBy the life whose records count (`recorderOf`). One that refuses a client counts whoever wrote it.
   * @param isHere of a client that has completed with this life, lives and has lost nothing: it is not waited for
   */
  load(
    claimant: NodeId,
    records: readonly ClientRecord[],
    recordedBy: Life,
    nowMs: number,
    isHere: (client: ClientIdentity) => boolean = () => false,
  ): void {
    const valid = records.filter((record) => !entitles(record) || isBy(record, claimant, recordedBy));
    const open = valid.filter((record) => {
      const client = { ...record, service: claimant };
      const key = this.#keyOf(client);
      return !this.#completed.has(key) && !this.#forgotten.has(key) && !isHere(client);
    });
    const byKey = (some: readonly ClientRecord[]) => new Map(some.map((record) => [keyOf(record), record]));
    for (const record of valid) if (!entitles(record)) this.#lose(record, claimant);
    this.#claimants.set(claimant, {
      records: Map.groupBy(valid, ({ ownerId }) => ownerId),
      expected: byKey(open.filter(entitles)),
      untold: byKey(open.filter((record) => !entitles(record))),
      loadedMs: nowMs,
    });
  }

  /** Whose clients do not reclaim here: only that they lost something counts, whoever wrote it. */
  noteLosses(node: NodeId, records: readonly ClientRecord[]): void {
    this.#noted.add(node);
    for (const record of records) if (!entitles(record)) this.#lose(record, node);
  }

  hasNoted(node: NodeId): boolean {
    return this.#noted.has(node);
  }

  /** Its records may not be used here any more: another node serves them now, or these clients come anew. */
  unload(claimant: NodeId): void {
    this.#claimants.delete(claimant);
    for (const [key, of] of this.#completed) if (of === claimant) this.#completed.delete(key);
  }

  /**
   * It sent RECLAIM_COMPLETE: nobody waits for it any more. Somebody else with the same owner id ends nobody's
   * chance but its own (I2).
   */
  complete(client: ClientIdentity): void {
    this.#completed.set(this.#keyOf(client), this.#claimantOf(client));
    this.#lost.get(keyOf(client))?.delete(this.#claimantOf(client));
    this.#expectNoMore(client);
  }

  /**
   * Its record is durably gone, and so is its claim, also where records are loaded only now from what was read
   * before (I4, row 17).
   */
  forget(client: ClientIdentity): void {
    this.#forgotten.add(this.#keyOf(client));
    this.#expectNoMore(client);
  }

  /**
   * @param served whose clients may reclaim here now
   * @returns I4's answer, as far as records go: no record, or one that says "not this client", gets none
   */
  answer(client: ClientIdentity, served: readonly NodeId[]): ReclaimAnswer {
    const claimant = this.#claimantOf(client);
    if (this.#forgotten.has(this.#keyOf(client)) || !served.includes(claimant)) return 'no-grace';
    const own = this.#ownRecords(client);
    if (own.length > 0) return own.every(entitles) ? 'grant' : 'no-grace';
    // It is somebody, and this is not who may act for it (row 26).
    return this.#recordsOf(client).some(entitles) ? 'reclaim-bad' : 'no-grace';
  }

  /** May it still come to reclaim? */
  expects(client: ClientIdentity): boolean {
    return this.#claimants.get(this.#claimantOf(client))?.expected.has(keyOf(client)) === true;
  }

  /**
   * By whose addresses it came when it lost something before this grace, where it has not completed since. It may have been told of one lock and
   * ask for another.
   */
  lostAt(client: ClientIdentity): NodeId[] {
    return [...(this.#lost.get(keyOf(client)) ?? [])];
  }

  /** It was refused. */
  told(client: ClientIdentity): void {
    this.#claimants.get(this.#claimantOf(client))?.untold.delete(keyOf(client));
  }

  /** `claimant`'s recorded clients that may still come to reclaim. */
  outstanding(claimant: NodeId): ClientRecord[] {
    return [...(this.#claimants.get(claimant)?.expected.values() ?? [])];
  }

  /** `claimant`'s clients that lost what they had before this grace, and do not know. */
  untold(claimant: NodeId): ClientRecord[] {
    return [...(this.#claimants.get(claimant)?.untold.values() ?? [])];
  }

  /** Since when `claimant`'s clients could come; null: they cannot yet. */
  loadedMs(claimant: NodeId): number | null {
    return this.#claimants.get(claimant)?.loadedMs ?? null;
  }

  /** Its records are loaded, and nobody of them may still come. */
  areThrough(claimant: NodeId): boolean {
    return this.#claimants.get(claimant)?.expected.size === 0;
  }

  /** Whoever may act for that owner. */
  #recordsOf(client: ClientIdentity): readonly ClientRecord[] {
    return this.#claimants.get(this.#claimantOf(client))?.records.get(client.ownerId) ?? [];
  }

  #ownRecords(client: ClientIdentity): readonly ClientRecord[] {
    return this.#recordsOf(client).filter(({ principal }) => principal === client.principal);
  }

  #lose(record: ClientRecord, claimant: NodeId): void {
    const services = this.#lost.get(keyOf(record)) ?? new Set();
    this.#lost.set(keyOf(record), services.add(claimant));
  }

  #expectNoMore(client: ClientIdentity): void {
    const claimant = this.#claimants.get(this.#claimantOf(client));
    claimant?.expected.delete(keyOf(client));
    claimant?.untold.delete(keyOf(client));
  }

  #claimantOf(client: ClientIdentity): NodeId {
    return serviceOf(client, this.#self);
  }

  #keyOf(client: ClientIdentity): string {
    return serviceKeyOf(client, this.#self);
  }
}
