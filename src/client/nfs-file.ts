/** One file, opened by one owner. Made by `NfsClient.open`. */
import type { LockMode } from '../core/byte-ranges.ts';
import type { ByteSpan } from '../history/events.ts';
import {
  type ContentNote,
  commitData,
  type ReadResult,
  readData,
  type WriteResult,
  writeData,
} from './data-transfer.ts';
import type { Delegation, DelegationKind } from './delegation.ts';
import { returnDelegationInTurn } from './delegation-return.ts';
import {
  type FileContext,
  type OpenWish,
  type Result,
  type RetryPolicy,
  type StatusName,
  UNANSWERED,
} from './file-context.ts';
import type { FileState, ShareAccess, ShareDeny } from './file-state.ts';
import { type HoldingChanged, toByteSpan, toSpan } from './lock-belief.ts';
import { type LockResult, lockInTurn, testInTurn, unlockInTurn } from './locking.ts';
import { closeInTurn, openInTurn } from './opening.ts';
import { overstepNow } from './overstepping.ts';
import { type Patience, patiently } from './patience.ts';
import { UncommittedWrites } from './uncommitted-writes.ts';

/** A byte range and what is wanted of it. Offsets in bytes, whole numbers below 2^53; `end` null: for ever. */
export interface LockOrder extends ByteSpan {
  /** Default `write`. */
  readonly mode?: LockMode;
  /** Default `grace`. */
  readonly retry?: RetryPolicy;
  /** Default: the client's `opTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
}

export interface Limits {
  readonly timeoutMs?: number | undefined;
}

export interface HeldLock extends ByteSpan {
  readonly mode: LockMode;
}

export interface LostLock extends HeldLock {
  /** Why: `NO_GRACE`, `RECLAIM_CONFLICT`, `EXPIRED` ... */
  readonly status: StatusName;
}

export interface NfsFileOptions {
  readonly file: FileState;
  readonly wish: OpenWish;
  readonly context: Omit<FileContext, 'wish' | 'file' | 'isClosed'>;
  readonly defaultTimeoutMs: () => number;
  readonly onClosed: () => void;
}

const CLOSED: Result = { status: 'CLOSED', attempts: 0 };
const NOTHING_DONE: Result = { status: 'OK', attempts: 0 };
const WHOLE_FILE = { start: 0n, end: null };

/**
 * Protocol outcomes are returned as a status, never thrown; a range that is none throws a RangeError.
 * Calls may overlap: those that change locks or the open wait for each other, in their order; reads
 * and writes do not. While the client recovers they wait, at most for their `timeoutMs`.
 */
export class NfsFile {
  readonly #options: NfsFileOptions;
  readonly #context: FileContext;
  readonly #uncommitted = new UncommittedWrites();
  #wish: OpenWish;
  #closed = false;
  #status: StatusName = 'OK';

