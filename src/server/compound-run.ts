import { crc32 } from 'node:zlib';
import {
  type CompoundHeader,
  CompoundReplyWriter,
  isDefinedOperation,
  OP_ILLEGAL,
  statusOfXdrError,
} from '../nfs4/compound.ts';
import type { StatusResult } from '../nfs4/operation.ts';
import type { SequenceArgs } from '../nfs4/operations/sequence.ts';
import {
  type Failure,
  NFS4_OK,
  NFS4ERR_DEADSESSION,
  NFS4ERR_DELAY,
  NFS4ERR_MINOR_VERS_MISMATCH,
  NFS4ERR_NOTSUPP,
  NFS4ERR_OP_ILLEGAL,
  NFS4ERR_REP_TOO_BIG,
  NFS4ERR_REP_TOO_BIG_TO_CACHE,
  NFS4ERR_RESOURCE,
  NFS4ERR_RETRY_UNCACHED_REP,
  NFS4ERR_SERVERFAULT,
} from '../nfs4/status.ts';
import type { XdrReader } from '../xdr/reader.ts';
import type { XdrWriter } from '../xdr/writer.ts';
import { XdrError } from '../xdr/xdr-error.ts';
import { judgePresence } from './absence.ts';
import type { Peer } from './callbacks/peer.ts';
import type { Caller } from './caller.ts';
import { Compound } from './compound.ts';
import { type OperationTable, operationsOf } from './operations/index.ts';
import { enterSession } from './operations/sequence.ts';
import { before } from './patience.ts';
import { type AnyServedOperation, judgePlacement } from './served-operation.ts';
import type { ServerState } from './server-state.ts';
import type { Client } from './state/clients.ts';
import { finishRequest, type RequestFingerprint } from './state/slots.ts';
import { senderOf } from './version-0/sender.ts';

/** Bytes of a request that go into its fingerprint; a WRITE of a megabyte is told from another by its head. */
const FINGERPRINT_BYTES = 1024;
/** A COMPOUND of more operations than this lets others have their turn when it has taken so long: sixty READDIRs would keep them waiting for a second. */
const SHORT_COUNT = 4;
const TURN_MS = 10;
/** Operation number and status of a result that is a failure. */
const FAILURE_BYTES = 8;

/**
 * One COMPOUND, from its first operation to its reply (RFC 8881 section 16.2). Runs to the end in one turn, unless an
 * operation waits for something durable; then other requests get their turns in between.
 */
export class CompoundRun {
  readonly #message: Buffer;
  readonly #reader: XdrReader;
  readonly #writer: XdrWriter;
  readonly #bodyAt: number;
  readonly #reply: CompoundReplyWriter;
  readonly #table: OperationTable | undefined;
  readonly #compound: Compound;
  readonly #count: number;
  /** The place of the operation at hand. */
  #index = 0;
  /** A kept reply was written instead of a new one. */
  #replayed = false;
  #changed = false;

