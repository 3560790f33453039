import { type OperationCodec, type StatusResult, statusOnly } from '../operation.ts';

/** DESTROY_CLIENTID: the client is gone for good. RFC 8881 section 18.50. */
export interface DestroyClientidArgs {
  readonly clientId: bigint;
}

export type DestroyClientidResult = StatusResult;

export const destroyClientid: OperationCodec<DestroyClientidArgs, DestroyClientidResult> = {
  number: 57,
  name: 'DESTROY_CLIENTID',
  encodeArgs(w, args) {
    w.uint64(args.clientId);
  },
  decodeArgs: (r) => ({ clientId: r.uint64() }),
  ...statusOnly,
};
