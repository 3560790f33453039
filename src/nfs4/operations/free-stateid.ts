import { type OperationCodec, type StatusResult, statusOnly } from '../operation.ts';
import { decodeStateid, encodeStateid, type Stateid } from '../types.ts';

/** FREE_STATEID: the server may forget a stateid without locks, or a revoked one. RFC 8881 section 18.38. */
export interface FreeStateidArgs {
  readonly stateid: Stateid;
}

export type FreeStateidResult = StatusResult;

export const freeStateid: OperationCodec<FreeStateidArgs, FreeStateidResult> = {
  number: 45,
  name: 'FREE_STATEID',
  encodeArgs(w, args) {
    encodeStateid(w, args.stateid);
  },
  decodeArgs: (r) => ({ stateid: decodeStateid(r) }),
  ...statusOnly,
};
