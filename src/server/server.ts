import type { NodeId } from '../core/ids.ts';
import type { XdrWriter } from '../xdr/writer.ts';
import type { Peer } from './callbacks/peer.ts';
import type { Answer } from './connection.ts';
import type { ClientIdentity } from './coordination.ts';
import { answerCall, answerStranger } from './dispatch.ts';
import { adopt, adoptIn } from './estates/adoption.ts';
import type { ClientEstate } from './estates/estate.ts';
import { inventoryIn, inventoryOf } from './estates/inventory.ts';
import { Listener } from './listener.ts';
import { type LockServerOptions, settle } from './options.ts';
import { ServerState } from './server-state.ts';
import { AdoptedClient } from './state/adopted-client.ts';
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
  readonly delegations: number;
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
    const { clock, exports, leaseMs, limits } = this.#state.settings;
    // One that says no more than it must to keep its lease is not idle.
    const waits = { ...limits, idleMs: Math.max(limits.idleMs, 2 * leaseMs) };
    this.#listener = new Listener(
      (address, local) => (exports.admits(address) ? this.#answerAt(local) : answerStranger),
      waits,
      clock,
    );
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
   * @param localAddress which of our addresses it came to; matters where they move
   */
  handleCall(
    message: Buffer,
    peer: Peer | null = null,
    localAddress = '',
  ): Buffer | null | Promise<Buffer | null> {
    const { services } = this.#state.settings;
    const service = services === null ? undefined : services.serviceAt(localAddress);
    if (service === null) return null;
    const writer = this.#writers.take();
    const answered = this.#answer(message, writer, peer, service);
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

  /**
   * The same for all who came by one service address, which moves away as planned (C11): whatever they hold here is let go, their
   * records stay, and at that address nobody is answered any more. Everybody else goes on.
   */
  releaseService(service: NodeId): void {
    const { clients, leases, settings } = this.#state;
    for (const client of [...clients.all()]) if (client.identity.service === service) leases.handOn(client);
    this.#listener.endAt((local) => settings.services?.serviceAt(local) === service);
  }

  /** What those hold who came by that address, as the node that it goes to may take it over. */
  inventoryOf(service: NodeId): readonly ClientEstate[] {
    return inventoryOf(this.#state, service);
  }

  /**
   * Takes it over from the node that this address came from, before anybody is answered at it. For each client all or nothing.
   * @param graceMs for so long those clients may stay away at least
   * @returns those who need not reclaim any more; they must be on record before others get new state
   */
  adopt(service: NodeId, estates: readonly ClientEstate[], graceMs: number): readonly ClientIdentity[] {
    return adopt(this.#state, service, estates, graceMs);
  }

  /** What those hold in the filesystem of this domain who came by this node's address. */
  inventoryIn(domainName: string): readonly ClientEstate[] {
    return inventoryIn(this.#state, this.#state.domains.named(domainName));
  }

  /** {@link adopt}, of what the clients of `from` held in a filesystem that came from there. They come, or are here, as clients of this node. */
  adoptIn(
    domainName: string,
    from: NodeId,
    estates: readonly ClientEstate[],
    graceMs: number,
  ): readonly ClientIdentity[] {
    const origin = { domain: this.#state.domains.named(domainName), from };
    return adoptIn(this.#state, origin, estates, graceMs);
  }

  /** That filesystem has gone home. Whoever has not come after it is told that it is there, so that what is held for it here goes, its record first. */
  letGoUnclaimed(domainName: string, from: NodeId): void {
    const { domains, clients, leases } = this.#state;
    const domain = domains.named(domainName);
    for (const client of [...clients.all()]) {
      if (!(client instanceof AdoptedClient) || client.successor !== null) continue;
      if (client.origin?.domain === domain && client.origin.from === from) void leases.discard(client);
    }
  }

  /**
   * The filesystem of this domain moves to another node as planned (row 29): lets go of all that clients hold there, and goes on with
   * everything else and for everybody. Their records stay. Who held something is told by SEQUENCE that a lease has moved. The domain's place
   * must not be `here` any more: operations that wait look again.
   */
  releaseMoved(domainName: string): void {
    const { domains, clients, locking, leases } = this.#state;
    const domain = domains.named(domainName);
    for (const client of [...clients.all()]) {
      // Its claims go on as those of whoever it is held for.
      if (client instanceof AdoptedClient) {
        if (client.origin?.domain === domain) {
          client.successor?.movedLeases.owe(domain);
          leases.handOn(client);
        }
        continue;
      }
      if (client.holdsStateIn(domain)) client.movedLeases.owe(domain);
      locking.dropIn(client, domain);
      // Whatever is recorded is the other node's from here on.
      client.recordedIn.delete(domain);
      client.arrivedIn.delete(domain);
    }
    domain.locks.releaseAll();
    domain.marks?.clear();
    domain.filesystem.dropIdle();
  }

  /** Who holds anything in the filesystem of this domain. */
  holdersIn(domainName: string): readonly ClientIdentity[] {
    const { domains, clients } = this.#state;
    const domain = domains.named(domainName);
    return [...clients.all()].filter((client) => client.holdsStateIn(domain)).map(({ identity }) => identity);
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
        delegations: client.delegations.size,
      })),
    };
  }

  #answerAt(localAddress: string): Answer | null {
    const { services } = this.#state.settings;
    if (services === null) return (message, writer, peer) => this.#answer(message, writer, peer);
    const service = services.serviceAt(localAddress);
    if (service === null) return null;
    return (message, writer, peer) => this.#answer(message, writer, peer, service);
  }

  #answer(
    message: Buffer,
    writer: XdrWriter,
    peer: Peer | null,
    service?: NodeId,
  ): boolean | Promise<boolean> {
    if (this.#stopped) return false;
    const answered = answerCall(this.#state, message, writer, peer, service);
    // Stopped while it waited: an answer now could speak of state that is being let go.
    return answered instanceof Promise ? answered.then((answer) => answer && !this.#stopped) : answered;
  }
}
