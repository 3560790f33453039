/**
 * Hand-built COMPOUNDs on one connection, and the raw results: for conformance tests, which must be able
 * to say what a well-behaved client never says. Nothing is retried and nothing is remembered but
 * what the caller leaves out.
 *
 *     const probe = await CompoundProbe.connect({ host, port, clock, random });
 *     const session = await probe.session('alice');
 *     const { status } = await session.compound(op(putRootFh, {}), op(open, {...}));
 */
import type { Clock, Random } from '../core/clock.ts';
import { decodeCompoundReply, encodeCompound, type CompoundReply as WireReply } from '../nfs4/compound.ts';
import { SP4_NONE } from '../nfs4/constants.ts';
import { type CreateSessionResult, createSession } from '../nfs4/operations/create-session.ts';
import { type ExchangeIdResult, exchangeId } from '../nfs4/operations/exchange-id.ts';
import { sequence } from '../nfs4/operations/sequence.ts';
import type { ChannelAttrs } from '../nfs4/session-types.ts';
import { NFS4_OK, statusName } from '../nfs4/status.ts';
import { AUTH_NONE } from '../rpc/message.ts';
import type { Dial } from './channel.ts';
import { MINOR_VERSION, type Op, op } from './compound.ts';
import { credentialOf, type Principal } from './principal.ts';
import { type CallOutcome, RpcConnection } from './rpc-connection.ts';
import { tcpDial } from './tcp.ts';

export { op } from './compound.ts';

export interface ProbeOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly random: Random;
  /** AUTH_SYS; default: root of a machine called `probe`. */
  readonly principal?: Principal;
  /** How long one answer may take; default 5,000. */
  readonly timeoutMs?: number;
  /** Default: TCP to `host` and `port`. */
  readonly dial?: Dial;
}

/** What an operation of a COMPOUND came to. */
type ResultsOf<Ops extends readonly Op[]> = WireReply<Ops>['results'];

export interface ProbeReply<Ops extends readonly Op[] = readonly Op[]> {
  /** Of the last operation that was run, without its prefix: `OK`, `GRACE` ... */
  readonly status: string;
  /** In the order of the operations, as many as were run. */
  readonly results: ResultsOf<Ops>;
}

export interface ExchangeIdOptions {
  /** 8 bytes; default: eight zeros, so that one name is one life of a client. */
  readonly verifier?: Buffer;
  /** EXCHGID4_FLAG_*; default 0. */
  readonly flags?: number;
}

export interface SessionOptions extends ExchangeIdOptions {
  /** What is asked for in place of the default: slots, sizes. What is granted may be less: {@link ProbeSession.granted}. */
  readonly channel?: Partial<ChannelAttrs>;
}

const DEFAULT_TIMEOUT_MS = 5_000;
const CHANNEL: ChannelAttrs = {
  headerPadSize: 0,
  maxRequestSize: 1024 * 1024,
  maxResponseSize: 1024 * 1024,
  maxResponseSizeCached: 8192,
  maxOperations: 32,
  maxRequests: 16,
  rdmaIrd: null,
};

export class CompoundProbe {
  readonly #connection: RpcConnection;
  readonly #timeoutMs: number;

