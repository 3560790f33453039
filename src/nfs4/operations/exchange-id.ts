import { NFS4_OPAQUE_LIMIT } from '../constants.ts';
import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import {
  decodeImplId,
  decodeStateProtectArgs,
  decodeStateProtectResult,
  encodeImplId,
  encodeStateProtectArgs,
  encodeStateProtectResult,
  type ImplId,
  type StateProtectArgs,
  type StateProtectResult,
} from '../session-types.ts';
import { decodeOptional, decodeVerifier, encodeOptional, encodeVerifier } from '../types.ts';

/** EXCHANGE_ID: a client says who it is and gets a client id. RFC 8881 section 18.35. */
export interface ExchangeIdArgs {
  readonly clientOwner: ClientOwner;
  /** EXCHGID4_FLAG_* */
  readonly flags: number;
  readonly stateProtect: StateProtectArgs;
  readonly clientImplId: ImplId | null;
}

/** client_owner4 */
export interface ClientOwner {
  /** 8 bytes; a new one means that the client lost its state. */
  readonly verifier: Buffer;
  /** Up to 1024 bytes; the client's identity through reboots. */
  readonly ownerId: Buffer;
}

export type ExchangeIdResult = Outcome<{
  readonly clientId: bigint;
  /** What CREATE_SESSION must carry first. */
  readonly sequenceId: number;
  readonly flags: number;
  readonly stateProtect: StateProtectResult;
  readonly serverOwner: ServerOwner;
  /** Up to 1024 bytes. Servers of one scope recognise each other's filehandles and client ids. */
  readonly serverScope: Buffer;
  readonly serverImplId: ImplId | null;
}>;

/** server_owner4 */
export interface ServerOwner {
  readonly minorId: bigint;
  /** Up to 1024 bytes. */
  readonly majorId: Buffer;
}

export const exchangeId: OperationCodec<ExchangeIdArgs, ExchangeIdResult> = {
  number: 42,
  name: 'EXCHANGE_ID',
  encodeArgs(w, args) {
    encodeVerifier(w, args.clientOwner.verifier);
    w.opaque(args.clientOwner.ownerId);
    w.uint32(args.flags);
    encodeStateProtectArgs(w, args.stateProtect);
    encodeOptional(w, args.clientImplId, encodeImplId);
  },
  decodeArgs: (r) => ({
    clientOwner: { verifier: decodeVerifier(r), ownerId: r.opaque(NFS4_OPAQUE_LIMIT) },
    flags: r.uint32(),
    stateProtect: decodeStateProtectArgs(r),
    clientImplId: decodeOptional(r, decodeImplId),
  }),
  ...okFields(
    (w, fields) => {
      w.uint64(fields.clientId);
      w.uint32(fields.sequenceId);
      w.uint32(fields.flags);
      encodeStateProtectResult(w, fields.stateProtect);
      w.uint64(fields.serverOwner.minorId);
      w.opaque(fields.serverOwner.majorId);
      w.opaque(fields.serverScope);
      encodeOptional(w, fields.serverImplId, encodeImplId);
    },
    (r) => ({
      clientId: r.uint64(),
      sequenceId: r.uint32(),
      flags: r.uint32(),
      stateProtect: decodeStateProtectResult(r),
      serverOwner: { minorId: r.uint64(), majorId: r.opaque(NFS4_OPAQUE_LIMIT) },
      serverScope: r.opaque(NFS4_OPAQUE_LIMIT),
      serverImplId: decodeOptional(r, decodeImplId),
    }),
  ),
};
