/** A client of version 4.1 or 4.2 by hand: it says what the test wants it to say, and remembers what it must to say it. */
import { op } from '../client/compound-probe.ts';
import { attributeSet } from '../nfs4/attributes.ts';
import * as nfs from '../nfs4/constants.ts';
import { close } from '../nfs4/operations/close.ts';
import { freeStateid } from '../nfs4/operations/free-stateid.ts';
import { getFh } from '../nfs4/operations/get-fh.ts';
import { lockU } from '../nfs4/operations/lock-u.ts';
import type { OpenArgs } from '../nfs4/operations/open.ts';
import { putFh } from '../nfs4/operations/put-fh.ts';
import { read } from '../nfs4/operations/read.ts';
import { remove } from '../nfs4/operations/remove.ts';
import { rename } from '../nfs4/operations/rename.ts';
import { saveFh } from '../nfs4/operations/save-fh.ts';
import { setAttr } from '../nfs4/operations/set-attr.ts';
import { testStateid } from '../nfs4/operations/test-stateid.ts';
import { write } from '../nfs4/operations/write.ts';
import { NFS4_OK, statusName } from '../nfs4/status.ts';
import type { Stateid } from '../nfs4/types.ts';
import {
  BY_HANDLE,
  byName,
  FIRST_BYTES,
  firstLockOp,
  type HeldLock,
  type LockWish,
  type OpenFile,
  type OpenWish,
  openOp,
  RECLAIM_OPEN,
} from './requests.ts';
import { WireSession, type WireSessionOptions } from './wire-session.ts';

export interface WireClientOptions extends WireSessionOptions {
  /** The handle of the directory that it works in. */
  readonly directory: Buffer;
}

/** Statuses come back as their names, without prefix. */
export class WireClient extends WireSession {
  readonly #directory: Buffer;

  constructor(options: WireClientOptions) {
    super(options);
    this.#directory = options.directory;
  }

  async open(name: string, wish: OpenWish = {}): Promise<{ status: string; file: OpenFile | null }> {
    const owner = wish.owner ?? 'app';
    const { status, results } = await this.run(
      op(putFh, { object: this.#directory }),
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
    if (file === null) throw this.cannot(`OPEN of ${name}`, status);
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
    if (held === null) throw this.cannot(`LOCK on ${file.name}`, status);
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
    const inDirectory = op(putFh, { object: this.#directory });
    return (await this.run(inDirectory, op(remove, { target: name }))).status;
  }

  async rename(oldName: string, newName: string): Promise<string> {
    const inDirectory = op(putFh, { object: this.#directory });
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
}
