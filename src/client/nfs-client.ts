/**
 * An NFSv4.1 client that recovers by the book (RFC 8881 section 8.4.2): the client's half of every
 * lock recovery that this project is about, and what its workloads and tests use.
 *
 *     const client = await NfsClient.connect({ name: 'alice', host, port, clock, random });
 *     const file = await client.open('ledger.db');
 *     const { status } = await file.lock({ start: 0, end: 32 }); // 'OK', 'DENIED', 'GRACE' ...
 *     await file.write(0, 'hello');
 *     await file.unlock({ start: 0, end: 32 });
 *     await client.stop();
 *
 * What the protocol answers comes back as a status; only misuse throws.
 */
import type { Clock, Random } from '../core/clock.ts';
import type { CbRecallArgs } from '../nfs4/callbacks/cb-recall.ts';
import { destroyClientid } from '../nfs4/operations/destroy-clientid.ts';
import { destroySession } from '../nfs4/operations/destroy-session.ts';
import { NFS4_OK, NFS4ERR_BAD_STATEID, type Status, statusName } from '../nfs4/status.ts';
import type { Callbacks } from './callbacks.ts';
import type { Dial } from './channel.ts';
import { compoundWriter, type Op, op } from './compound.ts';
import { type OpenWish, type Result, type RetryPolicy, type StatusName, UNANSWERED } from './file-context.ts';
import { removeByName } from './file-requests.ts';
import { FileState, type ShareAccess, splitPath } from './file-state.ts';
import { Keeper, type RecoveryBehaviour } from './keeper.ts';
import { Link } from './link.ts';
import { type HeldLock, type Limits, type LostLock, NfsFile } from './nfs-file.ts';
import { type Observe, Observer } from './observer.ts';
import { patiently } from './patience.ts';
import { credentialOf, type Principal } from './principal.ts';
import { isTransient } from './recovery-rules.ts';
import { Requester } from './requester.ts';
import { reviewState } from './state-review.ts';
import { tcpDial } from './tcp.ts';
import { type Timing, timingOf } from './timing.ts';

export interface ClientOptions {
  /** Who the client is through reboots, its own and the server's (co_ownerid); also its name in events. */
  readonly name: string;
  readonly host: string;
  /** Default 2049. */
  readonly port?: number;
  /** The server's name in events; default: `host`. */
  readonly node?: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Told of everything, synchronously, at the moment it happens; see observer.ts. */
  readonly observe?: Observe;
  /** Operations of former lives are numbered up to this one; default 0. */
  readonly operationsFrom?: number;
  /**
   * The lease in milliseconds: taken for true until the server has told its own, and after that if it is
   * the shorter one, because the server tells whole seconds only. Default: what the server tells.
   */
  readonly leaseMs?: number;
  /** AUTH_SYS; default: root of a machine called like the client. */
  readonly principal?: Principal;
  /** Requests in flight at most; default 16. */
  readonly slots?: number;
  /** How long an operation may take that names no time of its own. Default: 20 leases. */
  readonly opTimeoutMs?: number;
  /** One life of the client (co_verifier), 8 bytes. Default: random. */
  readonly verifier?: Buffer;
  /** Answers calls of the server; default: it is told that there will be none. */
  readonly callbacks?: Callbacks;
  /** How to reach the server; default: TCP to `host` and `port`. */
  readonly dial?: Dial;
}

export interface OpenOptions extends Limits {
  /** Open-owner and lock-owner; default `main`. Each owner locks for itself, also against its sister owners. */
  readonly owner?: string;
  /** Default `both`. */
  readonly access?: Access;
  /** Create the file when it is not there; default true. */
  readonly create?: boolean;
  /** What nobody else may do with the file meanwhile; default `none`. */
  readonly deny?: Access | 'none';
  /** Create the file, which must not be there (EXIST); default false. */
  readonly exclusive?: boolean;
  /** Default `grace`. */
  readonly retry?: RetryPolicy;
}

export type Access = 'read' | 'write' | 'both';

const SHARE_ACCESS: Readonly<Record<Access, ShareAccess>> = { read: 1, write: 2, both: 3 };
/** Until the server has told its own; only the patience with its first answers hangs on it. */
const ASSUMED_LEASE_MS = 10_000;
const NFS_PORT = 2049;
const SLOTS = 16;
const LEASES_PER_OPERATION = 20;

export class NfsClient {
  readonly #options: ClientOptions;
  readonly #observer: Observer;
  readonly #link: Link;
  readonly #keeper: Keeper;
  readonly #requester: Requester;
  readonly #states = new Map<string, FileState>();
  readonly #files = new Map<string, NfsFile>();
  #timing: Timing;
  #reviewing = false;
  #lastReviewMs = Number.NEGATIVE_INFINITY;

