/**
 * What is held here for clients that have not come yet (adoption.ts), and how it becomes theirs. What they reclaim of it they get at any time, in grace and
 * after it: it was held for them all the while, so that nobody else can have had it. Whatever else they reclaim goes by the rules of a grace.
 */
import { gaps, insert, type LockMode, NO_RANGES, type Span, within } from '../../core/byte-ranges.ts';
import type { Clock } from '../../core/clock.ts';
import type { Domains, LockDomain } from '../domains.ts';
import type { FileNode, LockTable } from '../filesystem/types.ts';
import type { Leases } from '../leases.ts';
import { type Observe, released, spanForHistory } from '../observation.ts';
import { AdoptedClient, adoptedKeyOf } from '../state/adopted-client.ts';
import type { Client, ClientTable } from '../state/clients.ts';
import type { LockState } from '../state/lock-owners.ts';
import type { LockingTables } from '../state/locking.ts';
import type { OpenState } from '../state/opens.ts';

interface EstateParts {
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly domains: Domains;
  readonly locks: LockTable;
  readonly clients: ClientTable;
  readonly locking: LockingTables;
  readonly leases: Leases;
  readonly observe: Observe;
}

export class Estates {
  readonly #parts: EstateParts;

  constructor(parts: EstateParts) {
    this.#parts = parts;
  }

  /**
   * Before a client id is confirmed: what is held for an earlier life of the client goes, its record first (I6, row 23). False: that is not
   * done yet (DELAY).
   */
  makeWayFor(client: Client): Promise<boolean> | true {
    const held = this.#heldFor(client);
    return held === null || isFor(held, client) || this.#parts.leases.discard(held);
  }

  /** It is confirmed: what is held for it hangs on its lease from now on. */
  attach(client: Client): void {
    const held = this.#heldFor(client);
    if (held === null || !isFor(held, client)) return;
    held.successor = client;
    held.askedAtMs = this.#parts.clock.nowMs();
    client.estate = held;
    // Its record is durable, and not for being complete: it reclaims all the same.
    if (!client.hasSessions) for (const domain of held.recordedIn) client.recordedIn.add(domain);
  }

  /** Is all of this open held for that client? */
  coversOpen(client: Client, node: FileNode, owner: string, access: number, deny: number): boolean {
    if (client.estate === null) return false;
    const held = this.#parts.locking.findOpen(client.estate, owner, node);
    if (held === null || (access & ~held.access) !== 0 || (deny & ~held.deny) !== 0) return false;
    client.estate.askedAtMs = this.#parts.clock.nowMs();
    return true;
  }

  /** What is held for this owner on the file becomes its own, in the filesystem as it is, as soon as it asks for any of it. */
  passLock(client: Client, owner: string, open: OpenState): void {
    const { estate } = client;
    const held = estate?.lockOwners.get(owner)?.states.get(open.file.node.key);
    const { locking } = this.#parts;
    if (estate == null || held === undefined || locking.findLock(client, owner, open) !== null) return;
    estate.passed.set(locking.passLock(held, locking.lockOwner(client, owner), open), NO_RANGES);
  }

  /** Is all of this range held for it, in this mode or a stronger one? */
  coversLock({ estate }: Client, lock: LockState | null, span: Span, mode: LockMode): boolean {
    if (lock === null || !estate?.passed.has(lock)) return false;
    const held = this.#parts.locks.held(lock.file.node, lock.owner.key);
    const parts = within(held, span);
    return gaps(held, span).length === 0 && (mode === 'read' || parts.every((part) => part.mode === 'write'));
  }

  /** It has asked for that, and has it. */
  claimed({ estate }: Client, lock: LockState, span: Span, mode: LockMode): void {
    const before = estate?.passed.get(lock);
    if (estate == null || before === undefined) return;
    estate.passed.set(lock, insert(before, span, mode));
    estate.askedAtMs = this.#parts.clock.nowMs();
  }

  /**
   * It is through with its reclaims (RECLAIM_COMPLETE): what it did not ask for goes. What came with a filesystem it has to speak of by itself (row 30):
   * the global one every new client says.
   * @param domain of rca_one_fs; null: the global one
   */
  settle(client: Client, domain: LockDomain | null = null): void {
    const { locks, locking, leases } = this.#parts;
    if (client.estate === null || (client.estate.origin?.domain ?? null) !== domain) return;
    for (const [lock, claimed] of client.estate.passed) {
      const { node } = lock.file;
      if (lock.owner.states.get(node.key) !== lock) continue;
      for (const range of locks.held(node, lock.owner.key))
        for (const span of gaps(claimed, range.span))
          if (locks.unlock(node, lock.owner.key, span).ok) this.#tell(lock, span);
      locking.count(lock);
    }
    leases.closeEstate(client);
  }

  /**
   * Version 4.0 has no RECLAIM_COMPLETE: who is there, and has asked for nothing more of it for a lease, is through with it. A client goes through
   * its list without pause (version-0/reclaim-silence.ts). Who has gone silent loses it with the lease, and who has asked for nothing at all
   * may not have begun: either loses its record first (I6, rows 17 and 18).
   */
  tidy(client: Client): void {
    const { clock, leaseMs, leases } = this.#parts;
    const { estate } = client;
    if (estate === null || client.hasSessions || client.inFlight > 0) return;
    if (this.#isGrace()) estate.askedAtMs = clock.nowMs();
    if (leases.lapsed(client) || clock.nowMs() - estate.askedAtMs <= leaseMs) return;
    if (estate.holdsState && !client.holdsState) void leases.discard(client);
    else this.settle(client);
  }

  /** Nobody's time to come ends while grace runs, and nobody's lease right at its end. */
  renew(client: Client): void {
    // What came with a filesystem has its time whatever grace runs: one that takes it home waits for that.
    if (!(client instanceof AdoptedClient) || client.origin !== null) return;
    const { clock, leaseMs } = this.#parts;
    if (this.#isGrace()) client.renewedAtMs = Math.max(client.renewedAtMs, clock.nowMs() + leaseMs);
  }

  #isGrace(): boolean {
    return this.#parts.domains.all.some(({ coordination }) => coordination.inGrace());
  }

  #heldFor({ identity }: Client): AdoptedClient | null {
    return this.#parts.clients.confirmedOf(adoptedKeyOf(identity)) as AdoptedClient | null;
  }

  #tell({ client, owner, file }: LockState, span: Span): void {
    this.#parts.observe(
      released({
        op: 'lock',
        client: client.name,
        owner: owner.name,
        file: file.path,
        ...this.#parts.domains.labelOf(file.domain),
        span: spanForHistory(span),
      }),
    );
  }
}

/** In the same life of the client, and not on its way out. */
const isFor = (held: AdoptedClient, { verifier }: Client): boolean =>
  held.standing === 'live' && held.verifier.equals(verifier);
