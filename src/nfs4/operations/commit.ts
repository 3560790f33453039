import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import { decodeVerifier, encodeVerifier } from '../types.ts';

/** COMMIT: puts what was written UNSTABLE4 on stable storage. RFC 8881 section 18.3. */
export interface CommitArgs {
  readonly offset: bigint;
  /** Bytes; 0 means to the end of the file. */
  readonly count: number;
}

export type CommitResult = Outcome<{
  /** Differs from the one of the WRITE when the server may have lost what was not committed. */
  readonly writeVerf: Buffer;
}>;

export const commit: OperationCodec<CommitArgs, CommitResult> = {
  number: 5,
  name: 'COMMIT',
  encodeArgs(w, args) {
    w.uint64(args.offset);
    w.uint32(args.count);
  },
  decodeArgs: (r) => ({ offset: r.uint64(), count: r.uint32() }),
  ...okFields(
    (w, fields) => encodeVerifier(w, fields.writeVerf),
    (r) => ({ writeVerf: decodeVerifier(r) }),
  ),
};