  /** Nothing is sent before `start`. */
  constructor(options: ClientOptions) {
    const { name, host, port = NFS_PORT, clock, random } = options;
    this.#options = options;
    this.#timing = timingOf(options.leaseMs ?? ASSUMED_LEASE_MS);
    this.#observer = new Observer(
      name,
      options.node ?? host,
      options.observe ?? (() => {}),
      options.operationsFrom,
    );
    const { callbacks } = options;
    const shared = { clock, random, timing: () => this.#timing, observer: this.#observer, callbacks };
    this.#link = new Link({
      ...shared,
      dial: options.dial ?? tcpDial(host, port, clock),
      credential: credentialOf(options.principal ?? { uid: 0, gid: 0, machine: name }),
      onDown: () => this.#disconnected(),
    });
    this.#keeper = new Keeper({
      ...shared,
      link: this.#link,
      ownerId: Buffer.from(name, 'utf8'),
      verifier: options.verifier ?? randomBytes(random, 8),
      slots: options.slots ?? SLOTS,
      files: () => this.#states.values(),
      onLeaseMs: (leaseMs) => this.#leaseKnown(leaseMs),
      onRevoked: () => this.#revoked(),
    });
    this.#requester = new Requester({ ...shared, keeper: this.#keeper });
  }

  /**
   * A client that has been started, as soon as it has a session. It is returned without one when
   * `opTimeoutMs` have passed: `ready` tells, and it goes on trying.
   */
  static async connect(options: ClientOptions): Promise<NfsClient> {
    const client = new NfsClient(options);
    client.start();
    await client.ready();
    return client;
  }

  start(): void {
    this.#observer.report({ event: 'started' });
    this.#link.start();
    void this.#keeper.run();
  }

  /** OK as soon as there is a session that operations can use. */
  ready({ timeoutMs = this.#opTimeoutMs }: Limits = {}): Promise<{ status: StatusName }> {
    return patiently(this.#options.clock, timeoutMs, { status: 'TIMEOUT' }, async ({ deadlineMs }) => {
      const session = await this.#keeper.ready(deadlineMs);
      return { status: session === null ? 'CLOSED' : 'OK' };
    });
  }

  /**
   * OK as soon as the server has answered a request that was sent after this call, in a session that
   * stands, so that every loss from before this call has been noticed and recovered from.
   */
  recovered({ timeoutMs = this.#opTimeoutMs }: Limits = {}): Promise<{ status: StatusName }> {
    return patiently(this.#options.clock, timeoutMs, { status: 'TIMEOUT' }, async ({ deadlineMs }) => {
      for (;;) {
        const session = await this.#keeper.ready(deadlineMs);
        if (session === null) return { status: this.#keeper.stopped ? 'CLOSED' : 'TIMEOUT' };
        const outcome = await session.execute({ request: () => [], cacheReply: false, deadlineMs });
        if (outcome.kind === 'reply' && this.#keeper.standing) return { status: 'OK' };
      }
    });
  }

  /**
   * The file of this owner, opened; always the same object for the same owner and path. What came of the
   * opening is its `status`: when that is not OK, the next operation on the file tries again.
   * @param path relative to the export's root; a RangeError when it leads out of it.
   */
  async open(path: string, options: OpenOptions = {}): Promise<NfsFile> {
    const file = this.file(path, options);
    await file.open(options.retry, options);
    return file;
  }

  /** The same, to be opened at its first use. */
  file(
    path: string,
    { owner = 'main', access = 'both', create = true, deny = 'none', exclusive = false }: OpenOptions = {},
  ): NfsFile {
    const { directories, name } = splitPath(path);
    const key = JSON.stringify([owner, ...directories, name]);
    const denied = deny === 'none' ? 0 : SHARE_ACCESS[deny];
    const verifier = exclusive ? randomBytes(this.#options.random, 8) : undefined;
    const wish: OpenWish = { access: SHARE_ACCESS[access], create, deny: denied, exclusive: verifier };
    const known = this.#files.get(key);
    known?.want(wish);
    return (
      known ??
      this.#newFile(key, new FileState(this.#options.clock, owner, [...directories, name].join('/')), wish)
    );
  }

  /** Removes a name. */
  remove(path: string, { timeoutMs = this.#opTimeoutMs }: Limits = {}): Promise<Result> {
    const request = removeByName(path);
    return patiently(this.#options.clock, timeoutMs, UNANSWERED, async ({ deadlineMs }) => {
      let attempts = 0;
      for (let repetition = 0; ; ) {
        const answer = await this.#requester.send({
          subject: { op: 'remove', owner: 'main', file: path },
          build: () => request,
          deadlineMs,
        });
        // Not repeated when the session died under it: a second REMOVE might take another file of that name.
        if (answer.kind !== 'reply') return { status: 'TIMEOUT', attempts };
        attempts += 1;
        const { status } = answer.reply;
        if (isTransient(status) && (await this.#requester.pause(repetition++, deadlineMs))) continue;
        return { status: statusName(status), attempts };
      }
    });
  }

  /**
   * Leaves as one should: unlocks and closes everything, DESTROY_SESSION, DESTROY_CLIENTID. What does not
   * succeed within the time is left to the server's lease.
   */
  async stop({ timeoutMs = this.#opTimeoutMs }: Limits = {}): Promise<{ status: StatusName }> {
    const closed = await Promise.all([...this.#files.values()].map((file) => file.close({ timeoutMs })));
    const session = this.#keeper.session;
    this.#keeper.stop();
    if (session !== null) {
      await this.#farewell(op(destroySession, { sessionId: session.sessionId }));
      await this.#farewell(op(destroyClientid, { clientId: session.clientId }));
    }
    this.#link.stop();
    this.#observer.report({ event: 'stopped' });
    return { status: closed.find(({ status }) => status !== 'OK')?.status ?? 'OK' };
  }

  /** How to recover from the server's next restart; by the book unless a test needs the client of row 18. */
  behave(behaviour: RecoveryBehaviour): void {
    this.#keeper.behave(behaviour);
  }

  /**
   * The server wants a delegation back: whoever holds it finds it `recalled`. For the callbacks that the client was made with.
   * @returns BAD_STATEID for one that the client does not have, or not yet: a recall may overtake the open that it came with
   */
  recalled({ stateid }: CbRecallArgs): Status {
    for (const { delegation } of this.#states.values()) {
      if (delegation?.stateid.other.equals(stateid.other) !== true) continue;
      delegation.recall();
      return NFS4_OK;
    }
    return NFS4ERR_BAD_STATEID;
  }

  /** Ends without a word to the server, as a machine does that loses its power. */
  abandon(): void {
    this.#keeper.stop();
    this.#link.stop();
  }

  /** Is there a session that operations can use? */
  get session(): boolean {
    return this.#keeper.standing;
  }

  /** Was a session lost, and not all brought back yet that can be? */
  get recovering(): boolean {
    return this.#keeper.recovering;
  }

  /** sr_status_flags (SEQ4_STATUS_*) of the latest SEQUENCE: `SEQ4_STATUS_LEASE_MOVED` ... */
  get statusFlags(): number {
    return this.#keeper.statusFlags;
  }

  /** Why the server refuses a session, if it does: `CLID_INUSE` ... */
  get refusal(): StatusName | null {
    const refusal: Status | null = this.#keeper.refusal;
    return refusal === null ? null : statusName(refusal);
  }

  get timing(): Timing {
    return this.#timing;
  }

  /** All files that are open, or were and will be again. */
  get files(): readonly NfsFile[] {
    return [...this.#files.values()];
  }

  /** What the client may believe to hold. */
  get held(): readonly (HeldLock & { owner: string; file: string })[] {
    return this.files.flatMap((file) =>
      file.held.map((lock) => ({ owner: file.owner, file: file.path, ...lock })),
    );
  }

  /** What it was told is gone. */
  get lost(): readonly (LostLock & { owner: string; file: string })[] {
    return this.files.flatMap((file) =>
      file.lost.map((lock) => ({ owner: file.owner, file: file.path, ...lock })),
    );
  }

  get #opTimeoutMs(): number {
    return this.#options.opTimeoutMs ?? LEASES_PER_OPERATION * this.#timing.leaseMs;
  }

  #newFile(key: string, state: FileState, wish: OpenWish): NfsFile {
    const file = new NfsFile({
      file: state,
      wish,
      context: {
        clock: this.#options.clock,
        requester: this.#requester,
        review: () => this.#review([state]),
      },
      defaultTimeoutMs: () => this.#opTimeoutMs,
      onClosed: () => {
        this.#states.delete(key);
        this.#files.delete(key);
      },
    });
    this.#states.set(key, state);
    this.#files.set(key, file);
    return file;
  }

  async #review(files: Iterable<FileState>): Promise<void> {
    const { session } = this.#keeper;
    if (session !== null) await reviewState(session, files, this.#observer);
  }

  /** The flag stays up until we have freed what was revoked, so it says the same again and again meanwhile. */
  #revoked(): void {
    const nowMs = this.#options.clock.nowMs();
    if (this.#reviewing || nowMs - this.#lastReviewMs < this.#timing.renewEveryMs) return;
    this.#reviewing = true;
    void this.#review(this.#states.values()).finally(() => {
      this.#reviewing = false;
      this.#lastReviewMs = this.#options.clock.nowMs();
    });
  }

  #leaseKnown(serverLeaseMs: number): void {
    const known = [serverLeaseMs, this.#options.leaseMs ?? 0].filter((leaseMs) => leaseMs > 0);
    if (known.length > 0) this.#timing = timingOf(Math.min(...known));
  }

  #disconnected(): void {
    this.#observer.report({ event: 'disconnected' });
    void this.#keeper.check();
  }

  async #farewell(last: Op): Promise<void> {
    const { connection } = this.#link;
    if (connection !== null) await this.#link.call(connection, compoundWriter([last]));
  }
}

function randomBytes(random: Random, count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, () => Math.floor(random() * 256)));
}
