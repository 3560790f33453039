import type { Clock } from '../../core/clock.ts';
import {
  CB_PROC_COMPOUND,
  CB_PROC_NULL,
  CB_VERSION,
  encodeCallbackCompound,
} from '../../nfs4/callback-compound.ts';
import type { CompoundReply, OperationCall } from '../../nfs4/compound.ts';
import type { CallbackTerms } from './back-channel.ts';
import type { DialBack, DialledConnection, DialTarget } from './dial.ts';
import type { CallbackPath } from './path.ts';
import { isReply, Peer, type PeerAnswer } from './peer.ts';
import { readCompoundReply } from './reading.ts';

/** Whom to call, and how (RFC 7530 section 16.33.3). */
export interface DialledTerms extends CallbackTerms {
  readonly target: DialTarget;
  /** `callback_ident`: what the client wants to be told its calls by. */
  readonly ident: number;
}

export interface DialledPathOptions {
  readonly dial: DialBack;
  readonly clock: Clock;
  /** How long making a connection may take, and each call. */
  readonly timeoutMs: number;
  /** Between the beginnings of two attempts to make a connection. */
  readonly restMs: number;
  readonly terms: DialledTerms;
  readonly room: ConnectionRoom;
}

/** How many connections to clients there may be at a time. */
export class ConnectionRoom {
  #free: number;

  constructor(most: number) {
    this.#free = most;
  }

  /** False: there is none left. */
  take(): boolean {
    if (this.#free === 0) return false;
    this.#free -= 1;
    return true;
  }

  give(): void {
    this.#free += 1;
  }
}

interface Standing {
  readonly peer: Peer;
  readonly connection: DialledConnection;
}

/**
 * Calls to a client of version 4.0, over a connection that we make to it (RFC 7530 section 10.2.1). It counts when the client has answered a
 * CB_NULL on it. When it ends one more is made; when that cannot be, or a call is not answered, the path is down until another attempt
 * succeeds: that of the next call, or of the next {@link check}. There are no sessions here, so what is sent again may be done again:
 * CB_RECALL and CB_GETATTR do not mind.
 */
export class DialledPath implements CallbackPath {
  readonly terms: DialledTerms;
  readonly #options: DialledPathOptions;
  #standing: Standing | null = null;
  #attempt: Promise<Peer | null> | null = null;
  #attemptedMs = Number.NEGATIVE_INFINITY;
  /** The next attempt is due. */
  #cancelNext: (() => void) | null = null;
  #works = false;
  #failed = false;
  #closed = false;

  constructor(options: DialledPathOptions) {
    this.#options = options;
    this.terms = options.terms;
  }

  get works(): boolean {
    return this.#works;
  }

  /** The newest attempt to connect, or call, was in vain. A connection that has ended says nothing before the next one was tried. */
  get isDown(): boolean {
    return this.#failed;
  }

  get isBeingTried(): boolean {
    return this.#attempt !== null;
  }

  /** Tries whether it works, unless that is known, being tried, or was tried less than so long ago. */
  check(sinceMs = 0): void {
    if (this.#works || this.#options.clock.nowMs() - this.#attemptedMs < sinceMs) return;
    void this.#connected();
  }

  /** Resolves when it is not being tried any more. */
  async settled(): Promise<void> {
    await this.#attempt;
  }

  async call(calls: readonly OperationCall[], deadlineMs: number): Promise<CompoundReply | null> {
    const peer = await this.#connected();
    const leftMs = deadlineMs - this.#options.clock.nowMs();
    if (peer === null || this.#closed || leftMs <= 0) return null;
    const answer = await this.#send(peer, calls, leftMs);
    const reply = answer.kind === 'reply' ? readCompoundReply(answer.results, calls) : null;
    // Whoever does nothing of it does not take it for a call of its server.
    if (reply !== null && reply.results.length > 0) return reply;
    this.#fail(peer);
    return null;
  }

  /** Nobody is to be called here any more. */
  close(): void {
    this.#closed = true;
    this.#works = false;
    this.#cancelNext?.();
    this.#cancelNext = null;
    this.#hangUp();
  }

  #send(peer: Peer, calls: readonly OperationCall[], leftMs: number): Promise<PeerAnswer> {
    const { clock, timeoutMs } = this.#options;
    const { ident } = this.terms;
    return peer.call(
      this.#head(CB_PROC_COMPOUND),
      (w) => encodeCallbackCompound(w, { minorVersion: 0, callbackIdent: ident }, calls),
      { clock, timeoutMs: Math.min(timeoutMs, leftMs) },
    );
  }

  /** Null: not to be had for now. */
  #connected(): Promise<Peer | null> {
    if (this.#attempt !== null) return this.#attempt;
    if (this.#standing !== null) return Promise.resolve(this.#standing.peer);
    const { clock, restMs } = this.#options;
    if (this.#closed || clock.nowMs() - this.#attemptedMs < restMs) return Promise.resolve(null);
    this.#cancelNext?.();
    this.#cancelNext = null;
    this.#attemptedMs = clock.nowMs();
    const attempt = this.#connect().then((peer) => {
      this.#attempt = null;
      this.#works = peer !== null && !this.#closed;
      this.#failed = peer === null;
      return peer;
    });
    this.#attempt = attempt;
    return attempt;
  }

  async #connect(): Promise<Peer | null> {
    const standing = await this.#dial();
    if (standing === null) return null;
    this.#standing = standing;
    const { peer } = standing;
    const answer = await peer.call(this.#head(CB_PROC_NULL), () => {}, this.#options);
    if (this.#closed || this.#standing !== standing) return null;
    if (answer.kind !== 'reply' || peer.hasEnded) {
      this.#hangUp();
      return null;
    }
    peer.whenEnded(() => this.#lost(standing));
    return peer;
  }

  async #dial(): Promise<Standing | null> {
    const { dial, room, timeoutMs } = this.#options;
    if (!room.take()) return null;
    let connection: DialledConnection | null = null;
    const peer = new Peer((message) => connection?.send(message) ?? false);
    peer.whenEnded(() => {
      room.give();
      connection?.close();
    });
    const events = {
      // We are nobody's server here, and what answers nothing makes no sense.
      message: (message: Buffer) => void ((isReply(message) && peer.receive(message)) || peer.end()),
      ended: () => peer.end(),
    };
    connection = await dial(this.terms.target, events, timeoutMs);
    if (connection === null) peer.end();
    else if (this.#closed) peer.end();
    return peer.hasEnded || connection === null ? null : { peer, connection };
  }

  /** A call was not answered. Where the connection has ended, the next one will show whether there is a way. */
  #fail(peer: Peer): void {
    if (this.#standing?.peer !== peer) return;
    this.#works = false;
    this.#failed = true;
    this.#hangUp();
  }

  #hangUp(): void {
    const standing = this.#standing;
    this.#standing = null;
    standing?.peer.end();
  }

  /** The client has ended the connection, or the network has. */
  #lost(standing: Standing): void {
    if (this.#closed || this.#standing !== standing) return;
    this.#standing = null;
    this.#works = false;
    const { clock, restMs } = this.#options;
    // A peer that answers and hangs up does not keep us busy.
    const waitMs = Math.max(0, this.#attemptedMs + restMs - clock.nowMs());
    this.#cancelNext = clock.after(waitMs, () => {
      this.#cancelNext = null;
      void this.#connected();
    });
  }

  #head(procedure: number) {
    const { program, credential } = this.terms;
    return { program, version: CB_VERSION, procedure, credential };
  }
}
