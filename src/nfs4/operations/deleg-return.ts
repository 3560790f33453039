import { type OperationCodec, type StatusResult, statusOnly } from '../operation.ts';
import { decodeStateid, encodeStateid, type Stateid } from '../types.ts';

/** DELEGRETURN: the delegation is given back. RFC 8881 section 18.6. */
export interface DelegReturnArgs {
  readonly delegStateid: Stateid;
}

export type DelegReturnResult = StatusResult;

export const delegReturn: OperationCodec<DelegReturnArgs, DelegReturnResult> = {
  number: 8,
  name: 'DELEGRETURN',
  encodeArgs(w, args) {
    encodeStateid(w, args.delegStateid);
  },
  decodeArgs: (r) => ({ delegStateid: decodeStateid(r) }),
  ...statusOnly,
};
