import { createServer, type Server, type Socket } from 'node:net';
import { beginRecord, endRecord, RecordReader } from '../rpc/record-marking.ts';
import type { XdrWriter } from '../xdr/writer.ts';
import { XdrError } from '../xdr/xdr-error.ts';
import { isReply, Peer } from './callbacks/peer.ts';
import type { Limits } from './options.ts';
import { WriterPool } from './writer-pool.ts';

/** A peer that vanished without a word is noticed after a while, and its connection does not count any more. */
const KEEP_ALIVE_MS = 30_000;

/** Writes the reply to a message of this peer; false: none, close the connection. */
export type Answer = (message: Buffer, writer: XdrWriter, peer: Peer) => boolean | Promise<boolean>;
/** How a peer is answered, by its address. */
export type AnswerTo = (address: string) => Answer;

/**
 * RPC over TCP (RFC 5531 section 11). Calls of one connection are worked on side by side: one that waits
 * holds up none that comes after it, and replies go out in whatever order they are ready (the xid tells which is which).
 */
export class Listener {
  readonly #answerTo: AnswerTo;
  readonly #limits: Limits;
  readonly #writers = new WriterPool();
  readonly #connections = new Set<Connection>();
  readonly #server: Server;

  constructor(answerTo: AnswerTo, limits: Limits) {
    this.#answerTo = answerTo;
    this.#limits = limits;
    this.#server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
    this.#server.maxConnections = limits.connections;
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
    for (const connection of this.#connections) connection.destroy();
    return closed;
  }

  #accept(socket: Socket): void {
    // Gone already: it has no address any more.
    const answer = this.#answerTo(socket.remoteAddress ?? '');
    const connection = new Connection(socket, answer, this.#writers, this.#limits);
    this.#connections.add(connection);
    socket.on('close', () => this.#connections.delete(connection));
  }
}

/** One connection of one peer. */
class Connection {
  readonly #socket: Socket;
  readonly #answer: Answer;
  readonly #writers: WriterPool;
  readonly #limits: Limits;
  readonly #records: RecordReader;
  /** Who can be called back on it. */
  readonly #peer: Peer;
  #callsInFlight = 0;

  constructor(socket: Socket, answer: Answer, writers: WriterPool, limits: Limits) {
    this.#socket = socket;
    this.#answer = answer;
    this.#writers = writers;
    this.#limits = limits;
    this.#records = new RecordReader(limits.messageBytes);
    this.#peer = new Peer((message) => this.#callBack(message));
    socket.on('close', () => this.#peer.end());
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('drain', () => this.#adjust());
    // A peer that resets the connection is no event: 'close' follows.
    socket.on('error', () => {});
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    let records: Buffer[];
    try {
      records = this.#records.push(chunk);
    } catch (error) {
      if (!(error instanceof XdrError)) throw error;
      this.destroy();
      return;
    }
    // The replies to all calls of one chunk leave together.
    this.#socket.cork();
    for (const record of records) {
      if (this.#socket.destroyed) break;
      if (!isReply(record)) this.#call(record);
      else if (!this.#peer.receive(record)) this.destroy();
    }
    this.#socket.uncork();
    this.#adjust();
  }

  #call(message: Buffer): void {
    const writer = this.#writers.take();
    const mark = beginRecord(writer);
    const answered = this.#answer(message, writer, this.#peer);
    if (!(answered instanceof Promise)) {
      this.#send(writer, mark, answered);
      return;
    }
    this.#callsInFlight += 1;
    void answered.then((answer) => {
      this.#callsInFlight -= 1;
      this.#send(writer, mark, answer);
      this.#adjust();
    });
  }

  #send(writer: XdrWriter, mark: number, answered: boolean): void {
    if (!answered) {
      this.destroy();
    } else if (this.#socket.writable) {
      endRecord(writer, mark);
      this.#socket.write(writer.copy());
    }
    this.#writers.give(writer);
  }

  #callBack(message: Buffer): boolean {
    if (!this.#socket.writable) return false;
    const writer = this.#writers.take();
    const mark = beginRecord(writer);
    writer.opaqueFixed(message, message.length);
    endRecord(writer, mark);
    this.#socket.write(writer.copy());
    this.#writers.give(writer);
    return true;
  }

  /** Whoever does not read what it asked for, or asks for more than we can do, is not listened to for a while. */
  #adjust(): void {
    const { unsentBytes, callsInFlight } = this.#limits;
    const full = this.#socket.writableLength > unsentBytes || this.#callsInFlight >= callsInFlight;
    if (full === this.#socket.isPaused()) return;
    if (full) this.#socket.pause();
    else this.#socket.resume();
  }
}
