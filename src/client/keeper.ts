/**
 * Keeps a session standing, for as long as the client lives: introduces the client, creates the session,
 * and after a loss brings back what can be brought back, by the book (RFC 8881 section 8.4.2). A server
 * that reboots in the middle of that starts it over. Operations of the application wait meanwhile.
 *
 *     EXCHANGE_ID --> CREATE_SESSION --> [reclaim opens and locks, RECLAIM_COMPLETE] --> standing
 *          ^                ^                                                              |
 *          |                +---- BADSESSION, DEADSESSION, ... ----------------------------+
 *          +---- STALE_CLIENTID: the server has a new life, all its state is to be reclaimed
 */
import type { Clock, Random } from '../core/clock.ts';
import {
  SEQ4_STATUS_ADMIN_STATE_REVOKED,
  SEQ4_STATUS_EXPIRED_ALL_STATE_REVOKED,
  SEQ4_STATUS_EXPIRED_SOME_STATE_REVOKED,
  SEQ4_STATUS_LEASE_MOVED,
  SEQ4_STATUS_RECALLABLE_STATE_REVOKED,
  SEQ4_STATUS_RESTART_RECLAIM_NEEDED,
} from '../nfs4/constants.ts';
import { NFS4ERR_DEADSESSION } from '../nfs4/status.ts';
import type { Callbacks } from './callbacks.ts';
import type { FileState } from './file-state.ts';
import { Introduction } from './introduction.ts';
import { readLeaseMs } from './lease-time.ts';
import type { Link } from './link.ts';
import { forgetState } from './lock-loss.ts';
import type { Observer } from './observer.ts';
import { type Overstepping, oversteppedRecovery } from './overstepping.ts';
import { type Arrival, Reclaimer } from './reclaimer.ts';
import { Renewal } from './renewal.ts';
import { Session } from './session.ts';
import type { Timing } from './timing.ts';
import { Changes, type DeadlineMs, NEVER_MS } from './waiting.ts';

export interface KeeperOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly link: Link;
  readonly observer: Observer;
  readonly timing: () => Timing;
  /** The server's lease time has become known, in milliseconds. */
  readonly onLeaseMs: (leaseMs: number) => void;
  /** co_ownerid */
  readonly ownerId: Buffer;
  /** co_verifier, 8 bytes: one for each life of the client. */
  readonly verifier: Buffer;
  /** Requests in flight at most. */
  readonly slots: number;
  readonly callbacks?: Callbacks | undefined;
  /** All files that may have something to reclaim, at the moment of asking. */
  readonly files: () => Iterable<FileState>;
  /** This file, whose open or lock was to be reclaimed, is not at this server any more. */
  readonly onMoved: (file: FileState) => void;
  /** The server says that another one has some of the client's state now, with a SEQUENCE that was sent then. */
  readonly onLeaseMoved: (sentAtMs: number) => void;
  /** The server says, with SEQUENCE, that it took state away. */
  readonly onRevoked: () => void;
}

const REVOKED_FLAGS =
  SEQ4_STATUS_EXPIRED_ALL_STATE_REVOKED |
  SEQ4_STATUS_EXPIRED_SOME_STATE_REVOKED |
  SEQ4_STATUS_ADMIN_STATE_REVOKED |
  SEQ4_STATUS_RECALLABLE_STATE_REVOKED;

/**
 * What a client does after the server has lost its state. `confirm-only` is the client of row 18: it
 * makes a new session and keeps its lease, but neither reclaims nor completes.
 */
