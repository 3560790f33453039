import {
  type Failure,
  NFS4ERR_DELAY,
  NFS4ERR_EXPIRED,
  NFS4ERR_GRACE,
  NFS4ERR_NO_GRACE,
  NFS4ERR_RECLAIM_BAD,
} from '../nfs4/status.ts';
import type { Coordination } from './coordination.ts';
import type { ClientRecords } from './records.ts';
import type { Client } from './state/clients.ts';

/**
 * May this client have that? All rules about grace, records and reclaims that the protocol side has to hold
 * are here; what they say about the cluster is the coordinator's. Synchronous: an answer is
 * good for the turn of the event loop in which it was given.
 *
 * New state is given in this order (grant rule, docs/protocol.md): {@link newState}, take it in the filesystem,
 * {@link confirmNewState}, answer; or give it back and answer GRACE.
 */
export class Grants {
  readonly #coordination: Coordination;
  readonly #records: ClientRecords;

  constructor(coordination: Coordination, records: ClientRecords) {
    this.#coordination = coordination;
    this.#records = records;
  }

  /** Grant rule, step 1. Null: go on. */
  newState(client: Client): Failure | null {
    if (client.standing !== 'live') return NFS4ERR_DELAY;
    // Row 6: also when there is nothing to reclaim, and also after grace (RFC 8881 section 18.51.3).
    if (!client.reclaimComplete) return NFS4ERR_GRACE;
    if (this.#coordination.newState() === 'grace') return NFS4ERR_GRACE;
    // It does not know yet what it lost; leases.ts says why that must come first.
    if (client.revoked > 0) return NFS4ERR_EXPIRED;
    if (!client.recorded) {
      // I6: the record first. The client comes again when it is durable.
      void this.#records.write(client);
      return NFS4ERR_DELAY;
    }
    return null;
  }

  /** Grant rule, step 3, with the state already taken. Null: it may be kept. */
  confirmNewState(): Failure | null {
    return this.#coordination.confirmNewState() === 'grace' ? NFS4ERR_GRACE : null;
  }

  /** May the client reclaim? Permissions and conflicts come on top (rows 11, 12 and 35). Null: yes. */
  reclaim(client: Client): Failure | null {
    if (client.standing !== 'live') return NFS4ERR_DELAY;
    // Row 8: it has said itself that it was through.
    if (client.reclaimComplete) return NFS4ERR_NO_GRACE;
    // What it had reclaimed was taken from it again, by expiry: not a second time.
    if (client.revoked > 0) return NFS4ERR_NO_GRACE;
    switch (this.#coordination.reclaim(client.identity)) {
      case 'grant':
        return null;
      case 'no-grace':
        return NFS4ERR_NO_GRACE;
      case 'reclaim-bad':
        return NFS4ERR_RECLAIM_BAD;
      case 'delay':
        return NFS4ERR_DELAY;
    }
  }

  /**
   * Could this break a reclaim that has not come yet? Asked by whatever is no lock itself and works against one:
   * I/O without a lock's protection, truncation, REMOVE and RENAME, LOCKT (rows 4 and 36). Null: no.
   */
  undisturbed(): Failure | null {
    return this.#coordination.inGrace() ? NFS4ERR_GRACE : null;
  }
}
