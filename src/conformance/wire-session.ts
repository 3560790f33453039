/** The half of a client by hand that every version from 4.1 on has: client id, session, RECLAIM_COMPLETE. */
import type { Op } from '../client/compound.ts';
import { op, type ProbeReply } from '../client/compound-probe.ts';
import type { Principal } from '../client/principal.ts';
import * as nfs from '../nfs4/constants.ts';
import { createSession } from '../nfs4/operations/create-session.ts';
import { destroyClientid } from '../nfs4/operations/destroy-clientid.ts';
import { destroySession } from '../nfs4/operations/destroy-session.ts';
import { type ExchangeIdResult, exchangeId } from '../nfs4/operations/exchange-id.ts';
import { putFh } from '../nfs4/operations/put-fh.ts';
import { reclaimComplete } from '../nfs4/operations/reclaim-complete.ts';
import { sequence } from '../nfs4/operations/sequence.ts';
import { NFS4_OK } from '../nfs4/status.ts';
import { AUTH_NONE } from '../rpc/message.ts';
import { Connection } from './connection.ts';
import { Unjudged } from './outcome.ts';
import type { ServerUnderTest } from './server-under-test.ts';

const CHANNEL = {
  headerPadSize: 0,
  maxRequestSize: 64 * 1024,
  maxResponseSize: 64 * 1024,
  maxResponseSizeCached: 4096,
  maxOperations: 16,
  maxRequests: 4,
  rdmaIrd: null,
} as const;

export interface WireSessionOptions {
  readonly server: ServerUnderTest;
  /** For people. */
  readonly name: string;
  readonly ownerId: Buffer;
  /** 8 bytes. */
  readonly verifier: Buffer;
  readonly principal: Principal;
  readonly version: 1 | 2;
  /** For how long it asks again when it is told DELAY. */
  readonly patienceMs: number;
}

/** Statuses come back as their names, without prefix. */
export class WireSession {
  readonly name: string;
  readonly ownerId: Buffer;
  readonly principal: Principal;
  verifier: Buffer;
  clientId = 0n;
  /** Null: none, or one that the server does not know any more. */
  sessionId: Buffer | null = null;
  /** SEQ4_STATUS_* of the newest reply. */
  statusFlags = 0;
  /** It has a session, and renews its lease by itself (roster.ts). */
  renewing = false;
  readonly #options: WireSessionOptions;
  readonly #connection: Connection;
  /** Of the next CREATE_SESSION. */
  #clientSequence = 0;
  /** Of the newest request on slot 0. */
  #slotSequence = 0;

  constructor(options: WireSessionOptions) {
    const { server, name, ownerId, verifier, principal, version } = options;
    this.#options = options;
    this.name = name;
    this.ownerId = ownerId;
    this.verifier = verifier;
    this.principal = principal;
    this.#connection = new Connection(server, principal, version);
  }

  // ---- client id and session ----

  async exchange(flags = 0): Promise<{ status: string; result: ExchangeIdResult | undefined }> {
    const { verifier, ownerId } = this;
    const request = op(exchangeId, {
      clientOwner: { verifier, ownerId },
      flags,
      stateProtect: { how: nfs.SP4_NONE },
      clientImplId: null,
    });
    const { status, results } = await this.outside(request);
    const [result] = results;
    if (result?.status === NFS4_OK) {
      this.clientId = result.clientId;
      this.#clientSequence = result.sequenceId;
    }
    return { status, result };
  }

  async createSession(): Promise<string> {
    const request = op(createSession, {
      clientId: this.clientId,
      sequence: this.#clientSequence,
      flags: 0,
      foreChanAttrs: CHANNEL,
      backChanAttrs: { ...CHANNEL, maxOperations: 2, maxRequests: 1 },
      cbProgram: 0x4000_0000,
      secParms: [{ secFlavor: AUTH_NONE }],
    });
    const { status, results } = await this.outside(request);
    const [result] = results;
    if (result?.status === NFS4_OK) {
      this.#clientSequence = (this.#clientSequence + 1) >>> 0;
      this.sessionId = result.sessionId;
      this.#slotSequence = 0;
      this.renewing = true;
    }
    return status;
  }

  /** Says nothing more until it is told to: its lease runs out. */
  fallSilent(): void {
    this.renewing = false;
  }

  /** Client id and session; no RECLAIM_COMPLETE. @throws {Unjudged} */
  async connect(): Promise<this> {
    this.given('EXCHANGE_ID', (await this.exchange()).status);
    this.given('CREATE_SESSION', await this.createSession());
    return this;
  }

  /** Ready to work. @throws {Unjudged} */
  async start(): Promise<this> {
    await this.connect();
    this.given('RECLAIM_COMPLETE', await this.complete());
    return this;
  }

