import { connect, type Socket } from 'node:net';
import type { Clock } from '../../core/clock.ts';
import { RecordReader } from '../../rpc/record-marking.ts';
import { XdrError } from '../../xdr/xdr-error.ts';
import type { DialBack, DialEvents, DialledConnection } from './dial.ts';

/** Far above the reply to any call of ours. */
const LARGEST_REPLY_BYTES = 64 * 1024;
/** What may wait for a client that does not read. */
const UNSENT_BYTES = 64 * 1024;
const LAST_FRAGMENT = 0x8000_0000;

/** The real network: TCP with record marking. A connection keeps no process alive. */
export const tcpDialBack =
  (clock: Clock): DialBack =>
  ({ host, port, localAddress }, events, timeoutMs) =>
    new Promise((resolve) => {
      const socket = connect({ host, port, localAddress, noDelay: true, keepAlive: true });
      socket.unref();
      const give = (connection: DialledConnection | null) => {
        cancel();
        socket.off('connect', stands).off('error', fails);
        resolve(connection);
      };
      const stands = () => give(new TcpConnection(socket, events));
      const fails = () => {
        // Whatever it says from here on is of no interest.
        socket.on('error', () => {}).destroy();
        give(null);
      };
      const cancel = clock.after(timeoutMs, fails);
      socket.once('connect', stands).once('error', fails);
    });

class TcpConnection implements DialledConnection {
  readonly #socket: Socket;
  readonly #events: DialEvents;
  readonly #records = new RecordReader(LARGEST_REPLY_BYTES);
  #open = true;

  constructor(socket: Socket, events: DialEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    // A connection that was reset is no event: 'close' follows.
    socket.on('error', () => {});
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
  }

  send(message: Buffer): boolean {
    if (!this.#open || !this.#socket.writable || this.#socket.writableLength > UNSENT_BYTES) return false;
    const mark = Buffer.allocUnsafe(4);
    mark.writeUInt32BE((LAST_FRAGMENT | message.length) >>> 0);
    this.#socket.write(Buffer.concat([mark, message]));
    return true;
  }

  close(): void {
    this.#open = false;
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    try {
      for (const record of this.#records.push(chunk)) if (this.#open) this.#events.message(record);
    } catch (error) {
      if (!(error instanceof XdrError)) throw error;
      this.#end();
    }
  }

  #end(): void {
    if (!this.#open) return;
    this.close();
    this.#events.ended();
  }
}
