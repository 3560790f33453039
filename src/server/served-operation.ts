import type { OperationCodec, StatusResult } from '../nfs4/operation.ts';
import {
  type Failure,
  NFS4ERR_NOT_ONLY_OP,
  NFS4ERR_OP_NOT_IN_SESSION,
  NFS4ERR_SEQUENCE_POS,
} from '../nfs4/status.ts';
import type { Compound } from './compound.ts';

/**
 * Where an operation may stand (RFC 8881 sections 2.10.2.3 and 18.46.3).
 * - `sequence`: SEQUENCE itself, first and nowhere else.
 * - `in-session`: after SEQUENCE.
 * - `anywhere`: after SEQUENCE, or as the only operation of a COMPOUND without.
 * - `alone`: as the only operation, never after SEQUENCE.
 */
export type Placement = 'sequence' | 'in-session' | 'anywhere' | 'alone';

/** @param index its place among `count` operations; null: it may stand there */
export function judgePlacement(placement: Placement, index: number, count: number): Failure | null {
  if (index > 0) {
    if (placement === 'sequence') return NFS4ERR_SEQUENCE_POS;
    return placement === 'alone' ? NFS4ERR_NOT_ONLY_OP : null;
  }
  if (placement === 'sequence') return null;
  if (placement === 'in-session') return NFS4ERR_OP_NOT_IN_SESSION;
  return count > 1 ? NFS4ERR_NOT_ONLY_OP : null;
}

/** One operation as this server does it. */
export interface ServedOperation<Args, Result extends StatusResult> {
  readonly codec: OperationCodec<Args, Result>;
  readonly placement: Placement;
  /**
   * What becomes of it when the current filehandle is of a filesystem that is not here. `served`: it is not about that file, or looks for itself.
   * Left out: it is refused (absence.ts).
   */
  readonly onAbsent?: 'served';
  /**
   * Given where what was done cannot be taken back: the bytes of a successful result, without operation number. There
   * must be room for them before it is done (REP_TOO_BIG, RFC 8881 section 2.10.6.4).
   */
  readonly replyBytes?: number;
  /**
   * What must be durable, or heard from another client, before it is served, where it has to be done in one turn from its first question to
   * its answer (version 4.0: its seqid counts from there). Null: nothing. It is served in any case, and looks for itself.
   */
  prepare?(compound: Compound, args: Args): Promise<unknown> | null;
  /** A promise only where something durable must be waited for. Outcomes are values; a throw is a mistake of ours (SERVERFAULT). */
  serve(compound: Compound, args: Args): Result | Promise<Result>;
}

/** Any served operation, where its types do not matter. */
export type AnyServedOperation = ServedOperation<unknown, StatusResult>;

/** The types of an operation's arguments and result are its own business from here on. */
export const served = <Args, Result extends StatusResult>(
  operation: ServedOperation<Args, Result>,
): AnyServedOperation => operation as unknown as AnyServedOperation;
