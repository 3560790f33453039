/** Which clients may reclaim at this node in the grace that runs, and which of them are still expected. */
import type { ClientRecord } from '../core/client-record.ts';
import type { Epoch, Incarnation, NodeId } from '../core/ids.ts';
import type { ClientIdentity, ReclaimAnswer } from './coordination.ts';

export class ReclaimClaims {
  readonly recoveryEpoch: Epoch;
  readonly #byClaimant = new Map<NodeId, Map<string, ClientRecord>>();
  readonly #completed = new Set<string>();

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

  /** It sent RECLAIM_COMPLETE, or is gone for good: nobody waits for it any more. */
  complete(ownerId: string): void {
    this.#completed.add(ownerId);
  }

  /**
   * @param served the nodes whose claims are open and served here, now
   * @returns I4's answer, as far as records go: no record, or one that says "not this client", gets none
   */
  answer(client: ClientIdentity, served: readonly NodeId[]): ReclaimAnswer {
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
      .filter(
        (record) => !record.revoked && !record.reclaimIncomplete && !this.#completed.has(record.ownerId),
      )
      .map((record) => record.ownerId);
  }
}
