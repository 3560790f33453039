import { type OperationCodec, type StatusResult, statusOnly } from '../operation.ts';
import { decodeStateOwner, encodeStateOwner, type StateOwner } from '../types.ts';

/** RELEASE_LOCKOWNER: the client will not use this lock-owner again. Version 4.0 only; RFC 7530 section 16.37. */
export interface ReleaseLockownerArgs {
  readonly lockOwner: StateOwner;
}

export type ReleaseLockownerResult = StatusResult;

export const releaseLockowner: OperationCodec<ReleaseLockownerArgs, ReleaseLockownerResult> = {
  number: 39,
  name: 'RELEASE_LOCKOWNER',
  encodeArgs(w, args) {
    encodeStateOwner(w, args.lockOwner);
  },
  decodeArgs: (r) => ({ lockOwner: decodeStateOwner(r) }),
  ...statusOnly,
};
