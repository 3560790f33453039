import type { LockType } from '../constants.ts';
import { decodeLockType } from '../lock-denied.ts';
import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import { decodeStateid, encodeStateid, type Stateid } from '../types.ts';

/** LOCKU: unlocks a byte range. RFC 8881 section 18.12. */
export interface LockUArgs {
  /** The server may ignore it. */
  readonly lockType: LockType;
  /** Not used in 4.1 and later. */
  readonly seqid: number;
  readonly lockStateid: Stateid;
  readonly offset: bigint;
  readonly length: bigint;
}

export type LockUResult = Outcome<{ readonly lockStateid: Stateid }>;

export const lockU: OperationCodec<LockUArgs, LockUResult> = {
  number: 14,
  name: 'LOCKU',
  encodeArgs(w, args) {
    w.uint32(args.lockType);
    w.uint32(args.seqid);
    encodeStateid(w, args.lockStateid);
    w.uint64(args.offset);
    w.uint64(args.length);
  },
  decodeArgs: (r) => ({
    lockType: decodeLockType(r),
    seqid: r.uint32(),
    lockStateid: decodeStateid(r),
    offset: r.uint64(),
    length: r.uint64(),
  }),
  ...okFields(
    (w, fields) => encodeStateid(w, fields.lockStateid),
    (r) => ({ lockStateid: decodeStateid(r) }),
  ),
};
