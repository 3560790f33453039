import { DATA_SYNC4, FILE_SYNC4, OPAQUE_MAX_BYTES, type StableHow, UNSTABLE4 } from '../constants.ts';
import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import { decodeStateid, decodeVerifier, encodeStateid, encodeVerifier, type Stateid } from '../types.ts';

/** WRITE: writes a regular file. RFC 8881 section 18.32. */
export interface WriteArgs {
  readonly stateid: Stateid;
  readonly offset: bigint;
  readonly stable: StableHow;
  /** Decoded: a window on the request, not a copy. */
  readonly data: Buffer;
}

export type WriteResult = Outcome<{
  /** Bytes written; may be fewer than were sent. */
  readonly count: number;
  readonly committed: StableHow;
  /** Differs between two replies when the server may have lost what was not committed between them. */
  readonly writeVerf: Buffer;
}>;

const STABLE_HOWS: readonly StableHow[] = [UNSTABLE4, DATA_SYNC4, FILE_SYNC4];

export const write: OperationCodec<WriteArgs, WriteResult> = {
  number: 38,
  name: 'WRITE',
  encodeArgs(w, args) {
    encodeStateid(w, args.stateid);
    w.uint64(args.offset);
    w.uint32(args.stable);
    w.opaque(args.data);
  },
  decodeArgs: (r) => ({
    stateid: decodeStateid(r),
    offset: r.uint64(),
    stable: r.oneOf(STABLE_HOWS, 'stable_how4'),
    data: r.opaqueView(OPAQUE_MAX_BYTES),
  }),
  ...okFields(
    (w, fields) => {
      w.uint32(fields.count);
      w.uint32(fields.committed);
      encodeVerifier(w, fields.writeVerf);
    },
    (r) => ({
      count: r.uint32(),
      committed: r.oneOf(STABLE_HOWS, 'stable_how4'),
      writeVerf: decodeVerifier(r),
    }),
  ),
};
