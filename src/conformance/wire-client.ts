/** A client of version 4.1 or 4.2 by hand: it says what the test wants it to say, and remembers what it must to say it. */
import { op, type ProbeReply } from '../client/compound-probe.ts';
import type { Op } from '../client/compound.ts';
import type { Principal } from '../client/principal.ts';
import { attributeSet } from '../nfs4/attributes.ts';
import * as nfs from '../nfs4/constants.ts';
import { close } from '../nfs4/operations/close.ts';
import { createSession } from '../nfs4/operations/create-session.ts';
import { destroyClientid } from '../nfs4/operations/destroy-clientid.ts';
import { destroySession } from '../nfs4/operations/destroy-session.ts';
import { exchangeId, type ExchangeIdResult } from '../nfs4/operations/exchange-id.ts';
import { freeStateid } from '../nfs4/operations/free-stateid.ts';
import { getFh } from '../nfs4/operations/get-fh.ts';
import { lockU } from '../nfs4/operations/lock-u.ts';
import type { OpenArgs } from '../nfs4/operations/open.ts';
import { putFh } from '../nfs4/operations/put-fh.ts';
import { read } from '../nfs4/operations/read.ts';
import { reclaimComplete } from '../nfs4/operations/reclaim-complete.ts';
import { remove } from '../nfs4/operations/remove.ts';
import { rename } from '../nfs4/operations/rename.ts';
import { saveFh } from '../nfs4/operations/save-fh.ts';
import { sequence } from '../nfs4/operations/sequence.ts';
import { setAttr } from '../nfs4/operations/set-attr.ts';
import { testStateid } from '../nfs4/operations/test-stateid.ts';
import { write } from '../nfs4/operations/write.ts';
import { NFS4_OK, statusName } from '../nfs4/status.ts';
import type { Stateid } from '../nfs4/types.ts';
import { AUTH_NONE } from '../rpc/message.ts';
import { Connection } from './connection.ts';
import { Unjudged } from './outcome.ts';
import {
  BY_HANDLE,
  byName,
  FIRST_BYTES,
  firstLockOp,
  type HeldLock,
  type LockWish,
  type OpenFile,
  openOp,
  type OpenWish,
  RECLAIM_OPEN,
} from './requests.ts';
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

export interface WireClientOptions {
  readonly server: ServerUnderTest;
  /** For people. */
  readonly name: string;
  readonly ownerId: Buffer;
  /** 8 bytes. */
  readonly verifier: Buffer;
  readonly principal: Principal;
  readonly version: 1 | 2;
  /** The handle of the directory that it works in. */
  readonly directory: Buffer;
  /** For how long it asks again when it is told DELAY. */
  readonly patienceMs: number;
}

/** Statuses come back as their names, without prefix. */
export class WireClient {
  readonly name: string;
  readonly ownerId: Buffer;
  readonly principal: Principal;
  verifier: Buffer;
  clientId = 0n;
  /** Null: none, or one that the server does not know any more. */
  sessionId: Buffer | null = null;
  /** SEQ4_STATUS_* of the newest reply. */
  statusFlags = 0;
  /** It renews its lease by itself. */
  renewing = true;
  readonly #options: WireClientOptions;
  readonly #connection: Connection;
  /** Of the next CREATE_SESSION. */
  #clientSequence = 0;
  /** Of the newest request on slot 0. */
  #slotSequence = 0;

  constructor(options: WireClientOptions) {
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
    }
    return status;
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

  /** Of the filesystem of the directory, or of whatever `handle` says. */
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

