import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import { type ChangeInfo, decodeChangeInfo, decodeComponent, encodeChangeInfo } from '../types.ts';

/** REMOVEXATTR: an extended attribute goes. RFC 8276 section 8.4.4. */
export interface RemoveXattrArgs {
  readonly name: string;
}

export type RemoveXattrResult = Outcome<{ readonly cinfo: ChangeInfo }>;

export const removeXattr: OperationCodec<RemoveXattrArgs, RemoveXattrResult> = {
  number: 75,
  name: 'REMOVEXATTR',
  encodeArgs(w, args) {
    w.utf8(args.name);
  },
  decodeArgs: (r) => ({ name: decodeComponent(r) }),
  ...okFields(
    (w, fields) => encodeChangeInfo(w, fields.cinfo),
    (r) => ({ cinfo: decodeChangeInfo(r) }),
  ),
};
