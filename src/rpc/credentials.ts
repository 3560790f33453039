import type { XdrReader } from '../xdr/reader.ts';
import type { XdrWriter } from '../xdr/writer.ts';
import { XdrError } from '../xdr/xdr-error.ts';
import { AUTH_BODY_MAX_BYTES, AUTH_NONE, AUTH_SYS } from './message.ts';

/** RFC 5531 appendix A. */
const MACHINE_NAME_MAX_BYTES = 255;
const GIDS_MAX = 16;

/** authsys_parms: who the client says it is. Nothing proves it. */
export interface AuthSys {
  readonly stamp: number;
  readonly machineName: string;
  readonly uid: number;
  readonly gid: number;
  /** Up to 16. */
  readonly gids: readonly number[];
}

export function encodeAuthSys(w: XdrWriter, sys: AuthSys): void {
  if (sys.gids.length > GIDS_MAX) throw new RangeError(`${sys.gids.length} gids where ${GIDS_MAX} fit`);
  w.uint32(sys.stamp);
  w.utf8(sys.machineName);
  w.uint32(sys.uid);
  w.uint32(sys.gid);
  w.uint32(sys.gids.length);
  for (const gid of sys.gids) w.uint32(gid);
}

export function decodeAuthSys(r: XdrReader): AuthSys {
  const stamp = r.uint32();
  const machineName = r.utf8(MACHINE_NAME_MAX_BYTES);
  const uid = r.uint32();
  const gid = r.uint32();
  const count = r.count(GIDS_MAX, 4);
  const gids: number[] = [];
  for (let index = 0; index < count; index += 1) gids.push(r.uint32());
  return { stamp, machineName, uid, gid, gids };
}

/** opaque_auth */
export interface OpaqueAuth {
  readonly flavor: number;
  /** Up to 400 bytes. */
  readonly body: Buffer;
}

export const NULL_AUTH: OpaqueAuth = { flavor: AUTH_NONE, body: Buffer.alloc(0) };

export function encodeOpaqueAuth(w: XdrWriter, auth: OpaqueAuth): void {
  w.uint32(auth.flavor);
  w.opaque(auth.body);
}

export function decodeOpaqueAuth(r: XdrReader): OpaqueAuth {
  return { flavor: r.uint32(), body: r.opaque(AUTH_BODY_MAX_BYTES) };
}

/**
 * What a call's credential says. `malformed`: a flavor that we know with a body that is not of it, to be
 * denied with AUTH_BADCRED. `unknown`: another flavor, to be denied with AUTH_REJECTEDCRED.
 */
export type Credential =
  | { readonly kind: 'none' }
  | { readonly kind: 'sys'; readonly sys: AuthSys }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'unknown'; readonly flavor: number };

const NO_CREDENTIAL: Credential = { kind: 'none' };

export function encodeCredential(w: XdrWriter, credential: Credential): void {
  switch (credential.kind) {
    case 'none':
      encodeOpaqueAuth(w, NULL_AUTH);
      break;
    case 'sys':
      w.uint32(AUTH_SYS);
      w.nested(() => encodeAuthSys(w, credential.sys));
      break;
    default:
      throw new RangeError(`a credential of kind ${credential.kind} cannot be sent`);
  }
}

/** Throws XdrError only when the credential's frame is broken and nothing after it can be read. */
export function decodeCredential(r: XdrReader): Credential {
  const flavor = r.uint32();
  const body = r.nested(AUTH_BODY_MAX_BYTES);
  if (flavor === AUTH_NONE) return NO_CREDENTIAL;
  if (flavor !== AUTH_SYS) return { kind: 'unknown', flavor };
  try {
    const sys = decodeAuthSys(body);
    body.expectEnd();
    return { kind: 'sys', sys };
  } catch (error) {
    if (error instanceof XdrError) return { kind: 'malformed' };
    throw error;
  }
}
