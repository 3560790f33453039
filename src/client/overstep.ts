/**
 * What a client must not do, done on purpose and recorded like anything else: something new before its own RECLAIM_COMPLETE, a reclaim after
 * it, reclaims without an end. A server that keeps to the rules refuses all of it (rows 6, 8, 9 and 31), and whoever judges the history sees
 * whether it did. By an owner of its own, about a file that the client knows: what is honestly held, and believed in, stays out of it.
 */
import type { Clock } from '../core/clock.ts';
import type { Status } from '../nfs4/status.ts';
import { closeOpen, lockRange, openByHandle, reclaimOpen } from './file-requests.ts';
import { FileState } from './file-state.ts';
import { toByteSpan } from './lock-belief.ts';
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

/** No owner of a scenario is called so. */
const SUFFIX = ' oversteps';
/** Far from what anybody locks. */
const SPAN = { start: 1n << 40n, end: (1n << 40n) + 1n };
const RECLAIMS_PER_LEASE = 8;
/** Long enough for a grace without a bound to be told from one that has one; a server that has no bound is not to be held for ever. */
const LEASES_OF_LINGERING = 12;

export class Overstep {
  readonly #client: OversteppingClient;
  readonly #file: FileState;

  /** @param known what the client has of the file, its handle among it */
  constructor(client: OversteppingClient, known: FileState) {
    this.#client = client;
    this.#file = new FileState(client.clock, `${known.owner}${SUFFIX}`, known.path);
    this.#file.handle = known.handle;
    // Whatever it is open for, a write lock is not refused for that.
    this.#file.access = 3;
  }

  /** Something new: wrong before RECLAIM_COMPLETE, also when no grace runs (row 6, RFC 8881 section 18.51.3). */
  async askForNew(): Promise<Status | null> {
    const opened = await this.open();
    return this.#file.openStateid === null ? opened : this.#lock(false);
  }

  /** An open and a lock that nobody took away: wrong after RECLAIM_COMPLETE (row 8), and whenever no grace runs (row 9). */
  async reclaim(): Promise<Status | null> {
    const reclaimed = await this.#reclaimOpen();
    return this.#file.openStateid === null ? reclaimed : this.#lock(true);
  }

  /** The same open over and over, without ever being through: granted in grace, which must end all the same (row 31, I8). */
  async linger(leaseMs: number): Promise<void> {
    const { clock } = this.#client;
    const untilMs = clock.nowMs() + LEASES_OF_LINGERING * leaseMs;
    while (clock.nowMs() < untilMs) {
      const status = await this.#reclaimOpen();
      if (status === null || judgeReclaim(status) === 'lost') return;
      await sleep(clock, leaseMs / RECLAIMS_PER_LEASE);
    }
  }

  /** By filehandle. Right after RECLAIM_COMPLETE, and then there is something to lock. */
  open(): Promise<Status | null> {
    return this.#send('open', () => openByHandle(this.#file, this.#client.clientId()));
  }

  /** Gives back whatever it was given, rightly or wrongly. */
  async close(): Promise<void> {
    await this.#send('close', () => closeOpen(this.#file));
  }

  #reclaimOpen(): Promise<Status | null> {
    return this.#send('open', () => reclaimOpen(this.#file, this.#client.clientId()), true);
  }

  #lock(reclaim: boolean): Promise<Status | null> {
    const { send, clientId, deadlineMs } = this.#client;
    const file = this.#file;
    const { owner, path } = file;
    return send({
      subject: {
        op: 'lock',
        owner,
        file: path,
        span: toByteSpan(SPAN),
        mode: 'write',
        ...(reclaim && { reclaim }),
      },
      build: () => lockRange(file, clientId(), SPAN, 'write', { reclaim, waits: false }),
      deadlineMs,
    });
  }

  #send(op: 'open' | 'close', build: RecordedRequest['build'], reclaim = false): Promise<Status | null> {
    const { owner, path } = this.#file;
    const { deadlineMs } = this.#client;
    return this.#client.send({
      subject: { op, owner, file: path, ...(reclaim && { reclaim }) },
      build,
      deadlineMs,
    });
  }
}
