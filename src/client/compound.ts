/** One COMPOUND as the client sees it: a list of operations out, as many results as were run back. */

import { call, decodeCompoundReply, encodeCompound, type OperationCall } from '../nfs4/compound.ts';
import type { StatusResult } from '../nfs4/operation.ts';
import { NFS4ERR_SERVERFAULT, type Status } from '../nfs4/status.ts';
import type { XdrReader } from '../xdr/reader.ts';
import type { XdrWriter } from '../xdr/writer.ts';
import { XdrError } from '../xdr/xdr-error.ts';
import type { CallOutcome } from './rpc-connection.ts';

/** NFSv4.1 */
export const MINOR_VERSION = 1;

export type Op<Result extends StatusResult = StatusResult> = OperationCall<Result>;
/** `op(lock, {...})`: an operation with its arguments, and the key to its result. */
export const op = call;

export class CompoundReply {
  /** Of the last operation that was run. */
  readonly status: Status;
  readonly #ops: readonly Op[];
  /** In the same order, as far as they were run. */
  readonly #results: readonly (StatusResult | undefined)[];

  constructor(status: Status, ops: readonly Op[], results: readonly (StatusResult | undefined)[]) {
    this.status = status;
    this.#ops = ops;
    this.#results = results;
  }

  /** The result of one of the operations that were sent; null when an earlier one failed. */
  of<Result extends StatusResult>(sent: Op<Result>): Result | null {
    return (this.#results[this.#ops.indexOf(sent)] as Result | undefined) ?? null;
  }
}

export function compoundWriter(ops: readonly Op[]): (w: XdrWriter) => void {
  return (w) => encodeCompound(w, { minorVersion: MINOR_VERSION, ops });
}

/**
 * The reply to `ops`. A server that does not answer with a COMPOUND at all, or with one that cannot be
 * read, has answered SERVERFAULT as far as the client can tell.
 */
export function readReply(
  ops: readonly Op[],
  outcome: Exclude<CallOutcome, { kind: 'lost' }>,
): CompoundReply {
  if (outcome.kind === 'rejected') return new CompoundReply(NFS4ERR_SERVERFAULT, ops, []);
  return decode(ops, outcome.results);
}

function decode(ops: readonly Op[], r: XdrReader): CompoundReply {
  try {
    const { status, results } = decodeCompoundReply(r, ops);
    return new CompoundReply(status, ops, results);
  } catch (error) {
    if (error instanceof XdrError) return new CompoundReply(NFS4ERR_SERVERFAULT, ops, []);
    throw error;
  }
}
