/** One server that the client talks to: a connection, and in it a client id with its lease and its session. */
import type { Clock, Random } from '../core/clock.ts';
import { destroyClientid } from '../nfs4/operations/destroy-clientid.ts';
import { destroySession } from '../nfs4/operations/destroy-session.ts';
import type { Credential } from '../rpc/credentials.ts';
import type { Callbacks } from './callbacks.ts';
import type { Dial } from './channel.ts';
import { compoundWriter, type Op, op } from './compound.ts';
import type { FileState } from './file-state.ts';
import { Keeper } from './keeper.ts';
import { Link } from './link.ts';
import type { Observer } from './observer.ts';
import type { ServerAddress } from './server-address.ts';
import { type Timing, timingOf } from './timing.ts';

export interface AssociationOptions {
  readonly address: ServerAddress;
  readonly dial: Dial;
  readonly credential: Credential;
  readonly clock: Clock;
  readonly random: Random;
  /** Speaks of this server. */
  readonly observer: Observer;
  readonly callbacks: Callbacks | undefined;
  /** co_ownerid: the same at all servers, and so is the verifier. */
  readonly ownerId: Buffer;
  readonly verifier: Buffer;
  readonly slots: number;
  /** {@link ClientOptions.leaseMs} */
  readonly leaseMs: number | undefined;
  /** What this server has of the client, or had before it forgot it, at the moment of asking. */
  files(association: Association): Iterable<FileState>;
  /** A reclaim of this file was answered MOVED. */
  onMoved(file: FileState, association: Association): void;
  /** {@link KeeperOptions.onLeaseMoved} */
  onLeaseMoved(association: Association, sentAtMs: number): void;
  /** {@link KeeperOptions.onRevoked} */
  onRevoked(association: Association): void;
}

/** Until the server has told its own; only the patience with its first answers hangs on it. */
const ASSUMED_LEASE_MS = 10_000;

export class Association {
  readonly address: ServerAddress;
  readonly observer: Observer;
  readonly keeper: Keeper;
  readonly #options: AssociationOptions;
  readonly #link: Link;
  #timing: Timing;

  /** Nothing is sent before `start`. */
  constructor(options: AssociationOptions) {
    const { address, observer, clock, random, callbacks, ownerId, verifier, slots } = options;
    this.#options = options;
    this.address = address;
    this.observer = observer;
    this.#timing = timingOf(options.leaseMs ?? ASSUMED_LEASE_MS);
    const shared = { clock, random, timing: () => this.#timing, observer, callbacks };
    this.#link = new Link({
      ...shared,
      dial: options.dial,
      credential: options.credential,
      onDown: () => this.#disconnected(),
    });
    this.keeper = new Keeper({
      ...shared,
      link: this.#link,
      ownerId,
      verifier,
      slots,
      files: () => options.files(this),
      onLeaseMs: (leaseMs) => this.#leaseKnown(leaseMs),
      onMoved: (file) => options.onMoved(file, this),
      onLeaseMoved: (sentAtMs) => options.onLeaseMoved(this, sentAtMs),
      onRevoked: () => options.onRevoked(this),
    });
  }

  get timing(): Timing {
    return this.#timing;
  }

  start(): void {
    this.#link.start();
    void this.keeper.run();
  }

  /** Ends without a word to the server. */
  abandon(): void {
    this.keeper.stop();
    this.#link.stop();
  }

  /** DESTROY_SESSION and DESTROY_CLIENTID, as far as there is a connection; the rest is left to the server's lease. */
  async leave(): Promise<void> {
    const { session } = this.keeper;
    this.keeper.stop();
    if (session !== null) {
      await this.#farewell(op(destroySession, { sessionId: session.sessionId }));
      await this.#farewell(op(destroyClientid, { clientId: session.clientId }));
    }
    this.#link.stop();
  }

  #leaseKnown(serverLeaseMs: number): void {
    const known = [serverLeaseMs, this.#options.leaseMs ?? 0].filter((leaseMs) => leaseMs > 0);
    if (known.length > 0) this.#timing = timingOf(Math.min(...known));
  }

  #disconnected(): void {
    this.observer.report({ event: 'disconnected' });
    void this.keeper.check();
  }

  async #farewell(last: Op): Promise<void> {
    const { connection } = this.#link;
    if (connection !== null) await this.#link.call(connection, compoundWriter([last]));
  }
}
