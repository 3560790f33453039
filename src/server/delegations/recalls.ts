import type { Clock } from '../../core/clock.ts';
import { cbRecall } from '../../nfs4/callbacks/cb-recall.ts';
import { call } from '../../nfs4/compound.ts';
import {
  NFS4ERR_BAD_STATEID,
  NFS4ERR_BADHANDLE,
  NFS4ERR_DELAY,
  NFS4ERR_DELEG_REVOKED,
  NFS4ERR_EXPIRED,
} from '../../nfs4/status.ts';
import type { LockDomain } from '../domains.ts';
import type { Filesystem } from '../filesystem/types.ts';
import type { Leases } from '../leases.ts';
import type { Wanted } from '../marks/board.ts';
import { WANTED_FOR_CHANGE } from '../marks/kinds.ts';
import type { ClientRecords } from '../records.ts';
import type { Delegation } from '../state/delegations.ts';
import type { LockingTables } from '../state/locking.ts';

/** How often the board is looked at for files that other nodes want, while this node has any delegation: one call of a microsecond or two. */
const LOOK_MS = 10;
/** A recall that found nobody, or that the client could not make sense of yet, is repeated so often within a lease; so is what a store did not do. */
const REPEATS_PER_LEASE = 10;

/** It only makes recalls fewer, so what is too much is forgotten. */
const MAX_CONTENDED = 10_000;

interface RecallParts {
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly filesystem: Filesystem;
  readonly domains: readonly LockDomain[];
  readonly locking: LockingTables;
  readonly records: ClientRecords;
  readonly leases: Leases;
}

/**
 * Takes delegations back: asks the client, waits a lease for it, and revokes what has not come back by then (RFC 8881 section 10.4.5).
 *
 * Who wants a file on another node says so on the domain's board, and is told DELAY meanwhile; there is no talk between nodes. This node looks at
 * the board for as long as it has delegations out.
 *
 * A revocation has the order of an expiry (I6): the client's record is durably withdrawn first, then the delegation goes. Otherwise a restart
 * of this node in between would let a client that does not know of its loss yet reclaim it, though others have changed the file. The record is
 * written again as soon as the client has acknowledged the loss with FREE_STATEID, or was told of it in 4.0; until then it gets no new state.
 */
export class Recalls {
  readonly #parts: RecallParts;
  /** Files that were recalled lately, by their key, and until when nobody gets a delegation of them: who wanted them comes first. */
  readonly #contended = new Map<string, number>();
  readonly #timers = new Set<() => void>();
  #looking: (() => void) | null = null;
  #stopped = false;

  constructor(parts: RecallParts) {
    this.#parts = parts;
  }

