import { type OperationCodec, type StatusResult, statusOnly } from '../operation.ts';

/** DELEGPURGE: the client has reclaimed every delegation that it wants back. RFC 8881 section 18.5. */
export interface DelegPurgeArgs {
  readonly clientId: bigint;
}

export type DelegPurgeResult = StatusResult;

export const delegPurge: OperationCodec<DelegPurgeArgs, DelegPurgeResult> = {
  number: 7,
  name: 'DELEGPURGE',
  encodeArgs(w, args) {
    w.uint64(args.clientId);
  },
  decodeArgs: (r) => ({ clientId: r.uint64() }),
  ...statusOnly,
};
