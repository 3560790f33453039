import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import { decodeStateid, encodeStateid, type Stateid } from '../types.ts';

/** SEEK: where the next data, or the next hole, begins. RFC 7862 section 15.11. */
export interface SeekArgs {
  readonly stateid: Stateid;
  readonly offset: bigint;
  /** data_content4. Any number may come: one that the server does not know is NFS4ERR_UNION_NOTSUPP. */
  readonly what: number;
}

export type SeekResult = Outcome<{
  /** There is none of what was sought from the offset to the end of the file. */
  readonly eof: boolean;
  readonly offset: bigint;
}>;

export const seek: OperationCodec<SeekArgs, SeekResult> = {
  number: 69,
  name: 'SEEK',
  encodeArgs(w, args) {
    encodeStateid(w, args.stateid);
    w.uint64(args.offset);
    w.uint32(args.what);
  },
  decodeArgs: (r) => ({ stateid: decodeStateid(r), offset: r.uint64(), what: r.uint32() }),
  ...okFields(
    (w, fields) => {
      w.bool(fields.eof);
      w.uint64(fields.offset);
    },
    (r) => ({ eof: r.bool(), offset: r.uint64() }),
  ),
};
