import type { Clock } from '../../core/clock.ts';
import {
  CB_PROC_COMPOUND,
  CB_PROC_NULL,
  CB_VERSION,
  encodeCallbackCompound,
} from '../../nfs4/callback-compound.ts';
import { type CbSequenceArgs, cbSequence, type ReferringCalls } from '../../nfs4/callbacks/cb-sequence.ts';
import { type CompoundReply, call, type OperationCall } from '../../nfs4/compound.ts';
import type { ChannelAttrs } from '../../nfs4/session-types.ts';
import {
  NFS4_OK,
  NFS4ERR_DELAY,
  NFS4ERR_SEQ_FALSE_RETRY,
  NFS4ERR_SEQ_MISORDERED,
  type Status,
} from '../../nfs4/status.ts';
import type { Credential } from '../../rpc/credentials.ts';
import type { CallbackPath } from './path.ts';
import type { Peer } from './peer.ts';
import { readCompoundReply } from './reading.ts';

/** How the client wants to be called. */
export interface CallbackTerms {
  readonly program: number;
  readonly credential: Credential;
}

export interface BackChannelOptions {
  readonly clock: Clock;
  /** How long a call may take before its connection is given up for calls back. */
  readonly timeoutMs: number;
  readonly sessionId: Buffer;
  /** Of the session: a client tells its sessions apart by that as well. */
  readonly minorVersion: number;
  readonly attrs: ChannelAttrs;
  readonly terms: CallbackTerms;
}

interface Slot {
  readonly id: number;
  /** Of the newest request that was answered. */
  seqid: number;
  busy: boolean;
  /** A request was sent and never answered: the client may be one ahead of us. */
  uncertain: boolean;
}

/** Slots that we use at most; a client is called seldom, and waits for nothing. */
const MAX_SLOTS = 16;
const DELAYS_PER_TIMEOUT = 10;

/**
 * The back channel of a session (RFC 8881 section 2.10.3.1): calls from us to the client, over whichever of the connections that the client
 * has bound to it works. A request whose reply was lost with its connection goes out again on another one, on the same slot with the same
 * sequence id, so that the client does it once.
 */
export class BackChannel implements CallbackPath {
  readonly #options: BackChannelOptions;
  readonly #slots: readonly Slot[];
  /** Those that have answered, in the order they were bound. */
  readonly #working = new Map<Peer, () => void>();
  /** Those that were asked and have not answered yet. */
  readonly #tried = new Set<Peer>();
  readonly #waiting = new Set<() => void>();
  #terms: CallbackTerms;
  #bound = false;
  #faulty = false;
  #closed = false;

  constructor(options: BackChannelOptions) {
    this.#options = options;
    this.#terms = options.terms;
    const count = Math.min(options.attrs.maxRequests, MAX_SLOTS);
    this.#slots = Array.from({ length: count }, (_, id) => ({ id, seqid: 0, busy: false, uncertain: false }));
  }

  /** BACKCHANNEL_CTL: from the next call on. */
  change(terms: CallbackTerms): void {
    this.#terms = terms;
  }

  /** Does a connection answer? */
  get works(): boolean {
    return this.#working.size > 0 && !this.#faulty;
  }

  /** It was to be had once, no connection of it answers, and none is being tried. */
  get isDown(): boolean {
    return this.#bound && this.#working.size === 0 && this.#tried.size === 0;
  }

  /** The client and we do not agree on its slots any more; only another session helps. */
  get isFaulty(): boolean {
    return this.#faulty;
  }