  private constructor(connection: RpcConnection, timeoutMs: number) {
    this.#connection = connection;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws Error one sentence, when there is no connection within the time. */
  static async connect(options: ProbeOptions): Promise<CompoundProbe> {
    const { host, port, clock, random, principal = { uid: 0, gid: 0, machine: 'probe' } } = options;
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const dial = options.dial ?? tcpDial(host, port, clock);
    const rpc = { clock, random, dial, credential: credentialOf(principal) };
    const connection = await RpcConnection.open(rpc, timeoutMs, () => {});
    if (connection === null)
      throw new Error(
        `no connection to ${host} port ${port}: it was refused, or nobody answered within ${timeoutMs} ms`,
      );
    return new CompoundProbe(connection, timeoutMs);
  }

  /**
   * One COMPOUND exactly as given.
   * @throws Error one sentence, when no COMPOUND came back
   */
  compound<const Ops extends readonly Op[]>(...ops: Ops): Promise<ProbeReply<Ops>> {
    return this.compoundOf(MINOR_VERSION, ops);
  }

  /** The same with another minor version. */
  async compoundOf<const Ops extends readonly Op[]>(
    minorVersion: number,
    ops: Ops,
  ): Promise<ProbeReply<Ops>> {
    const outcome = await this.raw((w) => encodeCompound(w, { minorVersion, ops }));
    if (outcome.kind === 'lost') throw new Error(`no answer to a COMPOUND: ${outcome.reason}`);
    if (outcome.kind === 'rejected') throw new Error(`the server rejected the call: ${outcome.why}`);
    const { status, results } = decodeCompoundReply(outcome.results, ops);
    return { status: statusName(status), results };
  }

  /** A call whose arguments are written by hand, well-formed or not. */
  raw(writeArguments: Parameters<RpcConnection['call']>[0]): Promise<CallOutcome> {
    return this.#connection.call(writeArguments, this.#timeoutMs);
  }

  /** EXCHANGE_ID, without protection of state. */
  async exchangeId(name: string, options: ExchangeIdOptions = {}): Promise<ExchangeIdResult> {
    const { verifier = Buffer.alloc(8), flags = 0 } = options;
    const clientOwner = { verifier, ownerId: Buffer.from(name, 'utf8') };
    const stateProtect = { how: SP4_NONE } as const;
    const { results } = await this.compound(
      op(exchangeId, { clientOwner, flags, stateProtect, clientImplId: null }),
    );
    return present(results[0]);
  }

  /** CREATE_SESSION; `sequenceId` as EXCHANGE_ID gave it. */
  async createSession(
    clientId: bigint,
    sequenceId: number,
    wanted: Partial<ChannelAttrs> = {},
  ): Promise<CreateSessionResult> {
    const channel = { ...CHANNEL, ...wanted };
    const request = op(createSession, {
      clientId,
      sequence: sequenceId,
      flags: 0,
      foreChanAttrs: channel,
      backChanAttrs: { ...channel, maxRequests: 1 },
      cbProgram: 0x4000_0000,
      secParms: [{ secFlavor: AUTH_NONE }],
    });
    const { results } = await this.compound(request);
    return present(results[0]);
  }

  /**
   * EXCHANGE_ID and CREATE_SESSION; no RECLAIM_COMPLETE.
   * @throws Error one sentence, when one of them is refused
   */
  async session(name: string, options: SessionOptions = {}): Promise<ProbeSession> {
    const known = await this.exchangeId(name, options);
    if (known.status !== NFS4_OK) throw new Error(`EXCHANGE_ID was answered ${statusName(known.status)}`);
    const created = await this.createSession(known.clientId, known.sequenceId, options.channel);
    if (created.status !== NFS4_OK)
      throw new Error(`CREATE_SESSION was answered ${statusName(created.status)}`);
    return new ProbeSession(this, known.clientId, created.sessionId, created.foreChanAttrs);
  }

  close(): void {
    this.#connection.close('the probe is done');
  }
}

/** A session by hand: slot 0 is counted on by itself, everything else is as the caller says. */
export class ProbeSession {
  readonly clientId: bigint;
  readonly sessionId: Buffer;
  /** What the server allows on the fore channel. */
  readonly granted: ChannelAttrs;
  #probe: CompoundProbe;
  /** Of the latest request on slot 0. */
  #sequenceId = 0;

  constructor(probe: CompoundProbe, clientId: bigint, sessionId: Buffer, granted: ChannelAttrs) {
    this.#probe = probe;
    this.clientId = clientId;
    this.sessionId = sessionId;
    this.granted = granted;
  }

  /** From now on over another connection. */
  use(probe: CompoundProbe): void {
    this.#probe = probe;
  }

  /** SEQUENCE with the next number of slot 0, then the operations; `results` are those of the operations. */
  compound<const Ops extends readonly Op[]>(...ops: Ops): Promise<ProbeReply<Ops>> {
    this.#sequenceId = (this.#sequenceId + 1) >>> 0;
    return this.again(...ops);
  }

  /** The same with the number of the request before: a repetition, if the operations are the same. */
  async again<const Ops extends readonly Op[]>(...ops: Ops): Promise<ProbeReply<Ops>> {
    const { status, results } = await this.#probe.compound(this.sequence(), ...ops);
    return { status, results: (results as readonly unknown[]).slice(1) as unknown as ResultsOf<Ops> };
  }

  /** A SEQUENCE to build a COMPOUND with by hand; what is not given is as `compound` would have it. */
  sequence(
    given: { slotId?: number; sequenceId?: number; cacheThis?: boolean; highestSlotId?: number } = {},
  ) {
    const { slotId = 0, sequenceId = this.#sequenceId, cacheThis = true, highestSlotId = slotId } = given;
    return op(sequence, { sessionId: this.sessionId, sequenceId, slotId, highestSlotId, cacheThis });
  }
}

function present<Result>(result: Result | undefined): Result {
  if (result === undefined) throw new Error('the server answered the COMPOUND without running it');
  return result;
}
