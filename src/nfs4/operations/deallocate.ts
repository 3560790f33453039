import { type OperationCodec, type StatusResult, statusOnly } from '../operation.ts';
import { decodeStateid, encodeStateid, type Stateid } from '../types.ts';

/** DEALLOCATE: the range of a file becomes a hole and reads as zeros. RFC 7862 section 15.4. */
export interface DeallocateArgs {
  readonly stateid: Stateid;
  readonly offset: bigint;
  readonly length: bigint;
}

export type DeallocateResult = StatusResult;

export const deallocate: OperationCodec<DeallocateArgs, DeallocateResult> = {
  number: 62,
  name: 'DEALLOCATE',
  encodeArgs(w, args) {
    encodeStateid(w, args.stateid);
    w.uint64(args.offset);
    w.uint64(args.length);
  },
  decodeArgs: (r) => ({ stateid: decodeStateid(r), offset: r.uint64(), length: r.uint64() }),
  ...statusOnly,
};
