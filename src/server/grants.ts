import { type Mutants, NO_MUTANTS } from '../core/mutants.ts';
import {
  type Failure,
  NFS4ERR_DELAY,
  NFS4ERR_EXPIRED,
  NFS4ERR_GRACE,
  NFS4ERR_NO_GRACE,
  NFS4ERR_RECLAIM_BAD,
} from '../nfs4/status.ts';
import { absenceOf } from './absence.ts';
import type { LockDomain } from './domains.ts';
import type { ClientRecords } from './records.ts';
import type { Client } from './state/clients.ts';

/**
 * May this client have that? All rules about grace, records and reclaims that the protocol side has to hold
 * are here; what they say about the cluster is the coordinator's, and it is always the coordinator of the domain that
 * the file lies in who is asked (C12). Synchronous: an answer is good for the turn of the event loop in which it was
 * given.
 *
 * New state is given in this order (grant rule, docs/protocol.md): {@link newState}, take it in the filesystem,
 * {@link confirmNewState}, answer; or give it back and answer GRACE.
 */
export class Grants {
  readonly #records: ClientRecords;
  readonly #domains: readonly LockDomain[];
  readonly #mutants: Mutants;

  constructor(records: ClientRecords, domains: readonly LockDomain[], mutants: Mutants = NO_MUTANTS) {
    this.#records = records;
    this.#domains = domains;
    this.#mutants = mutants;
  }

  /** Grant rule, step 1. Null: go on. @param byHandle by OPEN of a filehandle (CLAIM_FH); only mutant D17 makes a difference */
  newState(client: Client, domain: LockDomain, byHandle = false): Failure | null {
    const absence = absenceOf(domain);
    if (absence !== null) return absence;
    if (isLeaving(client, domain)) return NFS4ERR_DELAY;
    // Row 6: also when there is nothing to reclaim, and also after grace (RFC 8881 section 18.51.3).
    const unasked = byHandle && this.#mutants.has('D17');
    if (!unasked && !client.mayHaveNewStateIn(domain)) return NFS4ERR_GRACE;
    const asked = this.#mutants.has('M24') ? this.#domains : [domain];
    if (asked.some(({ coordination }) => coordination.newState() === 'grace')) return NFS4ERR_GRACE;
    // It does not know yet what it lost; leases.ts says why that must come first.
    if (client.revoked > 0) return NFS4ERR_EXPIRED;
    // Nor of delegations; SEQUENCE tells it (delegations/recalls.ts).
    if (client.revokedDelegations > 0) return NFS4ERR_DELAY;
    if (!unasked && client.lacksRecordIn(domain)) {
      // I6: the record first. The client comes again when it is durable.
      void this.#records.write(client, domain);
      return NFS4ERR_DELAY;
    }
    return null;
  }

  /** Grant rule, step 3, with the state already taken. Null: it may be kept. */
  confirmNewState(domain: LockDomain): Failure | null {
    return domain.coordination.confirmNewState() === 'grace' ? NFS4ERR_GRACE : null;
  }

  /**
   * May the client reclaim? Permissions and conflicts come on top (rows 11, 12 and 35). Null: yes.
   * @param held it is held here for the client, and was all the while (estates/estates.ts)
   */
  reclaim(client: Client, domain: LockDomain, held = false): Failure | null {
    const absence = absenceOf(domain);
    if (absence !== null) return absence;
    if (isLeaving(client, domain)) return NFS4ERR_DELAY;
    if (held) return null;
    const { coordination } = domain;
    const arrives = coordination.mayArrive(client.identity);
    // Row 8: it has said itself that it was through. Row 30: not with what came here later, with the filesystem.
    const through = !client.mayReclaimIn(domain) && !this.#mutants.has('D10');
    if (through && !arrives) return NFS4ERR_NO_GRACE;
    // What it had reclaimed was taken from it again, by expiry: not a second time. What comes with a filesystem it had elsewhere meanwhile;
    // that it has lost something here it acknowledges first.
    if (client.revoked > 0) return arrives ? NFS4ERR_DELAY : NFS4ERR_NO_GRACE;
    switch (coordination.reclaim(client.identity)) {
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
  undisturbed(domain: LockDomain): Failure | null {
    return absenceOf(domain) ?? (domain.coordination.inGrace() ? NFS4ERR_GRACE : null);
  }
}

const isLeaving = (client: Client, domain: LockDomain): boolean =>
  client.standing !== 'live' || client.leaving.has(domain);
