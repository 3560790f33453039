/**
 * What a client must not do, done on purpose and recorded like anything else: something new before its own RECLAIM_COMPLETE, a reclaim after
 * it, reclaims without an end. A server that keeps to the rules refuses all of it (rows 6, 8, 9 and 31), and whoever judges the history sees
 * whether it did.
 */
import type { Clock } from '../core/clock.ts';
import { NFS4_OK, type Status } from '../nfs4/status.ts';
import { lockRange, openByHandle, reclaimOpen, unlockRange } from './file-requests.ts';
import type { FileState } from './file-state.ts';
import { toByteSpan } from './lock-belief.ts';
import type { OpSubject } from './observer.ts';
import type { RecordedRequest } from './recorded-attempt.ts';
import { judgeReclaim } from './recovery-rules.ts';
import { type DeadlineMs, sleep } from './waiting.ts';

export interface OversteppingClient {
  readonly clock: Clock;
  readonly clientId: () => bigint;
  /** Sends once. Null: there was no answer, and there will be none. */
  readonly send: (request: RecordedRequest) => Promise<Status | null>;
  readonly deadlineMs: DeadlineMs;
}

/** Far from what anybody locks, so that no lock is believed in by it. */
const SPAN = { start: 1n << 40n, end: (1n << 40n) + 1n };
const RECLAIMS_PER_LEASE = 8;
/** Long enough for a grace without a bound to be told from one that has one; a server that has no bound is not to be held for ever. */
const LEASES_OF_LINGERING = 12;

export class Overstep {
  readonly #client: OversteppingClient;
  readonly #file: FileState;

  /** @param file open, or to be reclaimed: whatever a server wrongly gives is added to that */
  constructor(client: OversteppingClient, file: FileState) {
    this.#client = client;
    this.#file = file;
  }

  /** Something new: wrong before RECLAIM_COMPLETE, also when no grace runs (row 6, RFC 8881 section 18.51.3). */
  async askForNew(): Promise<Status | null> {
    const opened = await this.#send({ op: 'open' }, () => openByHandle(this.#file, this.#client.clientId()));
    return this.#file.openStateid === null ? opened : this.#lock(false);
  }

  /** An open and a lock that nobody took away: wrong after RECLAIM_COMPLETE (row 8), and whenever no grace runs (row 9). */
  async reclaim(): Promise<Status | null> {
    const reclaimed = await this.#reclaimOpen();
    return this.#file.openStateid === null ? reclaimed : this.#lock(true);
  }

  /** The same open over and over, without ever being through: granted in grace, which must end all the same (row 31, I8). */
  async linger(leaseMs: number, isWanted: () => boolean): Promise<void> {
    const { clock } = this.#client;
    const untilMs = clock.nowMs() + LEASES_OF_LINGERING * leaseMs;
    while (isWanted() && clock.nowMs() < untilMs) {
      const status = await this.#reclaimOpen();
      if (status === null || judgeReclaim(status) === 'lost') return;
      await sleep(clock, leaseMs / RECLAIMS_PER_LEASE);
    }
  }

  #reclaimOpen(): Promise<Status | null> {
    return this.#send({ op: 'open', reclaim: true }, () => reclaimOpen(this.#file, this.#client.clientId()));
  }

  /** What it should not have been given it gives back. */
  async #lock(reclaim: boolean): Promise<Status | null> {
    const span = toByteSpan(SPAN);
    const status = await this.#send({ op: 'lock', span, mode: 'write', ...(reclaim && { reclaim }) }, () =>
      lockRange(this.#file, this.#client.clientId(), SPAN, 'write', { reclaim, waits: false }),
    );
    if (status === NFS4_OK) await this.#send({ op: 'unlock', span }, () => unlockRange(this.#file, SPAN));
    return status;
  }

  #send(what: Omit<OpSubject, 'owner' | 'file'>, build: RecordedRequest['build']): Promise<Status | null> {
    const { owner, path } = this.#file;
    const { send, deadlineMs } = this.#client;
    return send({ subject: { ...what, owner, file: path }, build, deadlineMs });
  }
}
