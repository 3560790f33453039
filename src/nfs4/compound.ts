/** COMPOUND (RFC 8881 section 16.2): a list of operations that runs until one fails. */
import type { XdrReader } from '../xdr/reader.ts';
import type { XdrWriter } from '../xdr/writer.ts';
import { XdrError } from '../xdr/xdr-error.ts';
import { ARRAY_MAX_ELEMENTS, TAG_MAX_BYTES } from './constants.ts';
import type { OperationCodec, StatusResult } from './operation.ts';
import {
  decodeStatus,
  NFS4_OK,
  NFS4ERR_BADXDR,
  NFS4ERR_INVAL,
  NFS4ERR_OP_ILLEGAL,
  type Status,
} from './status.ts';

/** The number that answers a number which is no operation (RFC 8881 section 18.52). */
export const OP_ILLEGAL = 10044;
const OP_SETATTR = 34;

/** The last operation number of each minor version: RFC 7530, RFC 8881, RFC 7862 with RFC 8276. */
const LAST_OPERATIONS: readonly number[] = [39, 58, 75];
const FIRST_OPERATION = 3;

/**
 * Does this minor version define the operation? If not the answer is OP_ILLEGAL, else an operation that
 * is not implemented is NFS4ERR_NOTSUPP.
 */
export function isDefinedOperation(number: number, minorVersion: number): boolean {
  return number >= FIRST_OPERATION && number <= (LAST_OPERATIONS[minorVersion] ?? 0);
}

/** What the operation (or, in its tag, the COMPOUND) answers whose arguments could not be read. */
export function statusOfXdrError(error: XdrError): typeof NFS4ERR_BADXDR | typeof NFS4ERR_INVAL {
  return error.kind === 'utf8' ? NFS4ERR_INVAL : NFS4ERR_BADXDR;
}

/** COMPOUND4args up to its operations. */
export interface CompoundHeader {
  /** For people who read traces; the reply repeats it, byte by byte. */
  readonly tag: Buffer;
  readonly minorVersion: number;
  readonly operationCount: number;
}

/**
 * Reads the head of a request. Then, `operationCount` times: the operation's number with `r.uint32()`, and
 * its arguments with its codec's `decodeArgs`.
 */
export function decodeCompoundHeader(r: XdrReader): CompoundHeader {
  const tag = r.opaque(TAG_MAX_BYTES);
  const minorVersion = r.uint32();
  return { tag, minorVersion, operationCount: r.count(ARRAY_MAX_ELEMENTS, 4) };
}

/** Writes a COMPOUND4res result by result; count and status are put in at the end. */
export class CompoundReplyWriter {
  readonly #w: XdrWriter;
  readonly #statusAt: number;
  readonly #countAt: number;
  #count = 0;
  #status: Status = NFS4_OK;

  /** Writes the head of the reply at the writer's position. */
  constructor(w: XdrWriter, tag: Buffer) {
    this.#w = w;
    this.#statusAt = w.placeholder();
    w.opaque(tag);
    this.#countAt = w.placeholder();
  }

  /** Results so far. */
  get count(): number {
    return this.#count;
  }

  /** The status of the last result. */
  get status(): Status {
    return this.#status;
  }

  /** Adds a result and returns the writer's position before it, for {@link dropLast}. */
  add<Result extends StatusResult>(operation: SentOperation<Result>, result: Result): number {
    const start = this.#w.position;
    this.#w.uint32(operation.number);
    operation.encodeResult(this.#w, result);
    this.#count += 1;
    this.#status = result.status;
    return start;
  }

  /** Adds a result that is no more than a failure: an operation that was not understood or not done. */
  addFailure(operationNumber: number, status: Exclude<Status, typeof NFS4_OK>): number {
    const start = this.#w.position;
    this.#w.uint32(operationNumber);
    this.#w.uint32(status);
    // SETATTR4res alone has a field on failure as well: what was set (RFC 8881 section 18.30.2).
    if (operationNumber === OP_SETATTR) this.#w.uint32(0);
    this.#count += 1;
    this.#status = status;
    return start;
  }

  /** Takes back the last result, which began at `start`: it was too large for the session's limits. */
  dropLast(start: number): void {
    this.#w.truncate(start);
    this.#count -= 1;
  }

  /** Puts count and status in. `status` is the last result's, but for a COMPOUND that was refused as a whole. */
  finish(status: Status = this.#status): void {
    this.#w.patchUint32(this.#statusAt, status);
    this.#w.patchUint32(this.#countAt, this.#count);
  }
}

/** A codec whose argument type does not matter any more; only `decodeArgs` could not be called without it. */
type SentOperation<Result> = Omit<OperationCodec<never, Result>, 'decodeArgs'>;

/** An operation with its arguments. Made by {@link call}, which checks that they belong together. */
export interface OperationCall<Result extends StatusResult = StatusResult> {
  readonly op: SentOperation<Result>;
  readonly args: unknown;
}

export function call<Args, Result extends StatusResult>(
  op: OperationCodec<Args, Result>,
  args: Args,
): OperationCall<Result> {
  return { op, args };
}

export interface Compound<Calls extends readonly OperationCall[] = readonly OperationCall[]> {
  readonly tag?: string;
  readonly minorVersion: number;
  readonly ops: Calls;
}

/** Writes a COMPOUND4args. */
export function encodeCompound(w: XdrWriter, compound: Compound): void {
  w.utf8(compound.tag ?? '');
  w.uint32(compound.minorVersion);
  w.uint32(compound.ops.length);
  for (const { op, args } of compound.ops) {
    w.uint32(op.number);
    op.encodeArgs(w, args as never);
  }
}

/** What came back: the results of the operations that ran, each in the place of its call. */
export interface CompoundReply<Calls extends readonly OperationCall[] = readonly OperationCall[]> {
  /** The status of the last operation that ran. */
  readonly status: Status;
  readonly tag: Buffer;
  /** As long as many operations ran; all but the last are NFS4_OK. */
  readonly results: { readonly [I in keyof Calls]?: ResultOf<Calls[I]> };
}

type ResultOf<Call> = Call extends OperationCall<infer Result> ? Result : never;

/** Reads the COMPOUND4res that answers `calls`. Throws XdrError also when it answers something else. */
export function decodeCompoundReply<const Calls extends readonly OperationCall[]>(
  r: XdrReader,
  calls: Calls,
): CompoundReply<Calls> {
  const status = decodeStatus(r);
  const tag = r.opaque(TAG_MAX_BYTES);
  const count = r.count(calls.length, 8);
  if (status === NFS4_OK && count < calls.length) {
    throw new XdrError(`${count} results and no failure for ${calls.length} operations`);
  }
  const results = calls.slice(0, count).map(({ op }) => decodeOperationResult(r, op));
  return { status, tag, results: results as unknown as CompoundReply<Calls>['results'] };
}

function decodeOperationResult(r: XdrReader, op: SentOperation<StatusResult>): StatusResult {
  const number = r.uint32();
  if (number === OP_ILLEGAL) return { status: r.oneOf([NFS4ERR_OP_ILLEGAL], 'status of OP_ILLEGAL') };
  if (number !== op.number) throw new XdrError(`a result of operation ${number} where ${op.name} was sent`);
  return op.decodeResult(r);
}
