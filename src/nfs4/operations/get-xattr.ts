import { OPAQUE_MAX_BYTES } from '../constants.ts';
import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import { decodeComponent } from '../types.ts';

/** GETXATTR: the value of an extended attribute. RFC 8276 section 8.4.1. */
export interface GetXattrArgs {
  /** Without the `user.` that the name has in the filesystem (section 5). */
  readonly name: string;
}

export type GetXattrResult = Outcome<{ readonly value: Buffer }>;

export const getXattr: OperationCodec<GetXattrArgs, GetXattrResult> = {
  number: 72,
  name: 'GETXATTR',
  encodeArgs(w, args) {
    w.utf8(args.name);
  },
  decodeArgs: (r) => ({ name: decodeComponent(r) }),
  ...okFields(
    (w, fields) => w.opaque(fields.value),
    (r) => ({ value: r.opaque(OPAQUE_MAX_BYTES) }),
  ),
};