  /** The client lends us this connection. It counts when it has answered a CB_NULL. */
  bind(peer: Peer): void {
    this.#bound = true;
    if (this.#closed || this.#working.has(peer) || this.#tried.has(peer)) return;
    this.#tried.add(peer);
    // After the reply that tells the client of it.
    peer.later(() => void this.#try(peer));
  }

  /** With CB_SEQUENCE before them. */
  async call(
    calls: readonly OperationCall[],
    deadlineMs: number,
    referring: readonly ReferringCalls[] = [],
  ): Promise<CompoundReply | null> {
    const slot = await this.#takeSlot(deadlineMs);
    if (slot === null) return null;
    try {
      return await this.#follow(slot, calls, deadlineMs, referring);
    } finally {
      slot.busy = false;
      this.#wake();
    }
  }

  /** The session is gone. */
  close(): void {
    this.#closed = true;
    for (const forget of this.#working.values()) forget();
    this.#working.clear();
    this.#tried.clear();
    this.#wake();
  }

  async #try(peer: Peer): Promise<void> {
    const answer = await peer.call(this.#head(CB_PROC_NULL), () => {}, this.#options);
    if (!this.#tried.delete(peer) || this.#closed) return;
    if (answer.kind !== 'reply' || peer.hasEnded) return;
    this.#working.set(
      peer,
      peer.whenEnded(() => this.#drop(peer)),
    );
    this.#wake();
  }

  #drop(peer: Peer): void {
    this.#working.get(peer)?.();
    this.#working.delete(peer);
  }

  async #takeSlot(deadlineMs: number): Promise<Slot | null> {
    for (;;) {
      const free = this.#slots.find(({ busy }) => !busy);
      if (this.#closed || this.#faulty) return null;
      if (free !== undefined) {
        free.busy = true;
        return free;
      }
      if (!(await this.#changed(deadlineMs))) return null;
    }
  }

  async #follow(
    slot: Slot,
    calls: readonly OperationCall[],
    deadlineMs: number,
    referring: readonly ReferringCalls[],
  ): Promise<CompoundReply | null> {
    // An earlier request on this slot got no answer. If the client has done it, this one is the next but one.
    let ahead = slot.uncertain ? 2 : 1;
    for (;;) {
      const [peer] = this.#working.keys();
      if (this.#closed || this.#faulty || this.#isLate(deadlineMs)) return null;
      if (peer === undefined) {
        if (!(await this.#changed(deadlineMs))) return null;
        continue;
      }
      const sequenceId = (slot.seqid + ahead) >>> 0;
      const sequence = call(cbSequence, this.#sequence(slot, sequenceId, referring));
      const reply = await this.#send(peer, [sequence, ...calls]);
      if (reply === null) {
        slot.uncertain = true;
        this.#drop(peer);
        continue;
      }
      const status: Status = reply.results[0]?.status ?? reply.status;
      if (status === NFS4_OK) {
        slot.seqid = sequenceId;
        slot.uncertain = false;
        return { ...reply, results: reply.results.slice(1) };
      }
      if (status === NFS4ERR_DELAY) await this.#pause();
      else if (status === NFS4ERR_SEQ_MISORDERED && ahead === 2) ahead = 1;
      else if (status === NFS4ERR_SEQ_FALSE_RETRY && ahead === 1) ahead = 2;
      else this.#faulty = true;
    }
  }

  async #send(peer: Peer, calls: readonly OperationCall[]): Promise<CompoundReply | null> {
    const answer = await peer.call(
      this.#head(CB_PROC_COMPOUND),
      (w) => encodeCallbackCompound(w, { minorVersion: this.#options.minorVersion, callbackIdent: 0 }, calls),
      this.#options,
    );
    return answer.kind === 'reply' ? readCompoundReply(answer.results, calls) : null;
  }

  #sequence(slot: Slot, sequenceId: number, referring: readonly ReferringCalls[]): CbSequenceArgs {
    return {
      sessionId: this.#options.sessionId,
      sequenceId,
      slotId: slot.id,
      highestSlotId: this.#slots.findLast(({ busy }) => busy)?.id ?? slot.id,
      cacheThis: false,
      referringCallLists: referring,
    };
  }

  #head(procedure: number) {
    const { program, credential } = this.#terms;
    return { program, version: CB_VERSION, procedure, credential };
  }

  #isLate(deadlineMs: number): boolean {
    return this.#options.clock.nowMs() >= deadlineMs;
  }

  /** Waits for a slot or a connection; false when it is too late. */
  #changed(deadlineMs: number): Promise<boolean> {
    const { clock } = this.#options;
    const leftMs = deadlineMs - clock.nowMs();
    if (leftMs <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      const cancel = clock.after(leftMs, () => settle(false));
      const wake = () => settle(true);
      const settle = (changed: boolean) => {
        cancel();
        this.#waiting.delete(wake);
        resolve(changed);
      };
      this.#waiting.add(wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #pause(): Promise<void> {
    const { clock, timeoutMs } = this.#options;
    return new Promise((resolve) => void clock.after(timeoutMs / DELAYS_PER_TIMEOUT, resolve));
  }
}
