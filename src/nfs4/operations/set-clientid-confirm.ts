import { type OperationCodec, type StatusResult, statusOnly } from '../operation.ts';
import { decodeVerifier, encodeVerifier } from '../types.ts';

/** SETCLIENTID_CONFIRM: the client of version 4.0 has heard the answer. RFC 7530 section 16.34. */
export interface SetClientidConfirmArgs {
  readonly clientId: bigint;
  readonly setclientidConfirm: Buffer;
}

export type SetClientidConfirmResult = StatusResult;

export const setClientidConfirm: OperationCodec<SetClientidConfirmArgs, SetClientidConfirmResult> = {
  number: 36,
  name: 'SETCLIENTID_CONFIRM',
  encodeArgs(w, args) {
    w.uint64(args.clientId);
    encodeVerifier(w, args.setclientidConfirm);
  },
  decodeArgs: (r) => ({ clientId: r.uint64(), setclientidConfirm: decodeVerifier(r) }),
  ...statusOnly,
};
