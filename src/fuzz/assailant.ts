/** Sends what nobody should send, and waits for what must come of it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Clock } from '../core/clock.ts';
import { NFS_V4, NFS4_PROGRAM, NFSPROC4_NULL } from '../nfs4/constants.ts';
import { encodeCall } from '../rpc/call.ts';
import { RecordReader } from '../rpc/record-marking.ts';
import { XdrWriter } from '../xdr/writer.ts';
import { XdrError } from '../xdr/xdr-error.ts';
import { framed } from './framing.ts';
import type { Mutant } from './mutant.ts';

const LARGEST_RECORD_BYTES = 64 << 20;

export interface Volley {
  /** Whole messages, in the order they came. */
  readonly replies: readonly Buffer[];
  /** The server ended the connection. */
  readonly closed: boolean;
  /** Must have been answered and was not, though the server goes on talking; or it neither answers nor closes. */
  readonly silent: readonly Mutant[];
  /** What came back was no record of RPC. */
  readonly garbled: string | null;
  /** There was no connection to be had. */
  readonly refused: string | null;
}

export interface Door {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  /** For how long anything is waited for. */
  readonly patienceMs: number;
}

/** Mutants in a row on one connection, of which only the last may spoil it; then a ping, so that silence is told from slowness. */
export async function fire(door: Door, mutants: readonly Mutant[], pingXid: number): Promise<Volley> {
  const nothing = { replies: [], closed: true, silent: [], garbled: null };
  const socket = connect({ host: door.host, port: door.port, noDelay: true });
  const exchange = new Exchange(socket, door);
  const problem = await exchange.connected;
  if (problem !== null) return { ...nothing, refused: problem };
  for (const { bytes } of mutants) socket.write(bytes);
  const spoilt = mutants.at(-1)?.spoils === true;
  const wanted = mutants.filter(({ xid }) => xid !== null);
  if (spoilt) {
    // What ends in the middle of a message is ended: whoever is served like this closes, and keeps nothing.
    await exchange.until(() => exchange.answered(wanted));
    socket.end();
    await exchange.until(() => exchange.closed);
  } else {
    socket.write(framed(ping(pingXid)));
    await exchange.until(() => exchange.hasReply(pingXid) && exchange.answered(wanted));
  }
  const { closed } = exchange;
  const hung = spoilt && !closed ? mutants.slice(-1) : [];
  const unanswered = closed ? [] : wanted.filter(({ xid }) => !exchange.hasReply(xid as number));
  socket.destroy();
  return {
    replies: exchange.replies,
    closed,
    silent: [...hung, ...unanswered],
    garbled: exchange.garbled,
    refused: null,
  };
}

function ping(xid: number): Buffer {
  const w = new XdrWriter(64);
  encodeCall(w, {
    xid,
    program: NFS4_PROGRAM,
    version: NFS_V4,
    procedure: NFSPROC4_NULL,
    credential: { kind: 'none' },
  });
  return w.copy();
}

class Exchange {
  readonly replies: Buffer[] = [];
  closed = false;
  garbled: string | null = null;
  /** Null: it stands. */
  readonly connected: Promise<string | null>;
  readonly #clock: Clock;
  readonly #patienceMs: number;
  readonly #records = new RecordReader(LARGEST_RECORD_BYTES);
  readonly #xids = new Set<number>();
  #wake = () => {};

  constructor(socket: Socket, { clock, patienceMs }: Door) {
    this.#clock = clock;
    this.#patienceMs = patienceMs;
    this.connected = once(socket, 'connect').then(
      () => null,
      (error: Error) => error.message,
    );
    socket.on('data', (chunk: Buffer) => this.#receive(chunk, socket));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  hasReply(xid: number): boolean {
    return this.#xids.has(xid);
  }

  answered(mutants: readonly Mutant[]): boolean {
    return mutants.every(({ xid }) => xid === null || this.#xids.has(xid));
  }

  /** Until it is so, or the connection is closed, or it has taken too long. */
  async until(so: () => boolean): Promise<void> {
    let late = false;
    const cancel = this.#clock.after(this.#patienceMs, () => {
      late = true;
      this.#wake();
    });
    while (!so() && !this.closed && !late)
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    cancel();
  }

  #receive(chunk: Buffer, socket: Socket): void {
    try {
      for (const record of this.#records.push(chunk)) {
        this.replies.push(Buffer.from(record));
        if (record.length >= 4) this.#xids.add(record.readUInt32BE(0));
      }
    } catch (error) {
      if (!(error instanceof XdrError)) throw error;
      this.garbled = error.message;
      socket.destroy();
    }
    this.#wake();
  }
}
