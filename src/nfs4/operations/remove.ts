import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import { type ChangeInfo, decodeChangeInfo, decodeComponent, encodeChangeInfo } from '../types.ts';

/** REMOVE: removes a name, of a directory too if it is empty, from the current directory. RFC 8881 section 18.25. */
export interface RemoveArgs {
  readonly target: string;
}

export type RemoveResult = Outcome<{ readonly cinfo: ChangeInfo }>;

export const remove: OperationCodec<RemoveArgs, RemoveResult> = {
  number: 28,
  name: 'REMOVE',
  encodeArgs(w, args) {
    w.utf8(args.target);
  },
  decodeArgs: (r) => ({ target: decodeComponent(r) }),
  ...okFields(
    (w, fields) => encodeChangeInfo(w, fields.cinfo),
    (r) => ({ cinfo: decodeChangeInfo(r) }),
  ),
};
