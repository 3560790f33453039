import { OPAQUE_MAX_BYTES } from '../constants.ts';
import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import { decodeStateid, encodeStateid, type Stateid } from '../types.ts';

/** READ: reads a regular file. RFC 8881 section 18.22. */
export interface ReadArgs {
  readonly stateid: Stateid;
  readonly offset: bigint;
  /** Bytes, at most; the server may return fewer. */
  readonly count: number;
}

export type ReadResult = Outcome<{
  readonly eof: boolean;
  /** Decoded: a window on the reply, not a copy. */
  readonly data: Buffer;
}>;

export const read: OperationCodec<ReadArgs, ReadResult> = {
  number: 25,
  name: 'READ',
  encodeArgs(w, args) {
    encodeStateid(w, args.stateid);
    w.uint64(args.offset);
    w.uint32(args.count);
  },
  decodeArgs: (r) => ({ stateid: decodeStateid(r), offset: r.uint64(), count: r.uint32() }),
  ...okFields(
    (w, fields) => {
      w.bool(fields.eof);
      w.opaque(fields.data);
    },
    (r) => ({ eof: r.bool(), data: r.opaqueView(OPAQUE_MAX_BYTES) }),
  ),
};
