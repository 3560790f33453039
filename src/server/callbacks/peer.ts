import type { Clock } from '../../core/clock.ts';
import { encodeCall } from '../../rpc/call.ts';
import type { Credential } from '../../rpc/credentials.ts';
import { REPLY } from '../../rpc/message.ts';
import { decodeReply, type RpcOutcome } from '../../rpc/reply.ts';
import { XdrReader } from '../../xdr/reader.ts';
import { XdrWriter } from '../../xdr/writer.ts';
import { XdrError } from '../../xdr/xdr-error.ts';

/** Whom a call goes to, and as whom we make it. */
export interface CallHead {
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly credential: Credential;
}

export type PeerAnswer =
  /** `results` stands at the procedure's results. */
  | { readonly kind: 'reply'; readonly results: XdrReader }
  /** It was understood and will not be done. */
  | { readonly kind: 'rejected'; readonly why: Exclude<RpcOutcome['kind'], 'success'> }
  /** No answer, or none that can be read. Whether it was done is unknown. */
  | { readonly kind: 'lost' };

/** The addresses of a connection: the client's, and the one of ours that it has asked. */
export interface PeerEnds {
  readonly address: string;
  readonly local: string;
}

/** Of a recall with its headers, as a rule. */
const CALL_BYTES = 512;

type Settle = (answer: PeerAnswer) => void;

/** Is this message a reply to a call of ours, and no call? */
export const isReply = (message: Buffer): boolean => message.length >= 8 && message.readUInt32BE(4) === REPLY;

/**
 * The other end of a connection that a client has made, as somebody who can be called in turn (RFC 8881 section 2.10.3.1); or of one that we have made.
 * Calls and replies of both directions share the connection; the message type tells them apart, and the xid what belongs together.
 */
export class Peer {
  /** Null: not known, or of no interest. */
  readonly ends: PeerEnds | null;
  /** When what is under way on this connection has been answered. */
  readonly later: (run: () => void) => void;
  readonly #send: (message: Buffer) => boolean;
  readonly #waiting = new Map<number, Settle>();
  readonly #onEnd = new Set<() => void>();
  #xid = 0;
  #ended = false;
  #showsClient = false;

  /**
   * @param send a whole RPC message; false when it cannot be sent any more
   * @param later the next turn of the event loop; of another one where time is not real
   */
  constructor(
    send: (message: Buffer) => boolean,
    ends: PeerEnds | null = null,
    later: (run: () => void) => void = setImmediate,
  ) {
    this.#send = send;
    this.later = later;
    this.ends = ends;
  }

  /** Has a client that is known here acted on this connection? */
  get showsClient(): boolean {
    return this.#showsClient;
  }

  showClient(): void {
    this.#showsClient = true;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Calls the peer, and waits at most so long for its answer. */
  call(
    head: CallHead,
    writeArguments: (w: XdrWriter) => void,
    { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
  ): Promise<PeerAnswer> {
    if (this.#ended) return Promise.resolve({ kind: 'lost' });
    this.#xid = (this.#xid + 1) >>> 0;
    const xid = this.#xid;
    const w = new XdrWriter(CALL_BYTES);
    encodeCall(w, { xid, ...head });
    writeArguments(w);
    return new Promise((resolve) => {
      const cancel = clock.after(timeoutMs, () => settle({ kind: 'lost' }));
      const settle = (answer: PeerAnswer) => {
        cancel();
        this.#waiting.delete(xid);
        resolve(answer);
      };
      this.#waiting.set(xid, settle);
      if (!this.#send(w.copy())) settle({ kind: 'lost' });
    });
  }

  /** A message that {@link isReply}. False: it answers nothing that was ever asked here, and the peer makes no sense. */
  receive(message: Buffer): boolean {
    if (this.#xid === 0) return false;
    try {
      const results = new XdrReader(message);
      const { xid, kind } = decodeReply(results);
      // One that nobody waits for comes too late.
      this.#waiting.get(xid)?.(
        kind === 'success' ? { kind: 'reply', results } : { kind: 'rejected', why: kind },
      );
      return true;
    } catch (error) {
      if (error instanceof XdrError) return false;
      throw error;
    }
  }

  /** @returns call it when nobody is interested any more */
  whenEnded(listener: () => void): () => void {
    this.#onEnd.add(listener);
    return () => this.#onEnd.delete(listener);
  }

  /** The connection is gone. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const settle of [...this.#waiting.values()]) settle({ kind: 'lost' });
    for (const listener of [...this.#onEnd]) listener();
  }
}
