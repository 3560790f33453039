import { NFS4_OPAQUE_LIMIT } from '../constants.ts';
import type { OperationCodec } from '../operation.ts';
import { decodeStatus, type Failure, NFS4_OK, NFS4ERR_CLID_INUSE } from '../status.ts';
import {
  decodeNetAddress,
  decodeVerifier,
  encodeNetAddress,
  encodeVerifier,
  type NetAddress,
} from '../types.ts';

/** SETCLIENTID: a client of version 4.0 introduces itself. RFC 7530 section 16.33. */
export interface SetClientidArgs {
  readonly client: {
    /** Differs in every life of the client. */
    readonly verifier: Buffer;
    /** Up to 1024 bytes; the same in every life. */
    readonly id: Buffer;
  };
  /** Where it can be called back. */
  readonly callback: { readonly cbProgram: number; readonly cbLocation: NetAddress };
  readonly callbackIdent: number;
}

export type SetClientidResult =
  | { readonly status: typeof NFS4_OK; readonly clientId: bigint; readonly setclientidConfirm: Buffer }
  | { readonly status: typeof NFS4ERR_CLID_INUSE; readonly clientUsing: NetAddress }
  | { readonly status: Exclude<Failure, typeof NFS4ERR_CLID_INUSE> };

export const setClientid: OperationCodec<SetClientidArgs, SetClientidResult> = {
  number: 35,
  name: 'SETCLIENTID',
  encodeArgs(w, { client, callback, callbackIdent }) {
    encodeVerifier(w, client.verifier);
    w.opaque(client.id);
    w.uint32(callback.cbProgram);
    encodeNetAddress(w, callback.cbLocation);
    w.uint32(callbackIdent);
  },
  decodeArgs: (r) => ({
    client: { verifier: decodeVerifier(r), id: r.opaque(NFS4_OPAQUE_LIMIT) },
    callback: { cbProgram: r.uint32(), cbLocation: decodeNetAddress(r) },
    callbackIdent: r.uint32(),
  }),
  encodeResult(w, result) {
    w.uint32(result.status);
    if (result.status === NFS4_OK) {
      w.uint64(result.clientId);
      encodeVerifier(w, result.setclientidConfirm);
    } else if (result.status === NFS4ERR_CLID_INUSE) encodeNetAddress(w, result.clientUsing);
  },
  decodeResult(r) {
    const status = decodeStatus(r);
    if (status === NFS4_OK) return { status, clientId: r.uint64(), setclientidConfirm: decodeVerifier(r) };
    if (status === NFS4ERR_CLID_INUSE) return { status, clientUsing: decodeNetAddress(r) };
    return { status };
  },
};
