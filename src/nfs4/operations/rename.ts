import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import { type ChangeInfo, decodeChangeInfo, decodeComponent, encodeChangeInfo } from '../types.ts';

/** RENAME: from the saved directory to the current one. RFC 8881 section 18.26. */
export interface RenameArgs {
  readonly oldName: string;
  readonly newName: string;
}

export type RenameResult = Outcome<{ readonly sourceCinfo: ChangeInfo; readonly targetCinfo: ChangeInfo }>;

export const rename: OperationCodec<RenameArgs, RenameResult> = {
  number: 29,
  name: 'RENAME',
  encodeArgs(w, args) {
    w.utf8(args.oldName);
    w.utf8(args.newName);
  },
  decodeArgs: (r) => ({ oldName: decodeComponent(r), newName: decodeComponent(r) }),
  ...okFields(
    (w, fields) => {
      encodeChangeInfo(w, fields.sourceCinfo);
      encodeChangeInfo(w, fields.targetCinfo);
    },
    (r) => ({ sourceCinfo: decodeChangeInfo(r), targetCinfo: decodeChangeInfo(r) }),
  ),
};
