import { type OperationCodec, type StatusResult, statusOnly } from '../operation.ts';
import { decodeComponent } from '../types.ts';

/** LOOKUP: makes the named object in the current directory the current filehandle. RFC 8881 section 18.13. */
export interface LookupArgs {
  readonly objName: string;
}

export type LookupResult = StatusResult;

export const lookup: OperationCodec<LookupArgs, LookupResult> = {
  number: 15,
  name: 'LOOKUP',
  encodeArgs(w, args) {
    w.utf8(args.objName);
  },
  decodeArgs: (r) => ({ objName: decodeComponent(r) }),
  ...statusOnly,
};
