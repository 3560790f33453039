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
 * What the protocol answers comes back as a status; only misuse throws. A filesystem that its server says has moved is followed to where it is.
 */
import type { Clock, Random } from '../core/clock.ts';
import type { CbRecallArgs } from '../nfs4/callbacks/cb-recall.ts';
import { SEQ4_STATUS_LEASE_MOVED } from '../nfs4/constants.ts';
import { NFS4_OK, NFS4ERR_BAD_STATEID, type Status, statusName } from '../nfs4/status.ts';
import type { Association } from './association.ts';
import { Associations } from './associations.ts';
import type { Callbacks } from './callbacks.ts';
import type { Dial } from './channel.ts';
import { type OpenWish, type Result, type RetryPolicy, type StatusName, UNANSWERED } from './file-context.ts';
import { removeByName } from './file-requests.ts';
import { FileState, type ShareAccess, splitPath } from './file-state.ts';
import type { RecoveryBehaviour } from './keeper.ts';
import { loseLocks } from './lock-loss.ts';
import { type HeldLock, type Limits, type LostLock, NfsFile } from './nfs-file.ts';
import { type Observe, Observer } from './observer.ts';
import { patiently } from './patience.ts';
import { credentialOf, type Principal } from './principal.ts';
import { isTransient } from './recovery-rules.ts';
import { Requester } from './requester.ts';
import { Reviews } from './reviews.ts';
import { tcpDial } from './tcp.ts';
import type { Timing } from './timing.ts';
import { Underway } from './underway.ts';
import { Whereabouts } from './whereabouts.ts';

export interface ClientOptions {
  /** Who the client is through reboots, its own and the server's (co_ownerid); also its name in events. */
  readonly name: string;
  readonly host: string;
  /** Default 2049. */
  readonly port?: number;
  /** The server's name in events; default: what `servers` calls it, or `host`. */
  readonly node?: string;
  /** Names in events for the servers that filesystems may move to, by address; one that is not there goes by its address. */
  readonly servers?: Readonly<Record<string, string>>;
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
  /** How to reach a server; default: TCP. */
  readonly dial?: (host: string, port: number) => Dial;
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
const NFS_PORT = 2049;
const SLOTS = 16;
const LEASES_PER_OPERATION = 20;

export class NfsClient {
  readonly #options: ClientOptions;
  readonly #observer: Observer;
  readonly #servers: Associations;
  readonly #underway: Underway;
  readonly #whereabouts: Whereabouts;
  readonly #reviews: Reviews;
  readonly #states = new Map<string, FileState>();
  readonly #files = new Map<string, NfsFile>();

