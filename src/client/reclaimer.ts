/**
 * Brings the opens and locks of one client back to a server that lost them, or that a filesystem has moved to, then says that it is done
 * (RFC 8881 sections 8.4.2.1, 9.11, 11.11, 18.51). What cannot be brought back is reported at once and not
 * believed in any longer (I5). Only what the client was told it holds is claimed: a LOCK whose answer
 * died with the server was never granted, as far as anybody can know, and stays out.
 */
import type { LockedRange } from '../core/byte-ranges.ts';
import type { Clock, Random } from '../core/clock.ts';
import { lookup } from '../nfs4/operations/lookup.ts';
import { putRootFh } from '../nfs4/operations/put-root-fh.ts';
import { reclaimComplete } from '../nfs4/operations/reclaim-complete.ts';
import { NFS4ERR_MOVED, type Status, statusName } from '../nfs4/status.ts';
import { type Op, op } from './compound.ts';
import { lockRange, reclaimOpen } from './file-requests.ts';
import type { FileState } from './file-state.ts';
import { toByteSpan } from './lock-belief.ts';
import { loseLock, loseLocks } from './lock-loss.ts';
import type { Observer } from './observer.ts';
import { type RecordedRequest, recordedAttempt } from './recorded-attempt.ts';
import { isReclaimComplete, judgeReclaim } from './recovery-rules.ts';
import type { Attempt, Session } from './session.ts';
import { backoffMs, type Timing } from './timing.ts';
import { NEVER_MS, sleep } from './waiting.ts';

export interface ReclaimerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly timing: () => Timing;
  readonly observer: Observer;
  /** The file is not at this server any more: nothing of it is lost. */
  readonly onMoved: (file: FileState) => void;
}

/** A filesystem that has moved to this server. */
export interface Arrival {
  /** The directories that lead to it. */
  readonly root: readonly string[];
  /** What the client had of it. */
  files(): Iterable<FileState>;
}

/** What comes between the reclaims and RECLAIM_COMPLETE. */
export interface Completion {
  beforeIt(): Promise<void>;
  /** It is handed to the socket for the first time in this session. */
  onSend(): void;
}

/** Files that are reclaimed side by side. One file's claims go one after the other: each builds on the last. */
const FILES_AT_ONCE = 8;

export class Reclaimer {
  readonly #options: ReclaimerOptions;
  readonly #session: Session;
  #moved = false;

  constructor(options: ReclaimerOptions, session: Session) {
    this.#options = options;
    this.#session = session;
  }

  /** True once the server knows that this client is done; false when the session ended before that. */
  async run(files: Iterable<FileState>, { beforeIt, onSend }: Completion): Promise<boolean> {
    await this.#reclaim(files);
    if (this.#session.over === null) await beforeIt();
    const done = () => [op(reclaimComplete, { oneFs: false })];
    return this.#session.over === null && (await this.#complete(done, { onSend })) !== null;
  }

  /** The same for one filesystem. Null: the session ended before that, or the server has lost everything meanwhile. */
  async admit({ root, files }: Arrival): Promise<'complete' | 'moved' | null> {
    await this.#reclaim(files());
    if (this.#session.over !== null) return null;
    if (this.#moved) return 'moved';
    if ([...files()].some(({ reclaimPending }) => reclaimPending)) return null;
    const way = root.map((objName) => op(lookup, { objName }));
    const done = () => [op(putRootFh, {}), ...way, op(reclaimComplete, { oneFs: true })];
    const status = await this.#complete(done, { isInVain: (answer) => answer === NFS4ERR_MOVED });
    if (status === null) return null;
    return status === NFS4ERR_MOVED ? 'moved' : 'complete';
  }

  async #reclaim(files: Iterable<FileState>): Promise<void> {
    const pending = [...files].filter((file) => file.reclaimPending);
    const lane = async () => {
      for (let file = pending.shift(); file !== undefined; file = pending.shift()) {
        await this.#reclaimFile(file);
      }
    };
    await Promise.all(Array.from({ length: FILES_AT_ONCE }, lane));
  }

  async #reclaimFile(file: FileState): Promise<void> {
    const { observer } = this.#options;
    const status = await this.#reclaimOpen(file);
    if (status === null) return;
    if (status === NFS4ERR_MOVED) return this.#hasMoved(file);
    file.reclaimPending = false;
    if (judgeReclaim(status) === 'lost') {
      file.loseDelegation();
      return loseLocks(file, statusName(status), observer);
    }
    for (const range of file.locks.held) {
      const answer = await this.#reclaimLock(file, range);
      if (answer === null) return;
      if (answer === NFS4ERR_MOVED) return this.#hasMoved(file);
      if (judgeReclaim(answer) === 'lost') loseLock(file, range, statusName(answer), observer);
    }
  }

  #hasMoved(file: FileState): void {
    this.#moved = true;
    this.#options.onMoved(file);
  }

  #reclaimOpen(file: FileState): Promise<Status | null> {
    return this.#insist({
      subject: { op: 'open', owner: file.owner, file: file.path, reclaim: true },
      build: () => reclaimOpen(file, this.#session.clientId),
      deadlineMs: NEVER_MS,
    });
  }

  #reclaimLock(file: FileState, { span, mode }: LockedRange): Promise<Status | null> {
    const { owner, path } = file;
    return this.#insist({
      subject: { op: 'lock', owner, file: path, span: toByteSpan(span), mode, reclaim: true },
      build: () => lockRange(file, this.#session.clientId, span, mode, { reclaim: true, waits: false }),
      deadlineMs: NEVER_MS,
      // The server has said that it lost the open, too, since that was reclaimed: all over again.
      isMoot: () => file.reclaimPending,
    });
  }

  /** Repeats a claim until it is granted or refused for good; null when the session ended first, or there was nothing to claim any more. */
  async #insist({ isMoot, ...claim }: RecordedRequest & { isMoot?(): boolean }): Promise<Status | null> {
    return this.#repeat(
      () => recordedAttempt(this.#options.observer, claim),
      (status) => judgeReclaim(status) === 'again',
      isMoot,
    );
  }

  #complete(
    done: () => readonly Op[],
    { isInVain = () => false, onSend = () => {} }: { isInVain?(status: Status): boolean; onSend?(): void },
  ): Promise<Status | null> {
    return this.#repeat(
      () => ({ request: done, cacheReply: true, deadlineMs: NEVER_MS, onSend }),
      (answer) => !isReclaimComplete(answer) && !isInVain(answer),
    );
  }

  async #repeat(
    attempt: () => Attempt,
    again: (status: Status) => boolean,
    isMoot: () => boolean = () => false,
  ): Promise<Status | null> {
    const { clock, random, timing } = this.#options;
    for (let repetition = 0; ; repetition += 1) {
      const outcome = await this.#session.execute(attempt());
      if ((this.#session.over !== null || isMoot()) && outcome.kind !== 'reply') return null;
      // A claim that silently was not made would leave the client believing in a lock that nobody gave it (I5).
      if (outcome.kind !== 'reply') throw new Error('a reclaim was not sent in a session that lives');
      if (!again(outcome.reply.status)) return outcome.reply.status;
      await sleep(clock, backoffMs(timing().retry, repetition, random));
    }
  }
}
