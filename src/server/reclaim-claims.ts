/** Which clients may reclaim at this node in the grace that runs, and which of them are still expected. */
import type { ClientRecord } from '../core/client-record.ts';
import type { Epoch, Incarnation, NodeId } from '../core/ids.ts';
import type { ClientIdentity, ReclaimAnswer } from './coordination.ts';

/** The recorded clients of one node. */
interface Claimant {
  /** By owner id. */
  readonly records: ReadonlyMap<string, ClientRecord>;
  /** Owner ids of those that may still come to reclaim, by {@link keyOf}: kept, since each RECLAIM_COMPLETE asks for it. */
  readonly expected: Map<string, string>;
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
   * @param recordedBy the life whose records count (`Member.recordedIncarnation`)
   */
  load(claimant: NodeId, records: readonly ClientRecord[], recordedBy: Incarnation): void {
    const valid = records.filter((record) => record.incarnation === recordedBy);
    const expected = new Map<string, string>();
    for (const record of valid) {
      const key = keyOf(record);
      if (record.revoked || record.reclaimIncomplete) continue;
      if (!this.#completed.has(key) && !this.#forgotten.has(key)) expected.set(key, record.ownerId);
    }
    const byOwner = new Map(valid.map((record) => [record.ownerId, record]));
    this.#claimants.set(claimant, { records: byOwner, expected });
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
    for (const claimant of served) {
      const record = this.#claimants.get(claimant)?.records.get(client.ownerId);
      if (record === undefined) continue;
      if (record.revoked || record.reclaimIncomplete) return 'no-grace';
      return record.principal === client.principal ? 'grant' : 'reclaim-bad';
    }
    return 'no-grace';
  }

  /** Owner ids of `claimant`'s recorded clients that may still come to reclaim. */
  outstanding(claimant: NodeId): string[] {
    return [...(this.#claimants.get(claimant)?.expected.values() ?? [])];
  }

  /** Its records are loaded, and nobody of them may still come. */
  areThrough(claimant: NodeId): boolean {
    return this.#claimants.get(claimant)?.expected.size === 0;
  }

  #expectNoMore(client: ClientIdentity): void {
    for (const { expected } of this.#claimants.values()) expected.delete(keyOf(client));
  }
}

/** Two principals with the same owner id are two clients (rows 25 and 26). An owner id is hex and has no blank. */
const keyOf = ({ ownerId, principal }: ClientIdentity): string => `${ownerId} ${principal}`;