  /** Nothing is sent before `start`. */
  constructor(options: ClientOptions) {
    const { name, host, clock, random } = options;
    this.#options = options;
    const nameOf = (address: string) => options.servers?.[address] ?? address;
    const node = options.node ?? nameOf(host);
    this.#observer = new Observer(name, node, options.observe ?? (() => {}), options.operationsFrom);
    this.#servers = new Associations({
      home: { host, port: options.port ?? NFS_PORT },
      nameOf,
      clock,
      random,
      observer: this.#observer,
      dial: options.dial ?? ((address, port) => tcpDial(address, port, clock)),
      credential: credentialOf(options.principal ?? { uid: 0, gid: 0, machine: name }),
      ownerId: Buffer.from(name, 'utf8'),
      verifier: options.verifier ?? randomBytes(random, 8),
      slots: options.slots ?? SLOTS,
      leaseMs: options.leaseMs,
      callbacks: options.callbacks,
      files: (association) => this.#whereabouts.filesAt(association),
      onMoved: ({ path }, association) => this.#whereabouts.moved(path, association),
      onLeaseMoved: (association, sentAtMs) => this.#whereabouts.leaseMoved(association, sentAtMs),
      onRevoked: (association) => this.#reviews.revoked(association),
    });
    this.#underway = new Underway(clock);
    this.#whereabouts = new Whereabouts({
      clock,
      random,
      home: this.#servers.home,
      associate: (address) => this.#servers.at(address),
      files: () => this.#states.values(),
      underway: this.#underway,
    });
    this.#reviews = new Reviews(clock, this.#whereabouts);
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
    this.#servers.home.start();
  }

  /** OK as soon as there is a session that operations can use, at each server that has files of the client. */
  ready({ timeoutMs = this.#opTimeoutMs }: Limits = {}): Promise<{ status: StatusName }> {
    return patiently(this.#options.clock, timeoutMs, { status: 'TIMEOUT' }, async ({ deadlineMs }) => {
      for (const { keeper } of this.#whereabouts.inUse())
        if ((await keeper.ready(deadlineMs)) === null) return { status: 'CLOSED' };
      return { status: 'OK' };
    });
  }

  /**
   * OK as soon as every server that has files of the client has answered a request that was sent after this call, in a session that
   * stands, so that every loss from before this call has been noticed and recovered from, and every filesystem that had moved was found.
   */
  recovered({ timeoutMs = this.#opTimeoutMs }: Limits = {}): Promise<{ status: StatusName }> {
    return patiently(this.#options.clock, timeoutMs, { status: 'TIMEOUT' }, async ({ deadlineMs }) => {
      while (await this.#whereabouts.untilSettled(deadlineMs)) {
        const heard = await this.#heardFrom(this.#whereabouts.inUse(), deadlineMs);
        if (heard === null) break;
        if (heard && this.#whereabouts.settled) return { status: 'OK' };
        // A session that stands is there at once, whatever the time, and without a connection nothing can be sent on it.
        if (this.#options.clock.nowMs() >= deadlineMs) break;
      }
      return { status: this.#whereabouts.stopped ? 'CLOSED' : 'TIMEOUT' };
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
    const requester = this.#requesterOf(path);
    return patiently(this.#options.clock, timeoutMs, UNANSWERED, async ({ deadlineMs }) => {
      let attempts = 0;
      for (let repetition = 0; ; ) {
        const answer = await requester.send({
          subject: { op: 'remove', owner: 'main', file: path },
          build: () => request,
          deadlineMs,
        });
        // Not repeated when the session died under it: a second REMOVE might take another file of that name.
        if (answer.kind !== 'reply') return { status: 'TIMEOUT', attempts };
        attempts += 1;
        const { status } = answer.reply;
        if (isTransient(status) && (await requester.pause(repetition++, deadlineMs))) continue;
        return { status: statusName(status), attempts };
      }
    });
  }

  /**
   * Leaves as one should: unlocks and closes everything, DESTROY_SESSION, DESTROY_CLIENTID, at every server. What does not
   * succeed within the time is left to the server's lease.
   */
  async stop({ timeoutMs = this.#opTimeoutMs }: Limits = {}): Promise<{ status: StatusName }> {
    const closed = await Promise.all([...this.#files.values()].map((file) => file.close({ timeoutMs })));
    this.#whereabouts.stop();
    await this.#servers.leave();
    this.#observer.report({ event: 'stopped' });
    return { status: closed.find(({ status }) => status !== 'OK')?.status ?? 'OK' };
  }

  /** How to recover from the server's next restart; by the book unless a test needs the client of row 18. */
  behave(behaviour: RecoveryBehaviour): void {
    this.#servers.behave(behaviour);
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
    this.#whereabouts.stop();
    this.#servers.abandon();
  }

  /** Is there a session that operations can use, at each server that has files of the client? */
  get session(): boolean {
    return this.#whereabouts.inUse().every(({ keeper }) => keeper.standing);
  }

  /** Was a session lost, or has a filesystem moved, and is not all brought back yet that can be? */
  get recovering(): boolean {
    return !this.#whereabouts.settled || this.#whereabouts.inUse().some(({ keeper }) => keeper.recovering);
  }

  /** sr_status_flags (SEQ4_STATUS_*) of the latest SEQUENCE of each server that has files of the client: `SEQ4_STATUS_LEASE_MOVED` ... */
  get statusFlags(): number {
    return this.#whereabouts.inUse().reduce((flags, { keeper }) => flags | keeper.statusFlags, 0);
  }

  /** Why a server refuses a session, if one does: `CLID_INUSE` ... */
  get refusal(): StatusName | null {
    const refusals = this.#servers.all.map(({ keeper }): Status | null => keeper.refusal);
    const refusal = refusals.find((status) => status !== null) ?? null;
    return refusal === null ? null : statusName(refusal);
  }

  /** That of the server that the client was made for. */
  get timing(): Timing {
    return this.#servers.home.timing;
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
    return this.#options.opTimeoutMs ?? LEASES_PER_OPERATION * this.timing.leaseMs;
  }

  #newFile(key: string, state: FileState, wish: OpenWish): NfsFile {
    const file = new NfsFile({
      file: state,
      wish,
      context: {
        clock: this.#options.clock,
        requester: this.#requesterOf(state.path),
        review: () => this.#reviews.of(state),
        loseLocks: (status) => loseLocks(state, status, this.#whereabouts.associationOf(state.path).observer),
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

  #requesterOf(path: string): Requester {
    const { clock, random } = this.#options;
    return new Requester({ clock, random, path, whereabouts: this.#whereabouts, underway: this.#underway });
  }

  /** Have they all answered, and do their sessions stand? Null: not by the deadline, or the client stopped. */
  async #heardFrom(associations: readonly Association[], deadlineMs: number): Promise<boolean | null> {
    for (const association of associations) {
      const { keeper } = association;
      const session = await keeper.ready(deadlineMs);
      if (session === null) return null;
      const outcome = await session.execute({ request: () => [], cacheReply: false, deadlineMs });
      if (outcome.kind !== 'reply' || !keeper.standing) return false;
      if ((keeper.statusFlags & SEQ4_STATUS_LEASE_MOVED) !== 0) await this.#whereabouts.search(association);
    }
    return true;
  }
}

function randomBytes(random: Random, count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, () => Math.floor(random() * 256)));
}
