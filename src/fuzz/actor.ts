import type { Op } from '../client/compound.ts';
import { type CompoundProbe, op, type ProbeReply } from '../client/compound-probe.ts';
import { SessionlessProbe } from '../client/sessionless-probe.ts';
import { CREATE_SESSION4_FLAG_CONN_BACK_CHAN, SP4_NONE } from '../nfs4/constants.ts';
import { createSession } from '../nfs4/operations/create-session.ts';
import { destroyClientid } from '../nfs4/operations/destroy-clientid.ts';
import { destroySession } from '../nfs4/operations/destroy-session.ts';
import { exchangeId } from '../nfs4/operations/exchange-id.ts';
import { reclaimComplete } from '../nfs4/operations/reclaim-complete.ts';
import { renew } from '../nfs4/operations/renew.ts';
import { sequence } from '../nfs4/operations/sequence.ts';
import { NFS4_OK } from '../nfs4/status.ts';
import { AUTH_NONE } from '../rpc/message.ts';
import { XdrError } from '../xdr/xdr-error.ts';

/** Slot 0 is for what is said by the book, the others are for what is not. */
export const SLOTS = 16;
const CHANNEL = {
  headerPadSize: 0,
  maxRequestSize: 1 << 20,
  maxResponseSize: 1 << 20,
  maxResponseSizeCached: 4096,
  maxOperations: 64,
  maxRequests: SLOTS,
  rdmaIrd: null,
} as const;
const PASSING = new Set(['GRACE', 'DELAY']);
const ATTEMPTS = 200;
const LATER_LIFE = Buffer.alloc(8, 0xff);

export interface Surroundings {
  readonly name: string;
  /** Waits for a moment. */
  readonly rest: () => Promise<void>;
}

/** A client that says everything by the book, and is recorded. */
export interface Actor {
  readonly clientId: bigint;
  /** Null: a version without sessions. */
  readonly sessionId: Buffer | null;
  /** One COMPOUND, in its session if there is one. What only passes is waited for. */
  run<const Ops extends readonly Op[]>(...ops: Ops): Promise<ProbeReply<Ops>>;
  /** Is it still what it was for the server? */
  isKnown(): Promise<boolean>;
  /** Leaves nothing behind, whatever was done in its name. */
  end(): Promise<void>;
}

/** @throws Error one sentence */
function given(what: string, status: string): void {
  if (status !== 'OK') throw new Error(`${what} was answered ${status}`);
}

async function patiently<Reply extends { readonly status: string }>(
  { rest }: Surroundings,
  attempt: () => Promise<Reply>,
): Promise<Reply> {
  for (let count = 1; ; count += 1) {
    const reply = await attempt();
    if (!PASSING.has(reply.status) || count === ATTEMPTS) return reply;
    await rest();
  }
}

/** Versions 4.1 and 4.2. */
export class SessionActor implements Actor {
  clientId = 0n;
  sessionId: Buffer = Buffer.alloc(16);
  readonly #probe: CompoundProbe;
  readonly #version: number;
  readonly #surroundings: Surroundings;
  #clientSequence = 0;
  #sequence = 0;

  constructor(probe: CompoundProbe, version: 1 | 2, surroundings: Surroundings) {
    this.#probe = probe;
    this.#version = version;
    this.#surroundings = surroundings;
  }

  static async start(
    probe: CompoundProbe,
    version: 1 | 2,
    surroundings: Surroundings,
  ): Promise<SessionActor> {
    const actor = new SessionActor(probe, version, surroundings);
    await actor.introduce(Buffer.alloc(8));
    given('RECLAIM_COMPLETE', (await actor.run(op(reclaimComplete, { oneFs: false }))).status);
    return actor;
  }

