import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../core/clock.ts';
import { RecordBuffers } from '../rpc/record-marking.ts';
import type { PeerEnds } from './callbacks/peer.ts';
import { type Answer, type Common, Connection } from './connection.ts';
import type { Limits } from './limits.ts';
import { SharedReads } from './shared-reads.ts';
import { WriterPool } from './writer-pool.ts';

/** A peer that vanished without a word is noticed after a while, and its connection does not count any more. */
const KEEP_ALIVE_MS = 30_000;
/** How often connections are looked at, as a part of the shortest time that one may wait. */
const LOOKS_PER_WAIT = 4;
/** Large messages for which there is always memory. */
const MESSAGES_KEPT = 8;

/** How a peer is answered, by its address and the one of ours that it has asked; null: not at all. */
export type AnswerTo = (address: string, localAddress: string) => Answer | null;

/**
 * RPC over TCP (RFC 5531 section 11). Calls of one connection are worked on side by side: one that waits
 * holds up none that comes after it, and replies go out in whatever order they are ready (the xid tells which is which).
 *
 * Nobody who is slow, silent or greedy keeps others from being served: there is a limit on what one connection may make us keep, on what all of
 * them may together, and on how long we wait for a peer (limits.ts).
 */
export class Listener {
  readonly #answerTo: AnswerTo;
  readonly #common: Common;
  /** In the order they came. */
  readonly #connections = new Map<Connection, PeerEnds>();
  readonly #perAddress = new Map<string, number>();
  readonly #server: Server;
  #cancelLook: (() => void) | null = null;

  constructor(answerTo: AnswerTo, limits: Limits, clock: Clock) {
    this.#answerTo = answerTo;
    this.#common = {
      clock,
      limits,
      writers: new WriterPool(),
      messages: new RecordBuffers(MESSAGES_KEPT),
      reads: new SharedReads(),
      onHeard: () => this.#relieve(),
      bufferedBytes: 0,
    };
    this.#server = createServer({
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      pauseOnConnect: true,
    });
    this.#server.on('connection', (socket) => this.#accept(socket));
    // No descriptor left for one more connection: the others go on, and the peer tries again.
    this.#server.on('error', () => {});
  }

  /** Rejects with the system's error, for example EADDRINUSE. @param port 0: any that is free */
  listen(host: string, port: number): Promise<{ address: string; port: number }> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject);
        const bound = this.#server.address();
        if (bound === null || typeof bound === 'string') throw new Error('a TCP server has no port');
        resolve({ address: bound.address, port: bound.port });
      });
    });
  }

  /** Ends every connection in the middle of whatever it does. */
  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#cancelLook?.();
    this.#cancelLook = null;
    for (const connection of this.#connections.keys()) connection.destroy();
    return closed;
  }

  /** Ends those that were made to such an address of ours. */
  endAt(isMeant: (localAddress: string) => boolean): void {
    for (const [connection, { local }] of [...this.#connections]) if (isMeant(local)) this.#end(connection);
  }

  #accept(socket: Socket): void {
    // Gone already: it has no address any more.
    const address = socket.remoteAddress ?? '';
    const { limits } = this.#common;
    const ofAddress = this.#perAddress.get(address) ?? 0;
    const full = this.#connections.size >= limits.connections;
    if (ofAddress >= limits.connectionsPerAddress || (full && !this.#makeRoom())) {
      socket.destroy();
      return;
    }
    const local = plain(socket.localAddress ?? '');
    const answer = this.#answerTo(address, local);
    if (answer === null) {
      socket.destroy();
      return;
    }
    const connection = new Connection(socket, { address: plain(address), local }, answer, this.#common);
    this.#connections.set(connection, { address, local });
    this.#perAddress.set(address, ofAddress + 1);
    connection.onClose(() => this.#forget(connection));
    this.#watch();
  }

  #forget(connection: Connection): void {
    const ends = this.#connections.get(connection);
    if (ends === undefined) return;
    const { address } = ends;
    this.#connections.delete(connection);
    const left = (this.#perAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(address, left);
    else this.#perAddress.delete(address);
  }

  #end(connection: Connection): void {
    this.#forget(connection);
    connection.destroy();
  }

  /** Whoever connects and says nothing must not keep out those who would. */
  #makeRoom(): boolean {
    return this.#endOldest((connection) => connection.strangerSinceMs);
  }

  /** Memory is short: the message goes that has been arriving for longest. */
  #relieve(): void {
    const { limits } = this.#common;
    while (this.#common.bufferedBytes > limits.bufferedBytes) {
      const before = this.#common.bufferedBytes;
      if (!this.#endOldest((connection) => connection.arrivingSinceMs)) return;
      // What waits for readers is not to be had back like this.
      if (this.#common.bufferedBytes >= before) return;
    }
  }

  /** @param sinceMs null: not this one */
  #endOldest(sinceMs: (connection: Connection) => number | null): boolean {
    let oldest: Connection | null = null;
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const connection of this.#connections.keys()) {
      const ms = sinceMs(connection);
      if (ms === null || ms >= oldestMs) continue;
      oldest = connection;
      oldestMs = ms;
    }
    if (oldest === null) return false;
    this.#end(oldest);
    return true;
  }

  /** The timer rests while there is no connection. */
  #watch(): void {
    if (this.#cancelLook !== null || this.#connections.size === 0) return;
    const { clock, limits } = this.#common;
    const shortestMs = Math.min(limits.strangerMs, limits.idleMs, limits.stalledMs);
    this.#cancelLook = clock.after(Math.max(shortestMs / LOOKS_PER_WAIT, 1), () => this.#look());
  }

  #look(): void {
    this.#cancelLook = null;
    const nowMs = this.#common.clock.nowMs();
    for (const connection of [...this.#connections.keys()])
      if (connection.isOverdue(nowMs)) this.#end(connection);
    this.#watch();
  }
}

/** A socket that listens for both families shows IPv4 addresses as mapped ones (RFC 4291 section 2.5.5.2). */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/, '');
