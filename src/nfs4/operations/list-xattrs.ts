import { ARRAY_MAX_ELEMENTS } from '../constants.ts';
import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import { decodeArray, decodeComponent, encodeArray } from '../types.ts';

/** LISTXATTRS: names of extended attributes, as many as fit. RFC 8276 section 8.4.3. */
export interface ListXattrsArgs {
  /** 0: from the beginning. */
  readonly cookie: bigint;
  /** Bytes of the answer: cookie, names and eof, as XDR. */
  readonly maxCount: number;
}

export type ListXattrsResult = Outcome<{
  readonly cookie: bigint;
  readonly names: readonly string[];
  readonly eof: boolean;
}>;

const LEAST_NAME_BYTES = 4;

export const listXattrs: OperationCodec<ListXattrsArgs, ListXattrsResult> = {
  number: 74,
  name: 'LISTXATTRS',
  encodeArgs(w, args) {
    w.uint64(args.cookie);
    w.uint32(args.maxCount);
  },
  decodeArgs: (r) => ({ cookie: r.uint64(), maxCount: r.uint32() }),
  ...okFields(
    (w, fields) => {
      w.uint64(fields.cookie);
      encodeArray(w, fields.names, (_, name) => w.utf8(name));
      w.bool(fields.eof);
    },
    (r) => ({
      cookie: r.uint64(),
      names: decodeArray(r, ARRAY_MAX_ELEMENTS, LEAST_NAME_BYTES, decodeComponent),
      eof: r.bool(),
    }),
  ),
};
