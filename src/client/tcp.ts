/** The real network: TCP with record marking. */
import { connect } from 'node:net';
import type { Clock } from '../core/clock.ts';
import { RecordReader } from '../rpc/record-marking.ts';
import { XdrError } from '../xdr/xdr-error.ts';
import type { Channel, ChannelEvents, Dial } from './channel.ts';

/** Above the largest reply that a session of ours allows, with room for headers. */
const LARGEST_RECORD_BYTES = 4 * 1024 * 1024;
const LAST_FRAGMENT = 0x8000_0000;

/** Dials `host`:`port`, each time from a new socket. */
export function tcpDial(host: string, port: number, clock: Clock): Dial {
  return (events, timeoutMs) =>
    new Promise((resolve) => {
      const socket = connect({ host, port, noDelay: true });
      const give = (channel: Channel | null) => {
        cancel();
        socket.off('connect', stands).off('error', fails);
        resolve(channel);
      };
      const stands = () => give(new TcpChannel(socket, events));
      const fails = () => {
        socket.destroy();
        give(null);
      };
      const cancel = clock.after(timeoutMs, fails);
      socket.once('connect', stands).once('error', fails);
    });
}

class TcpChannel implements Channel {
  readonly #socket: ReturnType<typeof connect>;
  readonly #events: ChannelEvents;
  readonly #records = new RecordReader(LARGEST_RECORD_BYTES);
  #open = true;

  constructor(socket: ReturnType<typeof connect>, events: ChannelEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    // Every error is followed by 'close'; without a listener it would end the process.
    socket.on('error', (error) => this.#end(error.message));
    socket.on('end', () => this.#end('the server closed the connection'));
    socket.on('close', () => this.#end('the connection was closed'));
  }

  send(message: Buffer): void {
    if (!this.#open) return;
    const mark = Buffer.allocUnsafe(4);
    mark.writeUInt32BE((LAST_FRAGMENT | message.length) >>> 0);
    this.#socket.cork();
    this.#socket.write(mark);
    this.#socket.write(message);
    this.#socket.uncork();
  }

  /** Resets rather than closes: there is nobody on the other side to wait for. */
  close(): void {
    this.#open = false;
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    try {
      for (const record of this.#records.push(chunk)) {
        if (this.#open) this.#events.message(record);
      }
    } catch (error) {
      if (!(error instanceof XdrError)) throw error;
      this.#end(error.message);
    }
  }

  #end(reason: string): void {
    if (!this.#open) return;
    this.close();
    this.#events.ended(reason);
  }
}
