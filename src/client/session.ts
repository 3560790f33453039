/**
 * One session with the server (RFC 8881 section 2.10): slots, each with one request outstanding, and
 * exactly-once semantics. A request whose reply was lost with its connection is sent again byte for
 * byte, on the same slot with the same sequence id, for as long as the session lives: the server either
 * runs it now or repeats the reply that it kept. So its outcome stays unknown only if the session dies.
 */
import type { Clock, Random } from '../core/clock.ts';
import { sequence } from '../nfs4/operations/sequence.ts';
import * as st from '../nfs4/status.ts';
import { type CompoundReply, compoundWriter, type Op, op, readReply } from './compound.ts';
import type { Link } from './link.ts';
import { backoffMs, type Timing } from './timing.ts';
import { Changes, type DeadlineMs, NEVER_MS, sleep } from './waiting.ts';

/** What a session can do for one request. */
export interface Attempt {
  /**
   * Builds the operations after SEQUENCE, at the moment of sending and from the state of that moment.
   * Null calls the attempt off: what it was for is no longer so.
   */
  request(): readonly Op[] | null;
  /** The server should keep the reply for a repetition; not worth it for what may simply run again. */
  readonly cacheReply: boolean;
  /** Waiting for a slot and a connection ends here. Once sent, the request is followed to its end. */
  readonly deadlineMs: DeadlineMs;
  /** Immediately before the first bytes are handed to the socket. */
  onSend?(): void;
  /** At the moment the outcome of a request that was sent is known, before anything else happens. */
  onOutcome?(outcome: SentOutcome): void;
}

export type SentOutcome =
  | { readonly kind: 'reply'; readonly reply: CompoundReply }
  /**
   * The session ended. `refused`: the request was sent once and answered that the session does not
   * exist, so it was certainly not run. Otherwise nobody knows.
   */
  | { readonly kind: 'session-over'; readonly refused: boolean; readonly status: st.Status };

export type Outcome =
  | SentOutcome
  /** Nothing was sent: out of time, called off, or the session ended first. */
  | { readonly kind: 'unsent' };

export interface SessionOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly link: Link;
  readonly timing: () => Timing;
  readonly sessionId: Buffer;
  readonly clientId: bigint;
  /** Slots that the server granted, at least 1. */
  readonly slots: number;
  /** The lease was renewed by a request that was first sent at `sentAtMs`; `flags` as of SEQUENCE. */
  readonly onSequence: (flags: number, sentAtMs: number) => void;
}

interface Slot {
  readonly index: number;
  /** Of the next new request. */
  sequenceId: number;
  busy: boolean;
}

