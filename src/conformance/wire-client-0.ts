/** A client of version 4.0 by hand (RFC 7530): no sessions, and owners that number their requests. */

import type { Op } from '../client/compound.ts';
import { op, type ProbeReply } from '../client/compound-probe.ts';
import type { Principal } from '../client/principal.ts';
import * as nfs from '../nfs4/constants.ts';
import { close } from '../nfs4/operations/close.ts';
import { getFh } from '../nfs4/operations/get-fh.ts';
import type { OpenArgs, OpenResult } from '../nfs4/operations/open.ts';
import { openConfirm } from '../nfs4/operations/open-confirm.ts';
import { putFh } from '../nfs4/operations/put-fh.ts';
import { read } from '../nfs4/operations/read.ts';
import { renew } from '../nfs4/operations/renew.ts';
import { setClientid } from '../nfs4/operations/set-clientid.ts';
import { setClientidConfirm } from '../nfs4/operations/set-clientid-confirm.ts';
import { NFS4_OK } from '../nfs4/status.ts';
import type { Stateid } from '../nfs4/types.ts';
import { Connection } from './connection.ts';
import { Unjudged } from './outcome.ts';
import {
  byName,
  firstLockOp,
  type LockWish,
  type OpenFile,
  type OpenWish,
  openOp,
  RECLAIM_OPEN,
} from './requests.ts';
import type { ServerUnderTest } from './server-under-test.ts';

/** Nobody is there: no delegations, please. */
const NO_CALLBACK = { cbProgram: 0x4000_0000, cbLocation: { netId: 'tcp', address: '0.0.0.0.0.0' } } as const;

/** After these the owner's number is the same as before (RFC 7530 section 9.1.7). */
const NUMBER_STAYS = new Set([
  'STALE_CLIENTID',
  'STALE_STATEID',
  'BAD_STATEID',
  'BAD_SEQID',
  'BADXDR',
  'RESOURCE',
  'NOFILEHANDLE',
  'MOVED',
  'DELAY',
]);

export interface WireClient0Options {
  readonly server: ServerUnderTest;
  readonly name: string;
  readonly ownerId: Buffer;
  readonly verifier: Buffer;
  readonly principal: Principal;
  readonly directory: Buffer;
}

export class WireClient0 {
  readonly name: string;
  clientId = 0n;
  renewing = false;
  readonly #options: WireClient0Options;
  readonly #connection: Connection;
  readonly #seqids = new Map<string, number>();
  #confirm: Buffer = Buffer.alloc(8);

  constructor(options: WireClient0Options) {
    this.#options = options;
    this.name = options.name;
    this.#connection = new Connection(options.server, options.principal, 0);
  }

  run<const Ops extends readonly Op[]>(...ops: Ops): Promise<ProbeReply<Ops>> {
    return this.#connection.alone((send) => send(...ops));
  }

