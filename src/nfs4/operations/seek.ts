import { type DataContent, NFS4_CONTENT_DATA, NFS4_CONTENT_HOLE } from '../constants.ts';
import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import { decodeStateid, encodeStateid, type Stateid } from '../types.ts';

/** SEEK: where the next data, or the next hole, begins. RFC 7862 section 15.11. */
export interface SeekArgs {
  readonly stateid: Stateid;
  readonly offset: bigint;
  readonly what: DataContent;
}

export type SeekResult = Outcome<{
  /** There is none of what was sought from the offset to the end of the file. */
  readonly eof: boolean;
  readonly offset: bigint;
}>;

const CONTENTS: readonly DataContent[] = [NFS4_CONTENT_DATA, NFS4_CONTENT_HOLE];

export const seek: OperationCodec<SeekArgs, SeekResult> = {
  number: 69,
  name: 'SEEK',
  encodeArgs(w, args) {
    encodeStateid(w, args.stateid);
    w.uint64(args.offset);
    w.uint32(args.what);
  },
  decodeArgs: (r) => ({
    stateid: decodeStateid(r),
    offset: r.uint64(),
    what: r.oneOf(CONTENTS, 'data_content4'),
  }),
  ...okFields(
    (w, fields) => {
      w.bool(fields.eof);
      w.uint64(fields.offset);
    },
    (r) => ({ eof: r.bool(), offset: r.uint64() }),
  ),
};