  async introduce(verifier: Buffer): Promise<void> {
    const ownerId = Buffer.from(this.#surroundings.name);
    const { status, results } = await this.outside(
      op(exchangeId, {
        clientOwner: { verifier, ownerId },
        flags: 0,
        stateProtect: { how: SP4_NONE },
        clientImplId: null,
      }),
    );
    given('EXCHANGE_ID', status);
    const [known] = results;
    if (known?.status !== NFS4_OK) return;
    this.clientId = known.clientId;
    this.#clientSequence = known.sequenceId;
    this.sessionId = await this.makeSession();
    this.#sequence = 0;
  }

  async makeSession(): Promise<Buffer> {
    const { status, results } = await this.outside(
      op(createSession, {
        clientId: this.clientId,
        sequence: this.#clientSequence,
        flags: CREATE_SESSION4_FLAG_CONN_BACK_CHAN,
        foreChanAttrs: CHANNEL,
        backChanAttrs: { ...CHANNEL, maxOperations: 4, maxRequests: 2 },
        cbProgram: 0x4000_0000,
        secParms: [{ secFlavor: AUTH_NONE }],
      }),
    );
    given('CREATE_SESSION', status);
    this.#clientSequence = (this.#clientSequence + 1) >>> 0;
    const [made] = results;
    return made?.status === NFS4_OK ? made.sessionId : Buffer.alloc(16);
  }

  /** Without SEQUENCE. */
  outside<const Ops extends readonly Op[]>(...ops: Ops): Promise<ProbeReply<Ops>> {
    return patiently(this.#surroundings, () => this.#probe.compoundOf(this.#version, ops));
  }

  run<const Ops extends readonly Op[]>(...ops: Ops): Promise<ProbeReply<Ops>> {
    return patiently(this.#surroundings, () => this.#attempt(ops));
  }

  async isKnown(): Promise<boolean> {
    return (await this.#attempt([])).status === 'OK';
  }

  async end(): Promise<void> {
    await this.introduce(LATER_LIFE);
    await this.outside(op(destroySession, { sessionId: this.sessionId }));
    given('DESTROY_CLIENTID', (await this.outside(op(destroyClientid, { clientId: this.clientId }))).status);
  }

  async #attempt<const Ops extends readonly Op[]>(ops: Ops): Promise<ProbeReply<Ops>> {
    const { sessionId } = this;
    const first = op(sequence, {
      sessionId,
      sequenceId: this.#sequence + 1,
      slotId: 0,
      highestSlotId: 0,
      cacheThis: true,
    });
    const { status, results } = await this.#probe
      .compoundOf(this.#version, [first, ...ops] as const)
      .catch((error) => {
        // It was answered, with something that cannot be read: the slot has gone on.
        if (error instanceof XdrError) this.#sequence += 1;
        throw error;
      });
    const [sequenced, ...rest] = results as readonly unknown[] as [(typeof results)[0], ...unknown[]];
    if (sequenced?.status === NFS4_OK) this.#sequence += 1;
    return { status, results: rest as unknown as ProbeReply<Ops>['results'] };
  }
}

/** Version 4.0. */
export class SessionlessActor implements Actor {
  readonly sessionId = null;
  readonly client: SessionlessProbe;
  readonly #probe: CompoundProbe;
  readonly #surroundings: Surroundings;

  private constructor(probe: CompoundProbe, surroundings: Surroundings) {
    this.#probe = probe;
    this.#surroundings = surroundings;
    this.client = new SessionlessProbe(probe, surroundings.name);
  }

  static async start(probe: CompoundProbe, surroundings: Surroundings): Promise<SessionlessActor> {
    const actor = new SessionlessActor(probe, surroundings);
    await introduced(actor.client, surroundings);
    return actor;
  }

  get clientId(): bigint {
    return this.client.clientId;
  }

  run<const Ops extends readonly Op[]>(...ops: Ops): Promise<ProbeReply<Ops>> {
    return patiently(this.#surroundings, () => this.client.compound(...ops));
  }

  /** The same for a request of an owner, which is numbered. */
  inSequence<const Ops extends readonly Op[]>(
    owner: string,
    build: (seqid: number) => Ops,
  ): Promise<ProbeReply<Ops>> {
    return patiently(this.#surroundings, () => this.client.inSequence(owner, build));
  }

  async isKnown(): Promise<boolean> {
    return (await this.client.compound(op(renew, { clientId: this.clientId }))).status === 'OK';
  }

  async end(): Promise<void> {
    const options = { verifier: LATER_LIFE };
    await introduced(new SessionlessProbe(this.#probe, this.client.name, options), this.#surroundings);
  }
}

async function introduced(client: SessionlessProbe, surroundings: Surroundings): Promise<void> {
  const known = await client.introduce();
  if (known.status !== NFS4_OK) throw new Error(`SETCLIENTID was answered with status ${known.status}`);
  const { status } = await patiently(surroundings, async () => ({ status: await client.confirm() }));
  given('SETCLIENTID_CONFIRM', status);
}
