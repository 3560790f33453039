import type { Socket } from 'node:net';
import type { Clock } from '../core/clock.ts';
import { beginRecord, endRecord, type RecordBuffers, RecordReader } from '../rpc/record-marking.ts';
import type { XdrWriter } from '../xdr/writer.ts';
import { XdrError } from '../xdr/xdr-error.ts';
import { isReply, Peer, type PeerEnds } from './callbacks/peer.ts';
import type { Limits } from './limits.ts';
import type { SharedReads } from './shared-reads.ts';
import type { WriterPool } from './writer-pool.ts';

/** Writes the reply to a message of this peer; false: none, close the connection. What was answered is overwritten by messages that come later. */
export type Answer = (message: Buffer, writer: XdrWriter, peer: Peer) => boolean | Promise<boolean>;

/** A larger reply keeps its writer until it has left: to copy it would cost more than to wait. */
const COPIED_BYTES = 64 * 1024;

/** What all connections of a listener have together. */
export interface Common {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly writers: WriterPool;
  /** Memory of large messages. */
  readonly messages: RecordBuffers;
  readonly reads: SharedReads;
  /** Something has arrived, and may take memory. */
  readonly onHeard: () => void;
  /** Bytes of messages that are not complete, and of replies that nobody has read yet. */
  bufferedBytes: number;
}

