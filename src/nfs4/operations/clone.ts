import { type OperationCodec, type StatusResult, statusOnly } from '../operation.ts';
import { decodeStateid, encodeStateid, type Stateid } from '../types.ts';

/** CLONE: from the saved file to the current one, sharing blocks, all or nothing. RFC 7862 section 15.13. */
export interface CloneArgs {
  readonly srcStateid: Stateid;
  readonly dstStateid: Stateid;
  readonly srcOffset: bigint;
  readonly dstOffset: bigint;
  /** 0: to the end of the source. */
  readonly count: bigint;
}

export type CloneResult = StatusResult;

export const clone: OperationCodec<CloneArgs, CloneResult> = {
  number: 71,
  name: 'CLONE',
  encodeArgs(w, args) {
    encodeStateid(w, args.srcStateid);
    encodeStateid(w, args.dstStateid);
    w.uint64(args.srcOffset);
    w.uint64(args.dstOffset);
    w.uint64(args.count);
  },
  decodeArgs: (r) => ({
    srcStateid: decodeStateid(r),
    dstStateid: decodeStateid(r),
    srcOffset: r.uint64(),
    dstOffset: r.uint64(),
    count: r.uint64(),
  }),
  ...statusOnly,
};
