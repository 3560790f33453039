/**
 * One client of a measurement: a client id, a session and a file of its own. What has to be there before and to go away after is
 * said over a connection of its own; what is measured goes over another one, with nothing of a client library in between.
 */
import { CompoundProbe, op, type ProbeSession } from '../../client/compound-probe.ts';
import { credentialOf, type Principal } from '../../client/principal.ts';
import type { Clock, Random } from '../../core/clock.ts';
import { attributeSet } from '../../nfs4/attributes.ts';
import { decodeCompoundReply, type OperationCall } from '../../nfs4/compound.ts';
import * as nfs from '../../nfs4/constants.ts';
import type { StatusResult } from '../../nfs4/operation.ts';
import { close } from '../../nfs4/operations/close.ts';
import { destroyClientid } from '../../nfs4/operations/destroy-clientid.ts';
import { destroySession } from '../../nfs4/operations/destroy-session.ts';
import { getFh } from '../../nfs4/operations/get-fh.ts';
import { lock } from '../../nfs4/operations/lock.ts';
import { lockU } from '../../nfs4/operations/lock-u.ts';
import { lookup } from '../../nfs4/operations/lookup.ts';
import { open } from '../../nfs4/operations/open.ts';
import { putFh } from '../../nfs4/operations/put-fh.ts';
import { putRootFh } from '../../nfs4/operations/put-root-fh.ts';
import { reclaimComplete } from '../../nfs4/operations/reclaim-complete.ts';
import { remove } from '../../nfs4/operations/remove.ts';
import { write } from '../../nfs4/operations/write.ts';
import { NFS4_OK, statusName } from '../../nfs4/status.ts';
import { decodeReply } from '../../rpc/reply.ts';
import { XdrReader } from '../../xdr/reader.ts';
import { RequestTemplate } from './request-template.ts';

export interface BenchSessionOptions {
  readonly host: string;
  readonly port: number;
  /** From the root to the directory to work in. */
  readonly path: readonly string[];
  /** Owner id, and name of the file. */
  readonly name: string;
  /** Requests at a time. */
  readonly slots: number;
  readonly clock: Clock;
  readonly random: Random;
  /** How long it asks again while the server is in grace or says DELAY. */
  readonly patienceMs: number;
}

export interface OpenedFile {
  readonly name: string;
  readonly directory: Buffer;
  readonly handle: Buffer;
  /** Of the stateid of the open, which is for reading and writing. */
  readonly openOther: Buffer;
}

interface ByteRange {
  readonly offset: bigint;
  readonly length: bigint;
}

const MIB = 1024 * 1024;
/** For the headers around the largest READ or WRITE. */
const HEADER_ROOM = 4096;
const ANSWER_MS = 30_000;
const ASK_AGAIN_MS = 200;
const PRINCIPAL: Principal = { uid: 0, gid: 0, machine: 'gracelab-bench' };
const BEFORE_ITS_TIME = ['GRACE', 'DELAY'];

export class BenchSession {
  readonly clientId: bigint;
  readonly #options: BenchSessionOptions;
  readonly #probe: CompoundProbe;
  readonly #session: ProbeSession;
  #file: OpenedFile | null = null;
  readonly #undo: (() => Promise<unknown>)[] = [];

  private constructor(options: BenchSessionOptions, probe: CompoundProbe, session: ProbeSession) {
    this.#options = options;
    this.#probe = probe;
    this.#session = session;
    this.clientId = session.clientId;
  }

  /** Client id, session, RECLAIM_COMPLETE, and the file. @throws Error one sentence, when one of them is refused */
  static async start(options: BenchSessionOptions): Promise<BenchSession> {
    const { host, port, clock, random, name, slots } = options;
    const probe = await CompoundProbe.connect({
      ...{ host, port, clock, random, principal: PRINCIPAL, timeoutMs: ANSWER_MS },
    });
    try {
      const verifier = Buffer.from(Array.from({ length: 8 }, () => Math.floor(random() * 256)));
      const channel = channelOf(slots + 1);
      const opened = await probe.session(name, { verifier, channel });
      const { maxRequests } = opened.granted;
      if (maxRequests < channel.maxRequests)
        throw new Error(
          `the server grants ${maxRequests} slots and not the ${channel.maxRequests} that were asked for`,
        );
      const session = new BenchSession(options, probe, opened);
      await session.#begin();
      return session;
    } catch (error) {
      probe.close();
      throw error;
    }
  }