  /**
   * @param reader stands behind the header, in `message`
   * @param writer stands behind the RPC header of the reply
   */
  constructor(
    server: ServerState,
    caller: Caller,
    header: CompoundHeader,
    message: Buffer,
    reader: XdrReader,
    writer: XdrWriter,
    peer: Peer | null,
  ) {
    this.#message = message;
    this.#reader = reader;
    this.#writer = writer;
    this.#bodyAt = writer.position;
    this.#reply = new CompoundReplyWriter(writer, header.tag);
    this.#table = operationsOf(header.minorVersion);
    this.#count = header.operationCount;
    this.#compound = new Compound(server, caller, {
      minorVersion: header.minorVersion,
      operationCount: header.operationCount,
      requestBytes: message.length,
      peer,
    });
    if (header.minorVersion === 0) this.#compound.findSender = () => this.#findSender();
  }

  #findSender(): Client | null {
    const rest = this.#message.subarray(this.#reader.position);
    return senderOf(this.#compound.server, rest, this.#count - this.#index - 1, (number, r) =>
      this.#table?.[number]?.codec.decodeArgs(r),
    );
  }

  /** Was something done that cannot be taken back? */
  get changed(): boolean {
    return this.#changed;
  }

  /** Writes the reply. A promise only when some operation had to wait. */
  run(): Promise<void> | undefined {
    if (this.#table === undefined) {
      this.#reply.finish(NFS4ERR_MINOR_VERS_MISMATCH);
      return undefined;
    }
    return this.#goOn(this.#table);
  }

  #goOn(table: OperationTable): Promise<void> | undefined {
    const { clock } = this.#compound.server.settings;
    const untilMs = this.#count > SHORT_COUNT ? clock.nowMs() + TURN_MS : Number.POSITIVE_INFINITY;
    while (!this.#replayed && this.#index < this.#count && this.#reply.status === NFS4_OK) {
      const pending = this.#step(table);
      this.#index += 1;
      if (pending !== undefined) return pending.then(() => this.#goOn(table));
      if (untilMs < Number.POSITIVE_INFINITY && clock.nowMs() >= untilMs)
        return new Promise(setImmediate).then(() => this.#goOn(table));
    }
    this.#finish();
    return undefined;
  }

  /** Does one operation and writes its result. */
  #step(table: OperationTable): Promise<void> | undefined {
    let number = OP_ILLEGAL;
    const start = this.#reader.position;
    try {
      number = this.#reader.uint32();
      const operation = table[number];
      const refusal = this.#judge(operation, number);
      if (refusal !== null) {
        this.#fail(refusal === NFS4ERR_OP_ILLEGAL ? OP_ILLEGAL : number, refusal);
        return undefined;
      }
      return this.#serve(operation as AnyServedOperation, start);
    } catch (error) {
      this.#fail(number, error instanceof XdrError ? statusOfXdrError(error) : this.#defect(error));
      return undefined;
    }
  }

  /** Is this an operation, and may it stand here? Null: yes. */
  #judge(operation: AnyServedOperation | undefined, number: number): Failure | null {
    const { request } = this.#compound;
    if (operation === undefined && !isDefinedOperation(number, request.minorVersion))
      return NFS4ERR_OP_ILLEGAL;
    const misplaced =
      request.minorVersion === 0
        ? this.#judgeLength()
        : judgePlacement(operation?.placement ?? 'in-session', this.#index, this.#count);
    if (misplaced !== null) return misplaced;
    return this.#judgeAfterWait() ?? (operation === undefined ? NFS4ERR_NOTSUPP : null);
  }

  /** What may have happened while this operation, or one before it, was waiting. Null: nothing that matters. */
  #judgeAfterWait(): Failure | null {
    const { server, session } = this.#compound;
    // What clients have here is being let go, and nothing may be taken after that.
    if (server.stopped) return NFS4ERR_DELAY;
    return session?.destroyed ? NFS4ERR_DEADSESSION : null;
  }

  /** Is what it is about here, and still here if it has waited? Null: yes. */
  #judgePresence({ onAbsent }: AnyServedOperation): Failure | null {
    return onAbsent === 'served' ? null : judgePresence(this.#compound);
  }

  /** Without sessions nothing was agreed on, and RESOURCE is what is said of any limit (RFC 7530 section 13.1.1.5). */
  #judgeLength(): Failure | null {
    const { limits } = this.#compound.server.settings;
    return this.#index < limits.operationsPerCompound ? null : NFS4ERR_RESOURCE;
  }

  /** @param start where the operation begins in the message */
  #serve(operation: AnyServedOperation, start: number): Promise<void> | undefined {
    const compound = this.#compound;
    const args = operation.codec.decodeArgs(this.#reader);
    compound.operationBytes = this.#message.subarray(start, this.#reader.position);
    if (operation.placement === 'sequence' && !this.#enter(operation, args as SequenceArgs)) return undefined;
    const absence = this.#judgePresence(operation);
    if (absence !== null) {
      this.#fail(operation.codec.number, absence);
      return undefined;
    }
    compound.remaining = this.#count - this.#index - 1;
    compound.replyRoom = this.#limit() - this.#writer.position;
    if ((operation.replyBytes ?? 0) + FAILURE_BYTES > compound.replyRoom) {
      this.#fail(operation.codec.number, this.#tooBig());
      return undefined;
    }
    compound.patient = compound.server.settings.patienceMs > 0;
    const prepared = operation.prepare?.(compound, args) ?? null;
    if (prepared === null) return this.#answer(operation, args);
    return prepared.then(
      () => this.#goOnWith(operation, args),
      (error) => this.#fail(operation.codec.number, this.#defect(error)),
    );
  }

  /** @param waitingSinceMs when the operation was done first, on the clock */
  #answer(operation: AnyServedOperation, args: unknown, waitingSinceMs?: number): Promise<void> | undefined {
    const compound = this.#compound;
    const { rights } = compound.server.settings;
    const result = rights.during(compound.caller.credentials, () => {
      try {
        return operation.serve(compound, args);
      } finally {
        compound.served();
      }
    });
    const departing = compound.takeDeparting();
    if (departing !== null) return this.#again(operation, args, departing, waitingSinceMs);
    if (operation.replyBytes !== undefined) this.#changed = true;
    if (!(result instanceof Promise)) {
      this.#add(operation, result);
      return undefined;
    }
    return result.then(
      (settled) => this.#add(operation, settled),
      (error) => this.#fail(operation.codec.number, this.#defect(error)),
    );
  }

  /** Row 21: what an expired client had is on its way out. When it is gone nothing has changed but that, and the operation begins anew. */
  async #again(
    operation: AnyServedOperation,
    args: unknown,
    departing: Promise<boolean>,
    waitingSinceMs?: number,
  ): Promise<void> {
    const compound = this.#compound;
    const { clock, patienceMs } = compound.server.settings;
    const sinceMs = waitingSinceMs ?? clock.nowMs();
    // The last time it gets the answer that it gets.
    compound.patient = await before(
      clock,
      departing.catch(() => false),
      sinceMs + patienceMs,
      false,
    );
    await this.#goOnWith(operation, args, sinceMs);
  }

  /** It has waited. */
  #goOnWith(
    operation: AnyServedOperation,
    args: unknown,
    waitingSinceMs?: number,
  ): Promise<void> | undefined {
    const refusal = this.#judgeAfterWait() ?? this.#judgePresence(operation);
    if (refusal === null) return this.#answer(operation, args, waitingSinceMs);
    this.#fail(operation.codec.number, refusal);
    return undefined;
  }

  /** SEQUENCE: false when the reply is complete with this. */
  #enter(operation: AnyServedOperation, args: SequenceArgs): boolean {
    const compound = this.#compound;
    const entry = enterSession(compound, args, this.#fingerprint());
    switch (entry.kind) {
      case 'entered':
        compound.client.inFlight += 1;
        return true;
      case 'refused':
        this.#fail(operation.codec.number, entry.status);
        return false;
      case 'replay':
        this.#writer.truncate(this.#bodyAt);
        this.#writer.opaqueFixed(entry.reply, entry.reply.length);
        this.#replayed = true;
        return false;
      case 'uncached':
        this.#answerUncached(operation);
        return false;
    }
  }

  /** The request was done, its reply is lost: SEQUENCE succeeds, what follows tells (RFC 8881 section 2.10.6.1.3). */
  #answerUncached(sequence: AnyServedOperation): void {
    const { session, slot } = this.#compound;
    this.#add(sequence, sequence.serve(this.#compound, undefined) as StatusResult);
    // It is not this request that holds the slot.
    this.#compound.session = null;
    this.#compound.slot = null;
    if (session === null || slot === null) throw new Error('a retry came without its slot');
    this.#fail(this.#reader.uint32(), NFS4ERR_RETRY_UNCACHED_REP);
  }

  /** The rest of the message behind SEQUENCE, whose own `sa_highest_slotid` may differ in a retry. */
  #fingerprint(): RequestFingerprint {
    const { position } = this.#reader;
    return {
      principal: this.#compound.caller.principal,
      bytes: this.#message.length - position,
      checksum: crc32(this.#message.subarray(position, position + FINGERPRINT_BYTES)),
    };
  }

  #add(operation: AnyServedOperation, result: StatusResult): void {
    const start = this.#writer.position;
    try {
      this.#reply.add(operation.codec, result);
    } catch (error) {
      this.#writer.truncate(start);
      this.#fail(operation.codec.number, this.#defect(error));
      return;
    }
    if (this.#writer.position <= this.#limit()) return;
    this.#reply.dropLast(start);
    this.#fail(operation.codec.number, this.#tooBig());
  }

  #fail(operationNumber: number, status: Failure): void {
    this.#reply.addFailure(operationNumber, status);
  }

  /** Bytes that the reply may have in all. */
  #limit(): number {
    const { session, keepReply, replyLimit } = this.#compound;
    return session !== null && keepReply
      ? Math.min(replyLimit, session.fore.maxResponseSizeCached)
      : replyLimit;
  }

  #tooBig(): Failure {
    if (this.#compound.request.minorVersion === 0) return NFS4ERR_RESOURCE;
    const { keepReply, replyLimit } = this.#compound;
    return keepReply && this.#limit() < replyLimit ? NFS4ERR_REP_TOO_BIG_TO_CACHE : NFS4ERR_REP_TOO_BIG;
  }

  #finish(): void {
    if (this.#replayed) return;
    this.#reply.finish();
    const { session, slot, keepReply } = this.#compound;
    if (session === null || slot === null || !slot.inProgress) return;
    session.client.inFlight -= 1;
    // A lone SEQUENCE is always kept: it is small, and there is no second operation to say that it was not.
    finishRequest(slot, keepReply || this.#count === 1 ? this.#writer.copy(this.#bodyAt) : null);
  }

  /** A mistake of ours must not take the reply with it; whoever runs the server decides whether it goes on. */
  #defect(error: unknown): typeof NFS4ERR_SERVERFAULT {
    this.#compound.server.settings.onDefect(error);
    return NFS4ERR_SERVERFAULT;
  }
}
