import {
  OPAQUE_MAX_BYTES,
  SETXATTR4_CREATE,
  SETXATTR4_EITHER,
  SETXATTR4_REPLACE,
  type SetXattrOption,
} from '../constants.ts';
import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import { type ChangeInfo, decodeChangeInfo, decodeComponent, encodeChangeInfo } from '../types.ts';

/** SETXATTR: gives an extended attribute a value. RFC 8276 section 8.4.2. */
export interface SetXattrArgs {
  readonly option: SetXattrOption;
  readonly name: string;
  readonly value: Buffer;
}

export type SetXattrResult = Outcome<{ readonly cinfo: ChangeInfo }>;

const OPTIONS: readonly SetXattrOption[] = [SETXATTR4_EITHER, SETXATTR4_CREATE, SETXATTR4_REPLACE];

export const setXattr: OperationCodec<SetXattrArgs, SetXattrResult> = {
  number: 73,
  name: 'SETXATTR',
  encodeArgs(w, args) {
    w.uint32(args.option);
    w.utf8(args.name);
    w.opaque(args.value);
  },
  decodeArgs: (r) => ({
    option: r.oneOf(OPTIONS, 'setxattr_option4'),
    name: decodeComponent(r),
    value: r.opaque(OPAQUE_MAX_BYTES),
  }),
  ...okFields(
    (w, fields) => encodeChangeInfo(w, fields.cinfo),
    (r) => ({ cinfo: decodeChangeInfo(r) }),
  ),
};
