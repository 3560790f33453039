import { type OperationCodec, type Outcome, okFields } from '../operation.ts';

/** ACCESS: which of the rights ACCESS4_* does the caller have? RFC 8881 section 18.1. */
export interface AccessArgs {
  readonly access: number;
}

export type AccessResult = Outcome<{
  /** The rights that the server can tell about. */
  readonly supported: number;
  /** Those of them that the caller has. */
  readonly access: number;
}>;

export const access: OperationCodec<AccessArgs, AccessResult> = {
  number: 3,
  name: 'ACCESS',
  encodeArgs(w, args) {
    w.uint32(args.access);
  },
  decodeArgs: (r) => ({ access: r.uint32() }),
  ...okFields(
    (w, fields) => {
      w.uint32(fields.supported);
      w.uint32(fields.access);
    },
    (r) => ({ supported: r.uint32(), access: r.uint32() }),
  ),
};