export type RecoveryBehaviour = 'by-the-book' | 'confirm-only' | Overstepping;

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #changes: Changes;
  readonly #introduction: Introduction;
  readonly #admissions = new Set<Promise<unknown>>();
  #session: Session | null = null;
  #renewal: Renewal | null = null;
  /** Operations of the application may use the session: nothing is left to be reclaimed. */
  #standingSinceMs: number | null = null;
  /** RECLAIM_COMPLETE is owed to a server that has forgotten us or never knew us, also without anything to reclaim (row 6). */
  #owesComplete = false;
  /** Since when the server may know that we are done; null: it cannot. */
  #completeSentMs: number | null = null;
  #recovering = false;
  #behaviour: RecoveryBehaviour = 'by-the-book';
  #life = 0;
  #flags = 0;
  #stopped = false;
  #lastReportMs = Number.NEGATIVE_INFINITY;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#changes = new Changes(options.clock);
    this.#introduction = new Introduction({
      ...options,
      onServerForgot: (reclaimable) => this.#serverForgot(reclaimable),
    });
  }

  /** Runs until `stop`; never rejects. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      const session = await this.#establish();
      if (session === null) return;
      while (session.over === null) {
        if (await this.#bringBack(session)) await this.#untilItEnds(session);
      }
      await session.drained();
    }
  }

  /** From the next loss of the server's state on. */
  behave(behaviour: RecoveryBehaviour): void {
    this.#behaviour = behaviour;
  }

  /** Nothing is sent on the session any more, and no other one is made. */
  stop(): void {
    this.#stopped = true;
    this.#standingSinceMs = null;
    this.#session?.end(NFS4ERR_DEADSESSION);
    this.#renewal?.stop();
    this.#changes.wake();
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** The session that exists, usable or not. */
  get session(): Session | null {
    return this.#session?.over === null ? this.#session : null;
  }

  /** Counts the server's lives as this client has met them: state of an earlier life does not exist any more. */
  get life(): number {
    return this.#life;
  }

  get standing(): boolean {
    return this.#standingSinceMs !== null;
  }

  /** From the loss of a session until all that could be brought back was. */
  get recovering(): boolean {
    return this.#recovering;
  }

  /** sr_status_flags (SEQ4_STATUS_*) of the latest SEQUENCE. */
  get statusFlags(): number {
    return this.#flags;
  }

  /** For whose state this server may be asked (RFC 8881 section 2.10.4); null before it has said so. */
  get serverScope(): Buffer | null {
    return this.#introduction.serverScope;
  }

  get clientId(): bigint {
    return this.#session?.clientId ?? 0n;
  }

  /** Why there is no session, if the server refuses one: `CLID_INUSE` ... */
  get refusal() {
    return this.#introduction.refusal;
  }

  /** The session to use, as soon as there is one that stands; null when the time is up or the client stopped. */
  async ready(deadlineMs: DeadlineMs): Promise<Session | null> {
    await this.#changes.until(() => this.standing || this.#stopped, deadlineMs);
    return this.standing ? this.#session : null;
  }

  /**
   * Reclaims what the client had of a filesystem that has moved to this server, and says that it is done with that, as often as sessions
   * are lost under it. `moved`: it is not here, or not any more.
   */
  async admit(arrival: Arrival): Promise<'complete' | 'moved' | 'stopped'> {
    for (;;) {
      const session = await this.ready(NEVER_MS);
      if (session === null) return 'stopped';
      const admission = new Reclaimer(this.#options, session).admit(arrival);
      this.#admissions.add(admission);
      const outcome = await admission;
      this.#admissions.delete(admission);
      if (outcome !== null) return outcome;
    }
  }

  /** Asks the server now whether the session still lives. */
  async check(): Promise<void> {
    await this.#renewal?.renew();
  }

  async #establish(): Promise<Session | null> {
    const { clock, observer, slots: _, ...shared } = this.#options;
    const created = await this.#introduction.establish();
    if (created === null) return null;
    const session = new Session({
      clock,
      ...shared,
      ...created,
      onSequence: (flags, sentAtMs) => this.#sequenced(flags, sentAtMs),
    });
    this.#session = session;
    observer.report({ event: 'session' });
    const leaseMs = await readLeaseMs(session);
    if (leaseMs !== null) this.#options.onLeaseMs(leaseMs);
    // Only now is it known how often.
    this.#renewal = new Renewal(clock, this.#options.timing, session);
    if (this.#stopped) this.#renewal.stop();
    return session;
  }

  /** Reclaims, if there is reason to; true when the session then stands. */
  async #bringBack(session: Session): Promise<boolean> {
    const { clock, observer } = this.#options;
    if (this.#owesComplete) {
      if (this.#behaviour === 'confirm-only') {
        await session.changes.until(() => session.over !== null);
        return false;
      }
      if (!(await this.#reclaim(session, this.#behaviour))) return false;
    }
    if (this.#stopped || session.over !== null) return false;
    if (this.#recovering) observer.report({ event: 'recovery-end' });
    this.#recovering = false;
    this.#standingSinceMs = clock.nowMs();
    this.#changes.wake();
    return true;
  }

  /** True once the server knows that all is reclaimed. */
  async #reclaim(session: Session, behaviour: 'by-the-book' | Overstepping): Promise<boolean> {
    const { clock, observer, files } = this.#options;
    const isWanted = () => typeof this.#behaviour === 'object';
    const overstepped =
      behaviour === 'by-the-book'
        ? null
        : oversteppedRecovery(behaviour, session, { ...this.#options, isWanted });
    await overstepped?.beforeReclaims();
    const done = await new Reclaimer(this.#options, session).run(files(), {
      beforeIt: async () => overstepped?.beforeCompletion(),
      onSend: () => {
        if (this.#completeSentMs !== null) return;
        this.#completeSentMs = clock.nowMs();
        observer.report({ event: 'completing' });
      },
    });
    if (!done) return false;
    this.#owesComplete = false;
    observer.report({ event: 'reclaim-complete', sentAt: inNs(this.#completeSentMs ?? clock.nowMs()) });
    await overstepped?.afterCompletion();
    return true;
  }

  /** Until the session is over, or the server says in it that all is to be reclaimed. */
  async #untilItEnds(session: Session): Promise<void> {
    await session.changes.until(() => session.over !== null || this.#owesComplete);
    this.#standingSinceMs = null;
    // One file must not be reclaimed twice at a time.
    if (this.#admissions.size > 0) await Promise.all(this.#admissions);
    if (this.#stopped) return;
    this.#recovering = true;
    this.#options.observer.report({ event: 'recovery-begin' });
  }

  #serverForgot(reclaimable: boolean): void {
    this.#life += 1;
    this.#owesComplete = true;
    this.#completeSentMs = null;
    forgetState(this.#options.files(), reclaimable, this.#options.observer);
  }

  #sequenced(flags: number, sentAtMs: number): void {
    this.#flags = flags;
    this.#renewal?.renewed(sentAtMs);
    // A lease that ran out, and took state along, was not alive all the time, and one that moved is not this server's to renew (docs/history-format.md).
    if ((flags & (REVOKED_FLAGS | SEQ4_STATUS_LEASE_MOVED)) === 0) this.#reportRenewal(sentAtMs);
    // An answer to something that was sent before we were done may still tell of the time before.
    const since = this.#standingSinceMs;
    if (since === null || sentAtMs < since) return;
    if ((flags & SEQ4_STATUS_LEASE_MOVED) !== 0) this.#options.onLeaseMoved(sentAtMs);
    if ((flags & SEQ4_STATUS_RESTART_RECLAIM_NEEDED) !== 0) {
      this.#serverForgot(true);
      this.#session?.changes.wake();
    } else if ((flags & REVOKED_FLAGS) !== 0) {
      this.#options.onRevoked();
    }
  }

  #reportRenewal(sentAtMs: number): void {
    if (sentAtMs - this.#lastReportMs < this.#options.timing().reportEveryMs) return;
    this.#lastReportMs = sentAtMs;
    this.#options.observer.report({ event: 'renewed', sentAt: inNs(sentAtMs) });
  }
}

const NS_PER_MS = 1_000_000;
const inNs = (ms: number): number => Math.round(ms * NS_PER_MS);
