import { type OperationCodec, type StatusResult, statusOnly } from '../operation.ts';

/** RENEW: the client of version 4.0 is alive. RFC 7530 section 16.28. */
export interface RenewArgs {
  readonly clientId: bigint;
}

export type RenewResult = StatusResult;

export const renew: OperationCodec<RenewArgs, RenewResult> = {
  number: 30,
  name: 'RENEW',
  encodeArgs(w, args) {
    w.uint64(args.clientId);
  },
  decodeArgs: (r) => ({ clientId: r.uint64() }),
  ...statusOnly,
};