  async complete(): Promise<string> {
    return (await this.run(op(reclaimComplete, { oneFs: false }))).status;
  }

  /** RECLAIM_COMPLETE, and the very same request once more. */
  async completeTwice(): Promise<[string, string]> {
    const [first, again] = await this.#twice(op(reclaimComplete, { oneFs: false }));
    return [first.status, again.status];
  }

  /** For one filesystem, that of the handle. */
  async completeOneFs(handle: Buffer | null): Promise<string> {
    const request = op(reclaimComplete, { oneFs: true });
    const ops = handle === null ? [request] : [op(putFh, { object: handle }), request];
    return (await this.run(...ops)).status;
  }

  async renew(): Promise<string> {
    return (await this.run()).status;
  }

  /** COMPOUNDs without SEQUENCE. */
  outside<const Ops extends readonly Op[]>(...ops: Ops): Promise<ProbeReply<Ops>> {
    return this.#patiently(() => this.#connection.alone((send) => send(...ops)));
  }

  /** SEQUENCE, then the operations; `results` are those of the operations. */
  run<const Ops extends readonly Op[]>(...ops: Ops): Promise<ProbeReply<Ops>> {
    return this.#patiently(() => this.#inSession(ops));
  }

  #twice<const Ops extends readonly Op[]>(...ops: Ops): Promise<[ProbeReply<Ops>, ProbeReply<Ops>]> {
    return this.#connection.alone(async () => {
      const first = await this.#sequenced(this.#slotSequence + 1, ops);
      return [first, await this.#sequenced(this.#slotSequence, ops)];
    });
  }

  #inSession<const Ops extends readonly Op[]>(ops: Ops): Promise<ProbeReply<Ops>> {
    return this.#connection.alone(() => this.#sequenced(this.#slotSequence + 1, ops));
  }

  /** Only in a turn of the connection: slot 0 has one request at a time. */
  async #sequenced<const Ops extends readonly Op[]>(sequenceId: number, ops: Ops): Promise<ProbeReply<Ops>> {
    if (this.sessionId === null) throw new Unjudged(`${this.name} has no session`);
    const first = op(sequence, {
      sessionId: this.sessionId,
      sequenceId,
      slotId: 0,
      highestSlotId: 0,
      cacheThis: true,
    });
    const { status, results } = await this.#connection.send(first, ...ops);
    const [sequenced, ...rest] = results as readonly unknown[] as [(typeof results)[0], ...unknown[]];
    if (sequenced?.status === NFS4_OK) {
      this.#slotSequence = sequenceId;
      this.statusFlags = sequenced.statusFlags;
    }
    return { status, results: rest as unknown as ProbeReply<Ops>['results'] };
  }

  async #patiently<Reply extends { readonly status: string }>(attempt: () => Promise<Reply>): Promise<Reply> {
    const { server, patienceMs } = this.#options;
    const endMs = server.clock.nowMs() + patienceMs;
    for (;;) {
      const reply = await attempt();
      if (reply.status !== 'DELAY' || server.clock.nowMs() >= endMs) return reply;
      await new Promise<void>((go) => void server.clock.after(Math.max(patienceMs / 50, 20), go));
    }
  }

  /** Says what the other one would say, where nobody knows it. */
  impersonate(other: WireSession): void {
    this.clientId = other.clientId;
    this.sessionId = other.sessionId;
    this.#clientSequence = other.#clientSequence;
    this.#slotSequence = other.#slotSequence;
  }

  // ---- ends ----

  /** What the server was says nothing to this client any more: it must dial, and its session is as old as the connection. */
  cut(): void {
    this.#connection.cut();
  }

  close(): void {
    this.#connection.close();
  }

  /** Leaves nothing behind, whatever state it is in: a new instance of the client takes the place of this one and goes. */
  async end(fresh: Buffer): Promise<void> {
    this.renewing = false;
    if (this.clientId !== 0n) {
      this.verifier = fresh;
      const known = await this.exchange();
      if (known.status === 'OK' && (await this.createSession()) === 'OK' && this.sessionId !== null) {
        await this.outside(op(destroySession, { sessionId: this.sessionId }));
        await this.outside(op(destroyClientid, { clientId: this.clientId }));
      }
    }
  }

  /** @throws {Unjudged} when something that must work for the test to be one does not */
  given(what: string, status: string): void {
    if (status !== 'OK') throw this.cannot(what, status);
  }

  /** Why there is nothing to judge. */
  protected cannot(what: string, status: string): Unjudged {
    return new Unjudged(`${what} by ${this.name} was answered ${status}`);
  }
}