  /** The same, and then once more as a retransmission of the very same request. */
  twice<const Ops extends readonly Op[]>(...ops: Ops): Promise<[ProbeReply<Ops>, ProbeReply<Ops>]> {
    return this.#connection.alone(async () => {
      const first = await this.#sequenced(this.#slotSequence + 1, ops);
      return [first, await this.#sequenced(this.#slotSequence, ops)];
    });
  }

  #inSession<const Ops extends readonly Op[]>(ops: Ops): Promise<ProbeReply<Ops>> {
    return this.#connection.alone(() => this.#sequenced(this.#slotSequence + 1, ops));
  }

  /** Only in a turn of the connection: slot 0 has one request at a time. */
  async #sequenced<const Ops extends readonly Op[]>(
    sequenceId: number,
    ops: Ops,
  ): Promise<ProbeReply<Ops>> {
    if (this.sessionId === null) throw new Unjudged(`${this.name} has no session`);
    const first = op(sequence, {
      sessionId: this.sessionId,
      sequenceId,
      slotId: 0,
      highestSlotId: 0,
      cacheThis: true,
    });
    const { status, results } = await this.#connection.send(first, ...ops);
    const [sequenced, ...rest] = results as readonly unknown[] as [typeof results[0], ...unknown[]];
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

  // ---- files ----

  async open(name: string, wish: OpenWish = {}): Promise<{ status: string; file: OpenFile | null }> {
    const owner = wish.owner ?? 'app';
    const { status, results } = await this.run(
      op(putFh, { object: this.#options.directory }),
      this.#open(owner, byName(name), wish),
      op(getFh, {}),
    );
    const [, opened, handle] = results;
    if (opened?.status !== NFS4_OK || handle?.status !== NFS4_OK) return { status, file: null };
    return { status, file: { name, handle: handle.object, owner, stateid: opened.stateid } };
  }

  /** What the test needs to begin with. @throws {Unjudged} */
  async opened(name: string, wish: OpenWish = {}): Promise<OpenFile> {
    const { status, file } = await this.open(name, wish);
    if (file === null) throw this.#cannot(`OPEN of ${name}`, status);
    return file;
  }

  /** OPEN, CLAIM_PREVIOUS; the file's stateid is the new one if it is granted. */
  reclaimOpen(file: OpenFile, wish: OpenWish = {}): Promise<string> {
    return this.#openHandle(file, RECLAIM_OPEN, wish);
  }

  /** OPEN, CLAIM_FH. */
  openByHandle(file: OpenFile, wish: OpenWish = {}): Promise<string> {
    return this.#openHandle(file, BY_HANDLE, wish);
  }

  async #openHandle(file: OpenFile, claim: OpenArgs['claim'], wish: OpenWish): Promise<string> {
    const opening = this.#open(file.owner, claim, wish);
    const { status, results } = await this.run(op(putFh, { object: file.handle }), opening);
    const opened = results[1];
    if (opened?.status === NFS4_OK) file.stateid = opened.stateid;
    return status;
  }

  #open(owner: string, claim: OpenArgs['claim'], wish: OpenWish) {
    return openOp({ owner: { clientId: this.clientId, owner: Buffer.from(owner) }, seqid: 0 }, claim, wish);
  }

  async lock(file: OpenFile, wish: LockWish = {}): Promise<{ status: string; held: HeldLock | null }> {
    const owner = { clientId: this.clientId, owner: Buffer.from(wish.owner ?? file.owner) };
    const request = firstLockOp(file, { owner, seqid: 0 }, wish);
    const { status, results } = await this.run(op(putFh, { object: file.handle }), request);
    const locked = results[1];
    const range = wish.range ?? FIRST_BYTES;
    return { status, held: locked?.status === NFS4_OK ? { file, range, stateid: locked.lockStateid } : null };
  }

  /** @throws {Unjudged} */
  async locked(file: OpenFile, wish: LockWish = {}): Promise<HeldLock> {
    const { status, held } = await this.lock(file, wish);
    if (held === null) throw this.#cannot(`LOCK on ${file.name}`, status);
    return held;
  }

  async reclaimLock(file: OpenFile, wish: LockWish = {}): Promise<string> {
    return (await this.lock(file, { ...wish, reclaim: true })).status;
  }

  async unlock({ file, range, stateid }: HeldLock): Promise<string> {
    const request = op(lockU, { lockType: nfs.WRITE_LT, seqid: 0, lockStateid: stateid, ...range });
    return (await this.run(op(putFh, { object: file.handle }), request)).status;
  }

  async read(file: OpenFile, stateid: Stateid = file.stateid): Promise<string> {
    const request = op(read, { stateid, offset: 0n, count: 16 });
    return (await this.run(op(putFh, { object: file.handle }), request)).status;
  }

  async write(file: OpenFile, stateid: Stateid = file.stateid): Promise<string> {
    const request = op(write, { stateid, offset: 0n, stable: nfs.FILE_SYNC4, data: Buffer.from('content') });
    return (await this.run(op(putFh, { object: file.handle }), request)).status;
  }

  async closeFile(file: OpenFile): Promise<string> {
    const request = op(close, { seqid: 0, openStateid: file.stateid });
    return (await this.run(op(putFh, { object: file.handle }), request)).status;
  }

  async setMode(file: OpenFile, mode: number): Promise<string> {
    const stateid = { seqid: 0, other: Buffer.alloc(nfs.NFS4_OTHER_SIZE) };
    const request = op(setAttr, { stateid, objAttributes: attributeSet({ mode }) });
    return (await this.run(op(putFh, { object: file.handle }), request)).status;
  }

  async remove(name: string): Promise<string> {
    const inDirectory = op(putFh, { object: this.#options.directory });
    return (await this.run(inDirectory, op(remove, { target: name }))).status;
  }

  async rename(oldName: string, newName: string): Promise<string> {
    const inDirectory = op(putFh, { object: this.#options.directory });
    return (await this.run(inDirectory, op(saveFh, {}), op(rename, { oldName, newName }))).status;
  }

  /** What TEST_STATEID says of each; of none, when it fails as a whole. */
  async test(...stateids: readonly Stateid[]): Promise<string[]> {
    const { results } = await this.run(op(testStateid, { stateids }));
    const [tested] = results;
    return tested?.status === NFS4_OK ? tested.statusCodes.map(statusName) : [];
  }

  async free(stateid: Stateid): Promise<string> {
    return (await this.run(op(freeStateid, { stateid }))).status;
  }

  // ---- ends ----

  /** What the server was says nothing to this client any more: it must dial, and its session is as old as the connection. */
  cut(): void {
    this.#connection.cut();
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
    this.cut();
  }

  /** @throws {Unjudged} when something that must work for the test to be one does not */
  given(what: string, status: string): void {
    if (status !== 'OK') throw this.#cannot(what, status);
  }

  #cannot(what: string, status: string): Unjudged {
    return new Unjudged(`${what} by ${this.name} was answered ${status}`);
  }
}
