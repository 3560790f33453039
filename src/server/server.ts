import type { XdrWriter } from '../xdr/writer.ts';
import type { Peer } from './callbacks/peer.ts';
import { answerCall, answerStranger } from './dispatch.ts';
import { type Answer, Listener } from './listener.ts';
import { type LockServerOptions, settle } from './options.ts';
import { ServerState } from './server-state.ts';
import { WriterPool } from './writer-pool.ts';

/** One client as people want to see it. */
export interface ClientSummary {
  /** The owner id as text. */
  readonly name: string;
  readonly confirmed: boolean;
  readonly reclaimComplete: boolean;
  /** Milliseconds; negative when the lease has run out. */
  readonly leaseLeftMs: number;
  readonly opens: number;
  /** Byte ranges held. */
  readonly locks: number;
}

/**
 * The NFSv4.1 lock server of a node. It knows the protocol and the state of its clients; whether new state
 * may be given or old state reclaimed is the coordinator's to say, and locks are those of the filesystem.
 */
export class LockServer {
  readonly #state: ServerState;
  readonly #listener: Listener;
  readonly #writers = new WriterPool();
  #stopped = false;

  constructor(options: LockServerOptions) {
    this.#state = new ServerState(settle(options));
    const { exports, limits } = this.#state.settings;
    const answer: Answer = (message, writer, peer) => this.#answer(message, writer, peer);
    this.#listener = new Listener((address) => (exports.admits(address) ? answer : answerStranger), limits);
  }

  /** Serves on TCP. Rejects with the system's error (EADDRINUSE, EACCES). @param port 0: any that is free */
  async listen(host: string, port: number): Promise<{ readonly address: string; readonly port: number }> {
    return this.#listener.listen(host, port);
  }

  /**
   * Answers one RPC call without a network: a whole message, without record marking. Null when there is no
   * answer and a connection would be closed. Never throws and never rejects, whatever the message is.
   *
   * @param peer who can be called back; null: nobody
   */
  handleCall(message: Buffer, peer: Peer | null = null): Buffer | null | Promise<Buffer | null> {
    const writer = this.#writers.take();
    const answered = this.#answer(message, writer, peer);
    const finish = (answer: boolean): Buffer | null => {
      const reply = answer ? writer.copy() : null;
      this.#writers.give(writer);
      return reply;
    };
    return answered instanceof Promise ? answered.then(finish) : finish(answered);
  }

  /** Stops accepting and answers nothing more. Releases nothing by itself: the records say what is to be reclaimed. */
  async close(): Promise<void> {
    this.#stopped = true;
    this.#state.stop();
    await this.#listener.close();
  }

  /** Lets go of all that clients hold here and serves no more: a planned stop, past the barrier (C11). Their records stay. */
  releaseAllState(): void {
    for (const domain of this.#state.domains.all) this.releaseStateIn(domain.name);
  }

  /**
   * The same for one domain, whose barrier need not be reached at the same time as the others'. Nothing is served any
   * more from the first one on: what clients hold in the others is kept for them (I2) until it is released as well.
   */
  releaseStateIn(domainName: string): void {
    this.#stopped = true;
    this.#state.stop();
    const { domains, clients, locking } = this.#state;
    const domain = domains.named(domainName);
    for (const client of clients.all()) locking.dropIn(client, domain);
    domain.locks.releaseAll();
    domain.marks?.clear();
  }

  summary(): { readonly clients: readonly ClientSummary[] } {
    const { clients, leases, locking } = this.#state;
    return {
      clients: Array.from(clients.all(), (client) => ({
        name: client.name,
        confirmed: client.confirmed,
        reclaimComplete: client.reclaimComplete,
        leaseLeftMs: leases.leftMs(client),
        opens: client.opens.size,
        locks: locking.lockCount(client),
      })),
    };
  }

  #answer(message: Buffer, writer: XdrWriter, peer: Peer | null): boolean | Promise<boolean> {
    if (this.#stopped) return false;
    const answered = answerCall(this.#state, message, writer, peer);
    // Stopped while it waited: an answer now could speak of state that is being let go.
    return answered instanceof Promise ? answered.then((answer) => answer && !this.#stopped) : answered;
  }
}