  get file(): OpenedFile {
    if (this.#file === null) throw new Error('the file has not been opened yet');
    return this.#file;
  }

  /** @param slotId from 0 to one less than the slots of the options */
  template(slotId: number, ops: readonly OperationCall[]): RequestTemplate {
    const { slots } = this.#options;
    const { sessionId } = this.#session;
    // Slot 0 is the one that things are prepared on.
    return new RequestTemplate(
      credentialOf(PRINCIPAL),
      { sessionId, slotId: slotId + 1, highestSlotId: slots },
      ops,
    );
  }

  /** The result of one operation of a template. @throws Error one sentence, when it failed */
  resultOf<Result extends StatusResult>(
    template: RequestTemplate,
    reply: Buffer,
    of: OperationCall<Result>,
  ): Extract<Result, { readonly status: typeof NFS4_OK }> {
    const r = new XdrReader(reply);
    decodeReply(r);
    const { status, results } = decodeCompoundReply(r, template.ops);
    const result = results[template.ops.indexOf(of)];
    if (result?.status !== NFS4_OK) throw refused(of.op.name, statusName(status));
    return result as Extract<Result, { readonly status: typeof NFS4_OK }>;
  }

  /** Makes a lock-owner known to the file. @returns `other` of its stateid; it holds nothing */
  async lockOnce(file: OpenedFile, slotId: number, range: ByteRange): Promise<Buffer> {
    const lockOwner = { clientId: this.clientId, owner: Buffer.from(`locker ${slotId}`) };
    const openOwner = { openSeqid: 0, openStateid: newest(file.openOther), lockSeqid: 0, lockOwner };
    const locker = { newLockOwner: true, openOwner } as const;
    const onFile = op(putFh, { object: file.handle });
    const take = op(lock, { lockType: nfs.WRITE_LT, reclaim: false, ...range, locker });
    const { results } = await this.#patiently('LOCK', onFile, take);
    const taken = results[1];
    if (taken?.status !== NFS4_OK) throw refused('LOCK', 'nothing');
    const { other } = taken.lockStateid;
    const give = op(lockU, { lockType: nfs.WRITE_LT, seqid: 0, lockStateid: newest(other), ...range });
    await this.#patiently('LOCKU', onFile, give);
    return other;
  }

  /** Puts `bytes` bytes where the slot reads and writes. */
  async fill(file: OpenedFile, slotId: number, bytes: number): Promise<void> {
    const request = op(write, {
      stateid: newest(file.openOther),
      offset: BigInt(slotId * bytes),
      stable: nfs.UNSTABLE4,
      data: Buffer.alloc(bytes, 'f'),
    });
    const { results } = await this.#patiently('WRITE', op(putFh, { object: file.handle }), request);
    const written = results[1];
    if (written?.status === NFS4_OK && written.count < bytes)
      throw new Error(`of a WRITE of ${bytes} bytes the server took ${written.count}`);
  }

  /** Leaves nothing behind, as far as the server lets it. */
  async end(): Promise<void> {
    try {
      for (const undo of this.#undo.reverse()) await undo();
    } finally {
      this.#probe.close();
    }
  }

  async #begin(): Promise<void> {
    const { path, name } = this.#options;
    const { sessionId } = this.#session;
    this.#undo.push(() => this.#probe.compound(op(destroyClientid, { clientId: this.clientId })));
    this.#undo.push(() => this.#probe.compound(op(destroySession, { sessionId })));
    await this.#patiently('RECLAIM_COMPLETE', op(reclaimComplete, { oneFs: false }));
    const way = path.map((component) => op(lookup, { objName: component }));
    const walk = await this.#patiently(
      `LOOKUP of /${path.join('/')}`,
      op(putRootFh, {}),
      ...way,
      op(getFh, {}),
    );
    const directory = handleOf(walk.results.at(-1));
    const inDirectory = op(putFh, { object: directory });
    const owner = { clientId: this.clientId, owner: Buffer.from('bench') };
    const opening = op(open, {
      seqid: 0,
      shareAccess: nfs.OPEN4_SHARE_ACCESS_BOTH | nfs.OPEN4_SHARE_ACCESS_WANT_NO_DELEG,
      shareDeny: 0,
      owner,
      openHow: {
        openType: nfs.OPEN4_CREATE,
        how: { mode: nfs.UNCHECKED4, createAttrs: attributeSet({ mode: 0o600 }) },
      },
      claim: { claim: nfs.CLAIM_NULL, file: name },
    });
    const { results } = await this.#patiently('OPEN', inDirectory, opening, op(getFh, {}));
    const opened = results[1];
    if (opened?.status !== NFS4_OK) throw refused('OPEN', 'nothing');
    const handle = handleOf(results[2]);
    const openOther = opened.stateid.other;
    this.#file = { name, directory, handle, openOther };
    this.#undo.push(() => this.#session.compound(inDirectory, op(remove, { target: name })));
    const onFile = op(putFh, { object: handle });
    const closing = op(close, { seqid: 0, openStateid: newest(openOther) });
    this.#undo.push(() => this.#session.compound(onFile, closing));
  }

  /** @throws Error one sentence, when it fails for another reason than that it came too early */
  async #patiently<const Ops extends readonly OperationCall[]>(what: string, ...ops: Ops) {
    const { clock, patienceMs } = this.#options;
    const endMs = clock.nowMs() + patienceMs;
    for (;;) {
      const reply = await this.#session.compound(...ops);
      if (reply.status === 'OK') return reply;
      if (!BEFORE_ITS_TIME.includes(reply.status) || clock.nowMs() >= endMs)
        throw refused(what, reply.status);
      await new Promise<void>((go) => void clock.after(ASK_AGAIN_MS, go));
    }
  }
}

const refused = (what: string, status: string) => new Error(`${what} was answered ${status}`);
const newest = (other: Buffer) => ({ seqid: 0, other });

const channelOf = (slots: number) => ({
  maxRequestSize: MIB + HEADER_ROOM,
  maxResponseSize: MIB + HEADER_ROOM,
  maxRequests: slots,
});

function handleOf(result: unknown): Buffer {
  const { object } = (result ?? {}) as { readonly object?: Buffer };
  if (object === undefined) throw refused('GETFH', 'nothing');
  return object;
}