export class Session {
  readonly clientId: bigint;
  /** Wakes whoever waits for a slot or for the end of the session. */
  readonly changes: Changes;
  readonly #options: SessionOptions;
  readonly #slots: Slot[];
  /** sr_target_highest_slotid: the server may ask for fewer slots than it granted. */
  #highestUsable: number;
  #over: st.Status | null = null;
  #underway = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.clientId = options.clientId;
    this.changes = new Changes(options.clock);
    this.#slots = Array.from({ length: options.slots }, (_, index) => ({
      index,
      sequenceId: 1,
      busy: false,
    }));
    this.#highestUsable = options.slots - 1;
  }

  get sessionId(): Buffer {
    return this.#options.sessionId;
  }

  /** Why the session is over, or null while it lives. */
  get over(): st.Status | null {
    return this.#over;
  }

  /** Gives the session up. Requests that wait for a connection end as `session-over`. */
  end(status: st.Status): void {
    if (this.#over !== null) return;
    this.#over = status;
    this.changes.wake();
    this.#options.link.changes.wake();
  }

  /** Resolves once the session is over and the outcome of its last request has been told. */
  async drained(): Promise<void> {
    await this.changes.until(() => this.#over !== null && this.#underway === 0);
  }

  /** Sends one COMPOUND and follows it to its outcome. */
  async execute(attempt: Attempt): Promise<Outcome> {
    const slot = await this.#takeSlot(attempt.deadlineMs);
    if (slot === null) return { kind: 'unsent' };
    this.#underway += 1;
    try {
      const outcome = await this.#follow(slot, attempt);
      if (outcome.kind !== 'unsent') attempt.onOutcome?.(outcome);
      return outcome;
    } finally {
      slot.busy = false;
      this.#underway -= 1;
      this.changes.wake();
    }
  }

  async #takeSlot(deadlineMs: DeadlineMs): Promise<Slot | null> {
    const free = () => this.#slots.find((slot) => !slot.busy && slot.index <= this.#highestUsable);
    for (;;) {
      const inTime = await this.changes.until(() => this.#over !== null || free() !== undefined, deadlineMs);
      if (this.#over !== null) return null;
      const slot = free();
      if (slot !== undefined) {
        slot.busy = true;
        return slot;
      }
      // Several waited for the one slot, and another one was quicker.
      if (!inTime) return null;
    }
  }

  async #follow(slot: Slot, attempt: Attempt): Promise<Outcome> {
    const { clock, link } = this.#options;
    let request: readonly Op[] | null = null;
    let firstSentMs = 0;
    let sendings = 0;
    let pauses = 0;
    for (;;) {
      const deadlineMs = sendings === 0 ? attempt.deadlineMs : NEVER_MS;
      const connection = await link.connected(deadlineMs, () => this.#over !== null);
      if (connection === null) return sendings === 0 ? { kind: 'unsent' } : this.#lostWithSession(false);
      if (request === null) {
        const operations = attempt.request();
        if (operations === null) return { kind: 'unsent' };
        request = operations;
        firstSentMs = clock.nowMs();
        attempt.onSend?.();
      }
      sendings += 1;
      const head = this.#sequence(slot, attempt.cacheReply);
      const operations = [head, ...request];
      const outcome = await link.call(connection, compoundWriter(operations));
      if (outcome.kind === 'lost') continue;
      const reply = readReply(operations, outcome);
      const sequenced = reply.of(head);
      const status = sequenced?.status ?? reply.status;
      if (sequenced?.status === st.NFS4_OK) {
        slot.sequenceId = (slot.sequenceId + 1) >>> 0;
        this.#highestUsable = Math.min(this.#slots.length - 1, sequenced.targetHighestSlotId);
        this.#options.onSequence(sequenced.statusFlags, firstSentMs);
        if (reply.status !== st.NFS4ERR_RETRY_UNCACHED_REP) return { kind: 'reply', reply };
        // The reply was lost and the server did not keep it, which we only allow for what may run again.
      } else if (status === st.NFS4ERR_RETRY_UNCACHED_REP) {
        slot.sequenceId = (slot.sequenceId + 1) >>> 0;
      } else if (status === st.NFS4ERR_DELAY) {
        await this.#pause(pauses++);
      } else if (status === st.NFS4ERR_CONN_NOT_BOUND_TO_SESSION) {
        // Connections of our sessions bind themselves by their first SEQUENCE (section 2.10.3.1), so a
        // server that says so has lost track of this one: take another.
        connection.close('the server does not know this connection');
        await this.#pause(pauses++);
      } else {
        // BADSESSION and DEADSESSION end the session; so does a slot that both sides number differently,
        // because nothing that is sent on it can be trusted any more (section 2.10.6.1).
        this.end(status);
        return this.#lostWithSession(sendings === 1);
      }
      if (this.#over !== null) return this.#lostWithSession(false);
    }
  }

  #lostWithSession(refused: boolean): SentOutcome {
    return { kind: 'session-over', refused, status: this.#over ?? st.NFS4ERR_BADSESSION };
  }

  #sequence(slot: Slot, cacheThis: boolean) {
    const highestSlotId = this.#slots.findLast(({ busy }) => busy)?.index ?? 0;
    const { sessionId } = this.#options;
    return op(sequence, {
      sessionId,
      sequenceId: slot.sequenceId,
      slotId: slot.index,
      highestSlotId,
      cacheThis,
    });
  }

  async #pause(attempt: number): Promise<void> {
    const { clock, random, timing } = this.#options;
    await sleep(clock, backoffMs(timing().retry, attempt, random));
  }
}
