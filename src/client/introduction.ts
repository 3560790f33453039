/**
 * EXCHANGE_ID and CREATE_SESSION (RFC 8881 sections 18.35, 18.36): who the client is, and a session to
 * work in. Both may be repeated when their reply was lost: EXCHANGE_ID by its nature, CREATE_SESSION by
 * its own sequence number.
 */
import type { Clock, Random } from '../core/clock.ts';
import * as nfs from '../nfs4/constants.ts';
import { createSession } from '../nfs4/operations/create-session.ts';
import { exchangeId } from '../nfs4/operations/exchange-id.ts';
import type { ChannelAttrs } from '../nfs4/session-types.ts';
import * as st from '../nfs4/status.ts';
import { AUTH_NONE } from '../rpc/message.ts';
import { CALLBACK_PROGRAM, type Callbacks } from './callbacks.ts';
import { type CompoundReply, compoundWriter, type Op, op, readReply } from './compound.ts';
import type { Link } from './link.ts';
import { judgeCreateSession } from './recovery-rules.ts';
import { backoffMs, type Timing } from './timing.ts';
import { NEVER_MS, sleep } from './waiting.ts';

export interface IntroductionOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly link: Link;
  readonly timing: () => Timing;
  /** co_ownerid */
  readonly ownerId: Buffer;
  /** co_verifier, 8 bytes: one for each life of the client. */
  readonly verifier: Buffer;
  /** Slots to ask for. */
  readonly slots: number;
  /** Whom the server may call; default: nobody. */
  readonly callbacks?: Callbacks | undefined;
  /**
   * The server knows nothing of this client's state. `reclaimable` is false when it also belongs to
   * another server scope than the one that gave the state, so it must not be asked for it (section 2.10.4).
   */
  readonly onServerForgot: (reclaimable: boolean) => void;
}

export interface NewSession {
  readonly sessionId: Buffer;
  readonly clientId: bigint;
  readonly slots: number;
}

interface Identity {
  readonly clientId: bigint;
  readonly serverScope: Buffer;
  /** csa_sequence of the next CREATE_SESSION. */
  sequence: number;
}

/** MOVED is understood, whether the filesystem was here before or not (RFC 8881 section 18.35.3). */
const CAPABILITIES = nfs.EXCHGID4_FLAG_SUPP_MOVED_REFER | nfs.EXCHGID4_FLAG_SUPP_MOVED_MIGR;
/** In bytes: READ and WRITE of a mebibyte with their headers. */
const MESSAGE_LIMIT_BYTES = 1024 * 1024 + 4096;
const FORE_CHANNEL = {
  headerPadSize: 0,
  maxRequestSize: MESSAGE_LIMIT_BYTES,
  maxResponseSize: MESSAGE_LIMIT_BYTES,
  maxResponseSizeCached: 8192,
  maxOperations: 32,
  rdmaIrd: null,
} as const;
/** Offered also where no call is wanted: as a rule we take no delegations. */
const BACK_CHANNEL: ChannelAttrs = {
  ...FORE_CHANNEL,
  maxRequestSize: 4096,
  maxResponseSize: 4096,
  maxRequests: 1,
};

export class Introduction {
  readonly #options: IntroductionOptions;
  #identity: Identity | null = null;
  /** The identity that stood last, kept while a new introduction is under way. */
  #known: Identity | null = null;
  /** The last refusal, while there is no session because of it. */
  refusal: st.Status | null = null;

  constructor(options: IntroductionOptions) {
    this.#options = options;
  }

  /** Until a session stands, however long that takes; null when the link was stopped. */
  async establish(): Promise<NewSession | null> {
    for (let attempt = 0; ; attempt += 1) {
      if (attempt > 0) await this.#pause(attempt - 1);
      if (this.#identity === null && !(await this.#introduce())) {
        if (this.#options.link.stopped) return null;
        continue;
      }
      const session = await this.#createSession();
      if (session !== null) return session;
      if (this.#options.link.stopped) return null;
    }
  }

  /** DESTROY_CLIENTID needs it; null before the first introduction. */
  get clientId(): bigint | null {
    return this.#identity?.clientId ?? null;
  }

  /** Which servers may be asked for what this one gave; null before the first introduction. */
  get serverScope(): Buffer | null {
    return this.#known?.serverScope ?? null;
  }

  async #introduce(): Promise<boolean> {
    const { ownerId, verifier, onServerForgot } = this.#options;
    const request = op(exchangeId, {
      clientOwner: { verifier, ownerId },
      flags: CAPABILITIES,
      stateProtect: { how: nfs.SP4_NONE },
      clientImplId: null,
    });
    const result = (await this.#call(request))?.of(request);
    if (result?.status !== st.NFS4_OK) {
      this.refusal = result?.status ?? this.refusal;
      return false;
    }
    const known = this.#known;
    // Only a confirmed record under the very id that our state was given under says that the state is there.
    const confirmed = (result.flags & nfs.EXCHGID4_FLAG_CONFIRMED_R) !== 0;
    if (known === null || !confirmed || known.clientId !== result.clientId) {
      onServerForgot(known === null || known.serverScope.equals(result.serverScope));
    }
    this.#identity = {
      clientId: result.clientId,
      serverScope: result.serverScope,
      sequence: result.sequenceId,
    };
    this.#known = this.#identity;
    return true;
  }

  async #createSession(): Promise<NewSession | null> {
    const identity = this.#identity;
    const { callbacks } = this.#options;
    if (identity === null) return null;
    const request = op(createSession, {
      clientId: identity.clientId,
      sequence: identity.sequence,
      flags: callbacks === undefined ? 0 : nfs.CREATE_SESSION4_FLAG_CONN_BACK_CHAN,
      foreChanAttrs: { ...FORE_CHANNEL, maxRequests: this.#options.slots },
      backChanAttrs: BACK_CHANNEL,
      cbProgram: CALLBACK_PROGRAM,
      secParms: [{ secFlavor: AUTH_NONE }],
    });
    const result = (await this.#call(request))?.of(request);
    if (result === undefined || result === null) return null;
    if (result.status === st.NFS4_OK) {
      identity.sequence = (identity.sequence + 1) >>> 0;
      this.refusal = null;
      callbacks?.addSession(result.sessionId, BACK_CHANNEL.maxRequests);
      return {
        sessionId: result.sessionId,
        clientId: identity.clientId,
        slots: Math.max(1, Math.min(this.#options.slots, result.foreChanAttrs.maxRequests)),
      };
    }
    this.refusal = result.status;
    if (judgeCreateSession(result.status) === 'introduce') this.#identity = null;
    return null;
  }

  /** One operation outside of any session, repeated until it was answered; null when the link stopped. */
  async #call(request: Op): Promise<CompoundReply | null> {
    const { link } = this.#options;
    const write = compoundWriter([request]);
    for (;;) {
      const connection = await link.connected(NEVER_MS);
      if (connection === null) return null;
      const outcome = await link.call(connection, write);
      if (outcome.kind !== 'lost') return readReply([request], outcome);
    }
  }

  async #pause(attempt: number): Promise<void> {
    const { clock, random, timing } = this.#options;
    await sleep(clock, backoffMs(timing().retry, attempt, random));
  }
}