  constructor(options: NfsFileOptions) {
    this.#options = options;
    this.#wish = options.wish;
    this.#context = {
      ...options.context,
      file: options.file,
      wish: () => this.#wish,
      isClosed: () => this.#closed,
    };
  }

  get owner(): string {
    return this.#options.file.owner;
  }

  get path(): string {
    return this.#options.file.path;
  }

  /** What came of the latest `open`. */
  get status(): StatusName {
    return this.#status;
  }

  /** What the owner may believe to hold. */
  get held(): readonly HeldLock[] {
    return this.#options.file.locks.held.map(({ span, mode }) => ({ ...toByteSpan(span), mode }));
  }

  /** What the owner was told is gone, and has neither unlocked nor locked anew since. */
  get lost(): readonly LostLock[] {
    return this.#options.file.locks.lost.map(({ span, mode, status }) => ({
      ...toByteSpan(span),
      mode,
      status,
    }));
  }

  /** Does the owner believe to hold every byte of the range, in this mode or a stronger one? */
  holds(range: ByteSpan, mode: LockMode = 'read'): boolean {
    return this.#options.file.locks.covers(toSpan(range), mode);
  }

  /** The loss that touches the range, or null. */
  lossIn(range: ByteSpan): LostLock | null {
    const lost = this.#options.file.locks.lossIn(toSpan(range));
    return lost && { ...toByteSpan(lost.span), mode: lost.mode, status: lost.status };
  }

  /** Tells when bytes begin or cease to be held: what is cached of them is worth nothing then. Returns the way out. */
  onHoldingChange(listener: HoldingChanged): () => void {
    return this.#options.file.locks.onChange(listener);
  }

  /** From now on the file is opened for at least this, at its next use. */
  want(wish: OpenWish): void {
    const access = (this.#wish.access | wish.access) as ShareAccess;
    const deny = ((this.#wish.deny ?? 0) | (wish.deny ?? 0)) as ShareDeny;
    const { exclusive } = wish;
    this.#wish = { access, create: this.#wish.create || wish.create, deny, exclusive };
  }

  /** Opens the file as wanted, widens what is open, or does nothing. */
  async open(retry: RetryPolicy = 'grace', limits: Limits = {}): Promise<Result> {
    const result = await this.#inTurn(limits, UNANSWERED, (patience) =>
      openInTurn(this.#context, this.#wish, retry, patience),
    );
    this.#status = result.status;
    return result;
  }

  /**
   * Locks. `TIMEOUT`: the caller need not do anything; should the server have granted it all the same, the
   * client gives it back.
   */
  lock({ mode = 'write', retry = 'grace', timeoutMs, ...range }: LockOrder): Promise<LockResult> {
    const span = toSpan(range);
    return this.#inTurn<LockResult>({ timeoutMs }, UNANSWERED, (patience) =>
      lockInTurn(this.#context, span, mode, retry, patience),
    );
  }

  /** Unlocks, whether held, lost or neither. After it was sent the owner holds nothing there. */
  unlock({ timeoutMs, ...range }: ByteSpan & Limits): Promise<Result> {
    const span = toSpan(range);
    return this.#inTurn({ timeoutMs }, UNANSWERED, (patience) => unlockInTurn(this.#context, span, patience));
  }

  /** Would this owner get the lock? Takes nothing. */
  test({ mode = 'write', timeoutMs, ...range }: Omit<LockOrder, 'retry'>): Promise<LockResult> {
    const span = toSpan(range);
    return this.#inTurn<LockResult>({ timeoutMs }, UNANSWERED, (patience) =>
      testInTurn(this.#context, span, mode, patience),
    );
  }

  /** At most `count` bytes from `offset` on. Under a lost lock it fails with the status of the loss. */
  read(offset: number, count: number, options: Limits & { note?: ContentNote } = {}): Promise<ReadResult> {
    const late = { ...UNANSWERED, data: Buffer.alloc(0), eof: false };
    return this.#patiently(options, late, (patience) =>
      readData(this.#context, offset, count, options.note, patience),
    );
  }

  /**
   * Writes, by default to stable storage. `TIMEOUT`: it may have been written, or be written yet, but not
   * after a lock that covers it was lost. Under a lost lock it fails with the status of the loss.
   */
  write(
    offset: number,
    data: Buffer | string,
    options: Limits & { sync?: boolean; note?: ContentNote; under?: Delegation } = {},
  ): Promise<WriteResult> {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
    const { sync = true, note, under } = options;
    const order = { offset, data: bytes, sync, note, under };
    return this.#patiently(options, { ...UNANSWERED, count: 0 }, (patience) =>
      writeData(this.#context, order, this.#uncommitted, patience),
    );
  }

  /** Puts on stable storage what was written with `sync: false`. */
  commit(limits: Limits = {}): Promise<Result> {
    return this.#patiently(limits, UNANSWERED, (patience) =>
      commitData(this.#context, this.#uncommitted, patience),
    );
  }

  /**
   * Opens the file, which must not be open, and asks for a delegation with it.
   * @returns null when the server gives none, which it need not say why
   */
  async openDelegated(kind: DelegationKind, limits: Limits = {}): Promise<Delegation | null> {
    const { file } = this.#options;
    file.delegationWish = kind;
    const { status } = await this.open('grace', limits);
    return status === 'OK' && file.delegation?.gone === false ? file.delegation : null;
  }

  /** Gives the delegation back, if there is one. What was begun under it should have ended. */
  returnDelegation(limits: Limits = {}): Promise<Result> {
    return this.#inTurn(limits, UNANSWERED, (patience) => returnDelegationInTurn(this.#context, patience));
  }

  /** Reclaims what nobody took away: what a server must refuse (overstep.ts). The file must be open. */
  overstep(limits: Limits = {}): Promise<Result> {
    return this.#inTurn(limits, UNANSWERED, ({ deadlineMs }) => overstepNow(this.#context, deadlineMs));
  }

  /** Unlocks all, gives a delegation back, closes, and makes the object unusable. */
  close(limits: Limits = {}): Promise<Result> {
    const { file, onClosed } = this.#options;
    return this.#inTurn(limits, UNANSWERED, async (patience) => {
      const unlocked =
        file.locks.held.length > 0 ? await unlockInTurn(this.#context, WHOLE_FILE, patience) : NOTHING_DONE;
      if (unlocked.status === 'TIMEOUT') return unlocked;
      const returned = await returnDelegationInTurn(this.#context, patience);
      if (returned.status === 'TIMEOUT') return returned;
      const closed = await closeInTurn(this.#context, patience);
      if (closed.status === 'TIMEOUT') return closed;
      file.locks.released(WHOLE_FILE);
      this.#closed = true;
      onClosed();
      return { status: closed.status, attempts: unlocked.attempts + closed.attempts };
    });
  }

  #inTurn<R extends Result>(limits: Limits, late: R, work: (patience: Patience) => Promise<R>) {
    return this.#patiently(limits, late, async (patience) => {
      const leave = await this.#options.file.turns.take(patience.deadlineMs);
      if (leave === null) return late;
      try {
        return this.#closed ? { ...late, ...CLOSED } : await work(patience);
      } finally {
        leave();
      }
    });
  }

  #patiently<R extends Result>(
    { timeoutMs = this.#options.defaultTimeoutMs() }: Limits,
    late: R,
    work: (patience: Patience) => Promise<R>,
  ): Promise<R> {
    if (this.#closed) return Promise.resolve({ ...late, ...CLOSED });
    return patiently(this.#context.clock, timeoutMs, late, work);
  }
}
