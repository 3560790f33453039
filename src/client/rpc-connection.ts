/** Calls over one connection: each is matched with its reply by its xid (RFC 5531 section 9). */
import type { Clock, Random } from '../core/clock.ts';
import { NFS_V4, NFS4_PROGRAM, NFSPROC4_COMPOUND } from '../nfs4/constants.ts';
import { encodeCall } from '../rpc/call.ts';
import type { Credential } from '../rpc/credentials.ts';
import { decodeReply, type RpcOutcome } from '../rpc/reply.ts';
import { XdrReader } from '../xdr/reader.ts';
import { XdrWriter } from '../xdr/writer.ts';
import { XdrError } from '../xdr/xdr-error.ts';
import { type Callbacks, isCall } from './callbacks.ts';
import type { Channel, Dial } from './channel.ts';

export interface RpcOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly dial: Dial;
  readonly credential: Credential;
  /** Answers the server's own calls; default: nobody, and none is expected. */
  readonly callbacks?: Callbacks | undefined;
}

export type CallOutcome =
  /** `results` stands at the procedure's results. */
  | { readonly kind: 'reply'; readonly results: XdrReader }
  /** The server understood the call and will not run it. */
  | { readonly kind: 'rejected'; readonly why: Exclude<RpcOutcome['kind'], 'success'> }
  /** No answer will come on this connection any more; whether the call was run is unknown. */
  | { readonly kind: 'lost'; readonly reason: string };

type Settle = (outcome: CallOutcome) => void;

export class RpcConnection {
  readonly #clock: Clock;
  readonly #credential: Credential;
  readonly #callbacks: Callbacks | undefined;
  readonly #writer = new XdrWriter();
  readonly #waiting = new Map<number, Settle>();
  #onEnd: (reason: string) => void;
  #channel: Channel | null = null;
  #xid: number;
  #ended = false;

  private constructor(options: RpcOptions, onEnd: (reason: string) => void) {
    this.#clock = options.clock;
    this.#credential = options.credential;
    this.#callbacks = options.callbacks;
    this.#xid = Math.floor(options.random() * 2 ** 32);
    this.#onEnd = onEnd;
  }

  /**
   * Opens a fresh connection; null when that failed or took longer than `timeoutMs`. `onEnd` is called
   * once when the connection ends, for whatever reason.
   */
  static async open(
    options: RpcOptions,
    timeoutMs: number,
    onEnd: (reason: string) => void,
  ): Promise<RpcConnection | null> {
    const connection = new RpcConnection(options, onEnd);
    const events = {
      message: (message: Buffer) => connection.#receive(message),
      ended: (reason: string) => connection.close(reason),
    };
    const channel = await options.dial(events, timeoutMs);
    if (channel === null) return null;
    connection.#channel = channel;
    return connection;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Sends a COMPOUND, which `writeArguments` writes, and waits at most `timeoutMs` for its reply. */
  call(writeArguments: (w: XdrWriter) => void, timeoutMs: number): Promise<CallOutcome> {
    if (this.#ended) return Promise.resolve({ kind: 'lost', reason: 'the connection has ended' });
    this.#xid = (this.#xid + 1) >>> 0;
    const xid = this.#xid;
    return new Promise((resolve) => {
      const cancel = this.#clock.after(timeoutMs, () =>
        settle({ kind: 'lost', reason: 'no answer in time' }),
      );
      const settle = (outcome: CallOutcome) => {
        cancel();
        this.#waiting.delete(xid);
        resolve(outcome);
      };
      this.#waiting.set(xid, settle);
      this.#channel?.send(this.#encode(xid, writeArguments));
    });
  }

  /** Ends the connection; calls that still wait are lost. */
  close(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#channel?.close();
    // First the owner of the connection, so that nobody who lost a call finds the dead connection again.
    this.#onEnd(reason);
    for (const settle of [...this.#waiting.values()]) settle({ kind: 'lost', reason });
  }

  #encode(xid: number, writeArguments: (w: XdrWriter) => void): Buffer {
    const w = this.#writer;
    w.reset();
    const [program, version, procedure] = [NFS4_PROGRAM, NFS_V4, NFSPROC4_COMPOUND];
    encodeCall(w, { xid, program, version, procedure, credential: this.#credential });
    writeArguments(w);
    return w.copy();
  }

  #receive(message: Buffer): void {
    if (this.#callbacks !== undefined && isCall(message)) {
      const reply = this.#callbacks.answer(message);
      if (reply !== null) this.#channel?.send(reply);
      return;
    }
    try {
      const results = new XdrReader(message);
      const { xid, kind } = decodeReply(results);
      // A reply that nobody waits for belongs to a call that was given up.
      this.#waiting.get(xid)?.(
        kind === 'success' ? { kind: 'reply', results } : { kind: 'rejected', why: kind },
      );
    } catch (error) {
      if (!(error instanceof XdrError)) throw error;
      this.close(`the server sent something that is not an RPC reply: ${error.message}`);
    }
  }
}
