import { type OperationCodec, type StatusResult, statusOnly } from '../operation.ts';
import { decodeSessionId, encodeSessionId } from '../types.ts';

/** DESTROY_SESSION: ends a session; the client's state stays. RFC 8881 section 18.37. */
export interface DestroySessionArgs {
  readonly sessionId: Buffer;
}

export type DestroySessionResult = StatusResult;

export const destroySession: OperationCodec<DestroySessionArgs, DestroySessionResult> = {
  number: 44,
  name: 'DESTROY_SESSION',
  encodeArgs(w, args) {
    encodeSessionId(w, args.sessionId);
  },
  decodeArgs: (r) => ({ sessionId: decodeSessionId(r) }),
  ...statusOnly,
};