  /** A delegation was given out: from now on the board is looked at. */
  watch(): void {
    if (this.#stopped || this.#looking !== null) return;
    if (this.#parts.domains.every(({ marks }) => marks === undefined)) return;
    this.#looking = this.#parts.clock.after(LOOK_MS, () => this.#look());
  }

  /** Was the file wanted back lately? */
  isContended(key: string): boolean {
    const untilMs = this.#contended.get(key);
    if (untilMs === undefined) return false;
    if (untilMs > this.#parts.clock.nowMs()) return true;
    this.#contended.delete(key);
    return false;
  }

  /** A client of this node wants the file: for a lease nobody here gets a delegation of it. Who else wants it comes first. */
  contend(key: string): void {
    this.#contend(key, this.#parts.clock.nowMs() + this.#parts.leaseMs);
  }

  /** Asks for it back, once. */
  recall(delegation: Delegation): void {
    if (delegation.recalled || this.#stopped) return;
    delegation.recalled = true;
    const { leaseMs } = this.#parts;
    this.contend(delegation.file.node.key);
    this.#after(leaseMs, () => this.#overdue(delegation));
    void this.#ask(delegation);
  }

  stop(): void {
    this.#stopped = true;
    this.#looking?.();
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  #contend(key: string, untilMs: number): void {
    if (this.#contended.size >= MAX_CONTENDED) this.#contended.clear();
    this.#contended.set(key, untilMs);
  }

  // ---- what other nodes want ----

  #look(): void {
    this.#looking = null;
    if (this.#parts.locking.delegations.size === 0) return;
    for (const domain of this.#parts.domains) {
      const wanted = domain.marks?.wanted();
      // A board that does not answer is looked at again.
      if (wanted?.ok && wanted.value.length > 0) this.#oblige(domain, wanted.value);
    }
    this.watch();
  }

  #oblige(domain: LockDomain, wishes: readonly Wanted[]): void {
    const wanted = new Map(wishes.map((wish) => [wish.place, wish.wanted]));
    for (const delegation of this.#parts.locking.delegations.all()) {
      const { file, type } = delegation;
      if (file.domain !== domain || file.place === null) continue;
      const why = wanted.get(file.place);
      if (why !== undefined && (type === 'write' || (why & WANTED_FOR_CHANGE) !== 0)) this.recall(delegation);
    }
  }

  // ---- the client ----

  async #ask(delegation: Delegation): Promise<void> {
    const { clock, leaseMs, filesystem } = this.#parts;
    const { client, file, other, seqid, givenIn } = delegation;
    const fh = filesystem.handleOf(file.node);
    const request = call(cbRecall, { stateid: { seqid, other }, truncate: false, fh });
    while (this.#isOut(delegation)) {
      const patienceMs = clock.nowMs() + leaseMs / REPEATS_PER_LEASE;
      const reply = await client.callbackPath?.call([request], patienceMs, givenIn === null ? [] : [givenIn]);
      const status = reply?.status;
      // It says it has none: the reply that gives it may not have arrived, so it is asked again.
      const again =
        status === NFS4ERR_BAD_STATEID || status === NFS4ERR_BADHANDLE || status === NFS4ERR_DELAY;
      if (status !== undefined && !again) return;
      await new Promise<void>((resolve) => this.#after(leaseMs / REPEATS_PER_LEASE, resolve));
    }
  }

  /** Still with the client? */
  #isOut(delegation: Delegation): boolean {
    return !this.#stopped && delegation.file.delegations.has(delegation) && !delegation.revoking;
  }

  #overdue(delegation: Delegation): void {
    if (!this.#isOut(delegation)) return;
    const { leaseMs, leases } = this.#parts;
    const { client, file } = delegation;
    // Until the end of grace nobody can have what it stands against, and the client cannot open what it has opened by itself.
    if (file.domain.coordination.inGrace()) this.#after(leaseMs, () => this.#overdue(delegation));
    // Nobody is there: all that it has goes, and not only this.
    else if (leases.lapsedIn(client, file.domain)) void leases.expire(client);
    else void this.#revoke(delegation);
  }

  async #revoke(delegation: Delegation): Promise<void> {
    const { records, locking, leaseMs } = this.#parts;
    const { client, file } = delegation;
    delegation.revoking = true;
    client.revokedDelegations += 1;
    while (!this.#stopped && delegation.revoking && file.delegations.has(delegation)) {
      const gone = await records.withdraw(client, [file.domain], 'revoke');
      if (this.#stopped || !delegation.revoking || !file.delegations.has(delegation)) return;
      if (gone.length > 0) {
        locking.revokeDelegation(delegation, client.hasSessions ? NFS4ERR_DELEG_REVOKED : NFS4ERR_EXPIRED);
        if (!client.hasSessions) this.#after(leaseMs, () => void this.#giveUpTelling(delegation));
        return;
      }
      await new Promise<void>((resolve) => this.#after(leaseMs / REPEATS_PER_LEASE, resolve));
    }
  }

  /**
   * Version 4.0: only who uses the delegation hears that it was revoked, and gets no new state before. Where that does not come about within a
   * lease, the client is made to begin anew: it is told EXPIRED whatever it does.
   */
  async #giveUpTelling(delegation: Delegation): Promise<void> {
    const { locking, leases, leaseMs } = this.#parts;
    const { client, other } = delegation;
    if (this.#stopped || client.standing === 'gone' || locking.stateids.find(other) !== delegation) return;
    if (await leases.discard(client)) return;
    this.#after(leaseMs / REPEATS_PER_LEASE, () => void this.#giveUpTelling(delegation));
  }

  #after(ms: number, run: () => void): void {
    if (this.#stopped) return;
    const cancel = this.#parts.clock.after(ms, () => {
      this.#timers.delete(cancel);
      run();
    });
    this.#timers.add(cancel);
  }
}
