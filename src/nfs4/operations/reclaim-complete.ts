import { type OperationCodec, type StatusResult, statusOnly } from '../operation.ts';

/** RECLAIM_COMPLETE: the client has taken back all it wants to. RFC 8881 section 18.51. */
export interface ReclaimCompleteArgs {
  /** Only for the filesystem of the current filehandle (after a migration). */
  readonly oneFs: boolean;
}

export type ReclaimCompleteResult = StatusResult;

export const reclaimComplete: OperationCodec<ReclaimCompleteArgs, ReclaimCompleteResult> = {
  number: 58,
  name: 'RECLAIM_COMPLETE',
  encodeArgs(w, args) {
    w.bool(args.oneFs);
  },
  decodeArgs: (r) => ({ oneFs: r.bool() }),
  ...statusOnly,
};
