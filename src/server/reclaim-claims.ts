/** Which clients may reclaim at this node in the grace that runs, and which of them are still expected. */
import type { ClientRecord } from '../core/client-record.ts';
import type { Epoch, Incarnation, NodeId } from '../core/ids.ts';
import type { ClientIdentity, ReclaimAnswer } from './coordination.ts';

export class ReclaimClaims {
  readonly recoveryEpoch: Epoch;
  readonly #byClaimant = new Map<NodeId, Map<string, ClientRecord>>();
  /** By {@link keyOf}, as is `#forgotten`. */
  readonly #completed = new Set<string>();
  readonly #forgotten = new Set<string>();

  constructor(recoveryEpoch: Epoch) {
    this.recoveryEpoch = recoveryEpoch;
  }

  isLoaded(claimant: NodeId): boolean {
    return this.#byClaimant.has(claimant);
  }

  /**
   * @param records what the store holds for `claimant` in the recovery epoch; nothing at all where it could not be trusted (row 20)
   * @param recordedBy the life whose records count (`Member.recordedIncarnation`)
   */
  load(claimant: NodeId, records: readonly ClientRecord[], recordedBy: Incarnation): void {
    const valid = records.filter((record) => record.incarnation === recordedBy);
    this.#byClaimant.set(claimant, new Map(valid.map((record) => [record.ownerId, record])));
  }

  /** Its records may not be used here any more: another node serves them now. */
  unload(claimant: NodeId): void {
    this.#byClaimant.delete(claimant);
  }

  /**
   * It sent RECLAIM_COMPLETE: nobody waits for it any more. Somebody else with the same owner id ends nobody's
   * chance but its own (I2).
   */
  complete(client: ClientIdentity): void {
    this.#completed.add(keyOf(client));
  }

  /**
   * Its record is durably gone, and so is its claim, also where records are loaded only now from what was read
   * before (I4, row 17).
   */
  forget(client: ClientIdentity): void {
    this.#forgotten.add(keyOf(client));
  }

  /**
   * @param served the nodes whose claims are open and served here, now
   * @returns I4's answer, as far as records go: no record, or one that says "not this client", gets none
   */
  answer(client: ClientIdentity, served: readonly NodeId[]): ReclaimAnswer {
    if (this.#forgotten.has(keyOf(client))) return 'no-grace';
    for (const claimant of served) {
      const record = this.#byClaimant.get(claimant)?.get(client.ownerId);
      if (record === undefined) continue;
      if (record.revoked || record.reclaimIncomplete) return 'no-grace';
      return record.principal === client.principal ? 'grant' : 'reclaim-bad';
    }
    return 'no-grace';
  }

  /** Owner ids of `claimant`'s recorded clients that may still come to reclaim. */
  outstanding(claimant: NodeId): string[] {
    const records = this.#byClaimant.get(claimant);
    if (records === undefined) return [];
    return [...records.values()]
      .filter((record) => !record.revoked && !record.reclaimIncomplete && !this.#isThrough(record))
      .map((record) => record.ownerId);
  }

  #isThrough(record: ClientRecord): boolean {
    const key = keyOf(record);
    return this.#completed.has(key) || this.#forgotten.has(key);
  }
}

/** Two principals with the same owner id are two clients (rows 25 and 26). An owner id is hex and has no blank. */
const keyOf = ({ ownerId, principal }: ClientIdentity): string => `${ownerId} ${principal}`;
