/** Which clients may reclaim at this node in the grace that runs, and which of them are still expected. */
import type { ClientRecord } from '../core/client-record.ts';
import type { Epoch, Incarnation, NodeId } from '../core/ids.ts';
import { entitles } from '../core/record-transitions.ts';
import type { ClientIdentity, ReclaimAnswer } from './coordination.ts';
import { keyOf } from './own-records.ts';

/** The recorded clients of one node. */
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
  readonly #claimants = new Map<NodeId, Claimant>();
  /** By {@link keyOf}, as is `#forgotten`. */
  readonly #completed = new Set<string>();
  readonly #forgotten = new Set<string>();

  constructor(recoveryEpoch: Epoch) {
    this.recoveryEpoch = recoveryEpoch;
  }

  isLoaded(claimant: NodeId): boolean {
    return this.#claimants.has(claimant);
  }

  /**
   * @param records what the store holds for `claimant` in the recovery epoch; nothing at all where it could not be trusted (row 20)
   * @param recordedBy the life whose records count (`Member.recordedIncarnation`). One that refuses a client counts whoever wrote it.
   */
  load(claimant: NodeId, records: readonly ClientRecord[], recordedBy: Incarnation, nowMs: number): void {
    const valid = records.filter((record) => !entitles(record) || record.incarnation === recordedBy);
    const open = valid.filter((record) => {
      const key = keyOf(record);
      return !this.#completed.has(key) && !this.#forgotten.has(key);
    });
    const byKey = (some: readonly ClientRecord[]) => new Map(some.map((record) => [keyOf(record), record]));
    this.#claimants.set(claimant, {
      records: Map.groupBy(valid, ({ ownerId }) => ownerId),
      expected: byKey(open.filter(entitles)),
      untold: byKey(open.filter((record) => !entitles(record))),
      loadedMs: nowMs,
    });
  }

  /** Its records may not be used here any more: another node serves them now. */
  unload(claimant: NodeId): void {
    this.#claimants.delete(claimant);
  }

  /**
   * It sent RECLAIM_COMPLETE: nobody waits for it any more. Somebody else with the same owner id ends nobody's
   * chance but its own (I2).
   */
  complete(client: ClientIdentity): void {
    this.#completed.add(keyOf(client));
    this.#expectNoMore(client);
  }

  /**
   * Its record is durably gone, and so is its claim, also where records are loaded only now from what was read
   * before (I4, row 17).
   */
  forget(client: ClientIdentity): void {
    this.#forgotten.add(keyOf(client));
    this.#expectNoMore(client);
  }

  /**
   * @param served the nodes whose claims are open and served here, now
   * @returns I4's answer, as far as records go: no record, or one that says "not this client", gets none
   */
  answer(client: ClientIdentity, served: readonly NodeId[]): ReclaimAnswer {
    if (this.#forgotten.has(keyOf(client))) return 'no-grace';
    const records = served.flatMap(
      (claimant) => this.#claimants.get(claimant)?.records.get(client.ownerId) ?? [],
    );
    const own = records.filter(({ principal }) => principal === client.principal);
    // Recorded for two nodes that are served here, and lost at one: it cannot be seen which of them its reclaim is about.
    if (own.length > 0) return own.every(entitles) ? 'grant' : 'no-grace';
    // It is somebody, and this is not who may act for it (row 26).
    return records.some(entitles) ? 'reclaim-bad' : 'no-grace';
  }

  /** It was refused. */
  told(client: ClientIdentity): void {
    for (const { untold } of this.#claimants.values()) untold.delete(keyOf(client));
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

  #expectNoMore(client: ClientIdentity): void {
    for (const { expected, untold } of this.#claimants.values()) {
      expected.delete(keyOf(client));
      untold.delete(keyOf(client));
    }
  }
}