/**
 * One connection of one peer. What waits for a peer is bounded: one that does not read what it asked for, or asks for more than we can do,
 * is not listened to for a while, whatever it has sent already; TCP then tells it to wait.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #answer: Answer;
  readonly #common: Common;
  readonly #records: RecordReader;
  /** Who can be called back on it. */
  readonly #peer: Peer;
  /** Messages that have arrived and were not looked at yet, from {@link #next} on. */
  #arrived: Buffer[] = [];
  #next = 0;
  #resting = false;
  #callsInFlight = 0;
  /** Nothing that comes now can be understood. */
  #finished = false;
  /** What of {@link Common.bufferedBytes} is of this connection. */
  #buffered = 0;
  /** When the peer last said something whole. */
  #heardMs: number;
  /** Since when a message is arriving; null: none is. */
  #arrivingMs: number | null = null;
  /** Bytes given to the socket, how many of them had left it at the last look, and when that was more than before. */
  #sentBytes = 0;
  #takenBytes = 0;
  #takenMs: number;

  /** @param socket has not begun to read, and is of no use to anybody else any more */
  constructor(socket: Socket, ends: PeerEnds, answer: Answer, common: Common) {
    this.#socket = common.reads.of(socket, (chunk) => this.#receive(chunk));
    this.#answer = answer;
    this.#common = common;
    this.#records = new RecordReader(common.limits.messageBytes, {
      buffers: common.messages,
      chunksAreReused: true,
    });
    this.#peer = new Peer((message) => this.#callBack(message), ends);
    this.#heardMs = common.clock.nowMs();
    this.#takenMs = this.#heardMs;
    this.#socket.on('close', () => this.#ended());
    this.#socket.on('drain', () => this.#work());
    // A peer that resets the connection is no event: 'close' follows.
    this.#socket.on('error', () => {});
  }

  onClose(closed: () => void): void {
    this.#socket.on('close', closed);
  }

  destroy(): void {
    this.#socket.destroy();
    this.#account();
  }

  /** When a stranger was heard last, in the clock's milliseconds; null: it has shown a client, or we are at work for it. */
  get strangerSinceMs(): number | null {
    return this.#peer.showsClient || this.#callsInFlight > 0 ? null : this.#heardMs;
  }

  /** Since when a message is arriving that takes memory; null: none is. */
  get arrivingSinceMs(): number | null {
    return this.#records.heldBytes > 0 ? this.#arrivingMs : null;
  }

  /** Has it waited long enough for its peer? To be asked once in a while. */
  isOverdue(nowMs: number): boolean {
    const { strangerMs, idleMs, stalledMs } = this.#common.limits;
    const unread = this.#socket.writableLength;
    const taken = this.#sentBytes - unread;
    if (unread === 0 || taken > this.#takenBytes) this.#takenMs = nowMs;
    this.#takenBytes = taken;
    if (nowMs - this.#takenMs > stalledMs) return true;
    if (this.#arrivingMs !== null && nowMs - this.#arrivingMs > stalledMs) return true;
    const quiet = this.#callsInFlight === 0 && unread === 0 && this.#next >= this.#arrived.length;
    return quiet && nowMs - this.#heardMs > (this.#peer.showsClient ? idleMs : strangerMs);
  }

  /** The connection ends, after what was answered already: whoever cannot be understood now has said something before. */
  #finish(): void {
    this.#finished = true;
    this.#arrived = [];
    this.#next = 0;
    this.#socket.destroySoon();
  }

  #receive(chunk: Buffer): void {
    if (this.#finished) return;
    let records: Buffer[];
    try {
      records = this.#records.push(chunk);
    } catch (error) {
      if (!(error instanceof XdrError)) throw error;
      this.#finish();
      return;
    }
    const nowMs = this.#common.clock.nowMs();
    if (records.length > 0) this.#heardMs = nowMs;
    if (!this.#records.isAmid) this.#arrivingMs = null;
    else if (records.length > 0 || this.#arrivingMs === null) this.#arrivingMs = nowMs;
    if (this.#next >= this.#arrived.length) {
      this.#arrived = records;
      this.#next = 0;
    } else this.#arrived.push(...records);
    this.#work();
    this.#common.onHeard();
  }

  /** Works on what has arrived, as far as it may. */
  #work(): void {
    let turn = this.#common.limits.callsPerTurn;
    // The replies to all calls of one turn leave together.
    this.#socket.cork();
    while (this.#next < this.#arrived.length && turn > 0 && !this.#socket.destroyed && !this.#isFull()) {
      const record = this.#arrived[this.#next] as Buffer;
      this.#next += 1;
      turn -= 1;
      if (!isReply(record)) this.#call(record);
      else if (!this.#peer.receive(record)) this.#finish();
    }
    this.#socket.uncork();
    this.#adjust();
  }

  #isFull(): boolean {
    const { limits, bufferedBytes } = this.#common;
    const unread = this.#socket.writableLength;
    if (unread > limits.unsentBytes || this.#callsInFlight >= limits.callsInFlight) return true;
    // Memory is short: whoever has nothing waiting may still ask, and gets one answer at a time.
    return unread > 0 && bufferedBytes - this.#buffered + unread > limits.bufferedBytes;
  }

  /** Listens as long as what was heard is worked on. */
  #adjust(): void {
    this.#account();
    if (this.#socket.destroyed || this.#finished) return;
    const full = this.#isFull();
    const waiting = this.#next < this.#arrived.length;
    // Others first. Whoever is full is woken by 'drain', or by an answer that was waited for.
    if (waiting && !full && !this.#resting) {
      this.#resting = true;
      setImmediate(() => {
        this.#resting = false;
        this.#work();
      });
    }
    const pause = full || waiting;
    if (pause === this.#socket.isPaused()) return;
    if (pause) this.#socket.pause();
    else this.#socket.resume();
  }

  #account(): void {
    const buffered = this.#socket.destroyed ? 0 : this.#socket.writableLength + this.#records.heldBytes;
    this.#common.bufferedBytes += buffered - this.#buffered;
    this.#buffered = buffered;
  }

  #ended(): void {
    this.#arrived = [];
    this.#next = 0;
    this.#account();
    this.#peer.end();
  }

  #call(message: Buffer): void {
    const { writers, messages } = this.#common;
    const writer = writers.take();
    const mark = beginRecord(writer);
    const answered = this.#answer(message, writer, this.#peer);
    if (!(answered instanceof Promise)) {
      messages.give(message);
      this.#send(writer, mark, answered);
      return;
    }
    this.#callsInFlight += 1;
    void answered.then((answer) => {
      this.#callsInFlight -= 1;
      messages.give(message);
      this.#send(writer, mark, answer);
      this.#work();
    });
  }

  #send(writer: XdrWriter, mark: number, answered: boolean): void {
    const { writers } = this.#common;
    if (!answered) this.#finish();
    else if (this.#socket.writable) {
      endRecord(writer, mark);
      if (writer.position > COPIED_BYTES) {
        this.#write(writer.view(), () => writers.give(writer));
        return;
      }
      this.#write(writer.copy());
    }
    writers.give(writer);
  }

  #callBack(message: Buffer): boolean {
    if (!this.#socket.writable || this.#socket.writableLength > this.#common.limits.unsentBytes) return false;
    const { writers } = this.#common;
    const writer = writers.take();
    const mark = beginRecord(writer);
    writer.opaqueFixed(message, message.length);
    endRecord(writer, mark);
    this.#write(writer.copy());
    writers.give(writer);
    this.#account();
    return true;
  }

  /** @param sent called when the bytes are not needed any more */
  #write(bytes: Buffer, sent?: () => void): void {
    this.#sentBytes += bytes.length;
    this.#socket.write(bytes, sent);
  }
}