  async setClientid(verifier = this.#options.verifier): Promise<string> {
    const request = op(setClientid, {
      client: { verifier, id: this.#options.ownerId },
      callback: NO_CALLBACK,
      callbackIdent: 0,
    });
    const { status, results } = await this.run(request);
    const [known] = results;
    if (known?.status === NFS4_OK) {
      this.clientId = known.clientId;
      this.#confirm = known.setclientidConfirm;
      this.#seqids.clear();
    }
    return status;
  }

  async confirm(): Promise<string> {
    const { clientId } = this;
    const { status } = await this.run(
      op(setClientidConfirm, { clientId, setclientidConfirm: this.#confirm }),
    );
    if (status === 'OK') this.renewing = true;
    return status;
  }

  /** @throws {Unjudged} */
  async start(): Promise<this> {
    this.#given('SETCLIENTID', await this.setClientid());
    this.#given('SETCLIENTID_CONFIRM', await this.confirm());
    return this;
  }

  async renew(): Promise<string> {
    return (await this.run(op(renew, { clientId: this.clientId }))).status;
  }

  /** By name, and confirmed if the server asks for that. */
  async open(name: string, wish: OpenWish = {}): Promise<{ status: string; file: OpenFile | null }> {
    const owner = wish.owner ?? 'app';
    const { status, results } = await this.run(
      op(putFh, { object: this.#options.directory }),
      this.#open(owner, byName(name), wish),
      op(getFh, {}),
    );
    const [, opened, handle] = results;
    this.#count(owner, opened === undefined ? 'NOFILEHANDLE' : opened.status === NFS4_OK ? 'OK' : status);
    if (opened?.status !== NFS4_OK || handle?.status !== NFS4_OK) return { status, file: null };
    const file = { name, handle: handle.object, owner, stateid: opened.stateid };
    if ((opened.rflags & nfs.OPEN4_RESULT_CONFIRM) !== 0)
      this.#given('OPEN_CONFIRM', await this.confirmOpen(file));
    return { status, file };
  }

  /** @throws {Unjudged} */
  async opened(name: string, wish: OpenWish = {}): Promise<OpenFile> {
    const { status, file } = await this.open(name, wish);
    if (file === null) throw new Unjudged(`OPEN of ${name} by ${this.name} was answered ${status}`);
    return file;
  }

  async confirmOpen(file: OpenFile): Promise<string> {
    const request = op(openConfirm, { openStateid: file.stateid, seqid: this.#next(file.owner) });
    const { status, results } = await this.run(op(putFh, { object: file.handle }), request);
    this.#count(file.owner, status);
    const confirmed = results[1];
    if (confirmed?.status === NFS4_OK) file.stateid = confirmed.openStateid;
    return status;
  }

  /** OPEN, CLAIM_PREVIOUS; the result tells whether it is to be confirmed. */
  async reclaimOpen(
    file: OpenFile,
    wish: OpenWish = {},
  ): Promise<{ status: string; result: OpenResult | undefined }> {
    const opening = this.#open(file.owner, RECLAIM_OPEN, wish);
    const { status, results } = await this.run(op(putFh, { object: file.handle }), opening);
    this.#count(file.owner, status);
    const result = results[1];
    if (result?.status === NFS4_OK) file.stateid = result.stateid;
    return { status, result };
  }

  async lock(file: OpenFile, wish: LockWish = {}): Promise<string> {
    const owner = { clientId: this.clientId, owner: Buffer.from(`${wish.owner ?? file.owner} locks`) };
    const request = firstLockOp(file, { owner, seqid: this.#next(file.owner) }, wish);
    const { status } = await this.run(op(putFh, { object: file.handle }), request);
    this.#count(file.owner, status);
    return status;
  }

  async read(file: OpenFile, stateid: Stateid = file.stateid): Promise<string> {
    const request = op(read, { stateid, offset: 0n, count: 16 });
    return (await this.run(op(putFh, { object: file.handle }), request)).status;
  }

  async closeFile(file: OpenFile): Promise<string> {
    const request = op(close, { seqid: this.#next(file.owner), openStateid: file.stateid });
    const { status } = await this.run(op(putFh, { object: file.handle }), request);
    this.#count(file.owner, status);
    return status;
  }

  cut(): void {
    this.#connection.cut();
  }

  close(): void {
    this.#connection.close();
  }

  /** The version has no way to leave: a new instance takes all state from this one, and falls silent. */
  async end(fresh: Buffer): Promise<void> {
    this.renewing = false;
    if (this.clientId !== 0n && (await this.setClientid(fresh)) === 'OK') await this.confirm();
  }

  #open(owner: string, claim: OpenArgs['claim'], wish: OpenWish) {
    const stateOwner = { clientId: this.clientId, owner: Buffer.from(owner) };
    return openOp({ owner: stateOwner, seqid: this.#next(owner) }, claim, wish);
  }

  #next(owner: string): number {
    return (this.#seqids.get(owner) ?? 0) + 1;
  }

  #count(owner: string, status: string): void {
    if (!NUMBER_STAYS.has(status)) this.#seqids.set(owner, this.#next(owner));
  }

  #given(what: string, status: string): void {
    if (status !== 'OK') throw new Unjudged(`${what} by ${this.name} was answered ${status}`);
  }
}
