import { type OperationCodec, type StatusResult, statusOnly } from '../operation.ts';
import { decodeStateid, encodeStateid, type Stateid } from '../types.ts';

/** ALLOCATE: blocks for a range of a file, so that writing there does not run out of space. RFC 7862 section 15.1. */
export interface AllocateArgs {
  readonly stateid: Stateid;
  readonly offset: bigint;
  readonly length: bigint;
}

export type AllocateResult = StatusResult;

export const allocate: OperationCodec<AllocateArgs, AllocateResult> = {
  number: 59,
  name: 'ALLOCATE',
  encodeArgs(w, args) {
    encodeStateid(w, args.stateid);
    w.uint64(args.offset);
    w.uint64(args.length);
  },
  decodeArgs: (r) => ({ stateid: decodeStateid(r), offset: r.uint64(), length: r.uint64() }),
  ...statusOnly,
};
