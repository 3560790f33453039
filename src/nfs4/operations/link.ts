import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import { type ChangeInfo, decodeChangeInfo, decodeComponent, encodeChangeInfo } from '../types.ts';

/** LINK: gives the saved filehandle's file one more name in the current directory. RFC 8881 section 18.9. */
export interface LinkArgs {
  readonly newName: string;
}

export type LinkResult = Outcome<{ readonly cinfo: ChangeInfo }>;

export const link: OperationCodec<LinkArgs, LinkResult> = {
  number: 11,
  name: 'LINK',
  encodeArgs(w, args) {
    w.utf8(args.newName);
  },
  decodeArgs: (r) => ({ newName: decodeComponent(r) }),
  ...okFields(
    (w, fields) => encodeChangeInfo(w, fields.cinfo),
    (r) => ({ cinfo: decodeChangeInfo(r) }),
  ),
};
