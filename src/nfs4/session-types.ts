/** Types of EXCHANGE_ID, CREATE_SESSION and BACKCHANNEL_CTL (RFC 8881 sections 18.33, 18.35, 18.36). */
import { type AuthSys, decodeAuthSys, encodeAuthSys } from '../rpc/credentials.ts';
import { AUTH_NONE, AUTH_SYS } from '../rpc/message.ts';
import type { XdrReader } from '../xdr/reader.ts';
import type { XdrWriter } from '../xdr/writer.ts';
import { type Bitmap, decodeBitmap, encodeBitmap } from './bitmap.ts';
import {
  ARRAY_MAX_ELEMENTS,
  NFS4_OPAQUE_LIMIT,
  RPCSEC_GSS,
  SP4_MACH_CRED,
  SP4_NONE,
  SP4_SSV,
} from './constants.ts';
import {
  decodeArray,
  decodeComponent,
  decodeOptional,
  decodeTime,
  encodeArray,
  encodeOptional,
  encodeTime,
  type NfsTime,
} from './types.ts';

/** channel_attrs4: limits of a session's channel. Sizes in bytes, of a whole RPC message with its headers. */
export interface ChannelAttrs {
  readonly headerPadSize: number;
  readonly maxRequestSize: number;
  readonly maxResponseSize: number;
  readonly maxResponseSizeCached: number;
  readonly maxOperations: number;
  /** Slots. */
  readonly maxRequests: number;
  readonly rdmaIrd: number | null;
}

export function encodeChannelAttrs(w: XdrWriter, attrs: ChannelAttrs): void {
  w.uint32(attrs.headerPadSize);
  w.uint32(attrs.maxRequestSize);
  w.uint32(attrs.maxResponseSize);
  w.uint32(attrs.maxResponseSizeCached);
  w.uint32(attrs.maxOperations);
  w.uint32(attrs.maxRequests);
  encodeOptional(w, attrs.rdmaIrd, (_, ird) => w.uint32(ird));
}

export function decodeChannelAttrs(r: XdrReader): ChannelAttrs {
  return {
    headerPadSize: r.uint32(),
    maxRequestSize: r.uint32(),
    maxResponseSize: r.uint32(),
    maxResponseSizeCached: r.uint32(),
    maxOperations: r.uint32(),
    maxRequests: r.uint32(),
    rdmaIrd: decodeOptional(r, () => r.uint32()),
  };
}

/** callback_sec_parms4: one way for the server to say who it is when it calls back. */
export type CallbackSecParms =
  | { readonly secFlavor: typeof AUTH_NONE }
  | { readonly secFlavor: typeof AUTH_SYS; readonly sysCred: AuthSys }
  | { readonly secFlavor: typeof RPCSEC_GSS; readonly gssHandles: GssCallbackHandles };

/** gss_cb_handles4 */
export interface GssCallbackHandles {
  readonly service: number;
  readonly handleFromServer: Buffer;
  readonly handleFromClient: Buffer;
}

function encodeCallbackSecParms(w: XdrWriter, parms: CallbackSecParms): void {
  w.uint32(parms.secFlavor);
  if (parms.secFlavor === AUTH_SYS) encodeAuthSys(w, parms.sysCred);
  if (parms.secFlavor !== RPCSEC_GSS) return;
  w.uint32(parms.gssHandles.service);
  w.opaque(parms.gssHandles.handleFromServer);
  w.opaque(parms.gssHandles.handleFromClient);
}

const CALLBACK_FLAVORS = [AUTH_NONE, AUTH_SYS, RPCSEC_GSS] as const;
/** rpc_gss_svc_t, RFC 2203 section 5.3.1: none, integrity, privacy. */
const GSS_SERVICES = [1, 2, 3] as const;

function decodeCallbackSecParms(r: XdrReader): CallbackSecParms {
  const secFlavor = r.oneOf(CALLBACK_FLAVORS, 'flavor of callback_sec_parms4');
  if (secFlavor === AUTH_NONE) return { secFlavor };
  if (secFlavor === AUTH_SYS) return { secFlavor, sysCred: decodeAuthSys(r) };
  const gssHandles = {
    service: r.oneOf(GSS_SERVICES, 'rpc_gss_svc_t'),
    handleFromServer: r.opaque(NFS4_OPAQUE_LIMIT),
    handleFromClient: r.opaque(NFS4_OPAQUE_LIMIT),
  };
  return { secFlavor, gssHandles };
}

export function encodeSecParms(w: XdrWriter, parms: readonly CallbackSecParms[]): void {
  encodeArray(w, parms, encodeCallbackSecParms);
}

export function decodeSecParms(r: XdrReader): readonly CallbackSecParms[] {
  return decodeArray(r, ARRAY_MAX_ELEMENTS, 4, decodeCallbackSecParms);
}

/** state_protect_ops4: bitmaps of operation numbers. */
export interface StateProtectOps {
  readonly mustEnforce: Bitmap;
  readonly mustAllow: Bitmap;
}

function encodeStateProtectOps(w: XdrWriter, ops: StateProtectOps): void {
  encodeBitmap(w, ops.mustEnforce);
  encodeBitmap(w, ops.mustAllow);
}

function decodeStateProtectOps(r: XdrReader): StateProtectOps {
  return { mustEnforce: decodeBitmap(r), mustAllow: decodeBitmap(r) };
}

/** ssv_sp_parms4 */
export interface SsvParms {
  readonly ops: StateProtectOps;
  /** Object identifiers, DER. */
  readonly hashAlgs: readonly Buffer[];
  readonly encrAlgs: readonly Buffer[];
  readonly window: number;
  readonly numGssHandles: number;
}

/** ssv_prot_info4 */
export interface SsvProtection {
  readonly ops: StateProtectOps;
  readonly hashAlg: number;
  readonly encrAlg: number;
  readonly ssvLen: number;
  readonly window: number;
  readonly handles: readonly Buffer[];
}

const STATE_PROTECT_HOWS = [SP4_NONE, SP4_MACH_CRED, SP4_SSV] as const;

/** state_protect4_a: how the client wants its state protected. */
export type StateProtectArgs =
  | { readonly how: typeof SP4_NONE }
  | { readonly how: typeof SP4_MACH_CRED; readonly machOps: StateProtectOps }
  | { readonly how: typeof SP4_SSV; readonly ssvParms: SsvParms };

/** state_protect4_r: how the server does it. */
export type StateProtectResult =
  | { readonly how: typeof SP4_NONE }
  | { readonly how: typeof SP4_MACH_CRED; readonly machOps: StateProtectOps }
  | { readonly how: typeof SP4_SSV; readonly ssvInfo: SsvProtection };

const encodeOpaque = (w: XdrWriter, bytes: Buffer): void => w.opaque(bytes);
const decodeOpaques = (r: XdrReader): Buffer[] =>
  decodeArray(r, ARRAY_MAX_ELEMENTS, 4, () => r.opaque(NFS4_OPAQUE_LIMIT));

export function encodeStateProtectArgs(w: XdrWriter, protect: StateProtectArgs): void {
  w.uint32(protect.how);
  if (protect.how === SP4_MACH_CRED) encodeStateProtectOps(w, protect.machOps);
  if (protect.how !== SP4_SSV) return;
  const parms = protect.ssvParms;
  encodeStateProtectOps(w, parms.ops);
  encodeArray(w, parms.hashAlgs, encodeOpaque);
  encodeArray(w, parms.encrAlgs, encodeOpaque);
  w.uint32(parms.window);
  w.uint32(parms.numGssHandles);
}

export function decodeStateProtectArgs(r: XdrReader): StateProtectArgs {
  const how = r.oneOf(STATE_PROTECT_HOWS, 'state_protect_how4');
  if (how === SP4_NONE) return { how };
  if (how === SP4_MACH_CRED) return { how, machOps: decodeStateProtectOps(r) };
  const ssvParms = {
    ops: decodeStateProtectOps(r),
    hashAlgs: decodeOpaques(r),
    encrAlgs: decodeOpaques(r),
    window: r.uint32(),
    numGssHandles: r.uint32(),
  };
  return { how, ssvParms };
}

export function encodeStateProtectResult(w: XdrWriter, protect: StateProtectResult): void {
  w.uint32(protect.how);
  if (protect.how === SP4_MACH_CRED) encodeStateProtectOps(w, protect.machOps);
  if (protect.how !== SP4_SSV) return;
  const protection = protect.ssvInfo;
  encodeStateProtectOps(w, protection.ops);
  w.uint32(protection.hashAlg);
  w.uint32(protection.encrAlg);
  w.uint32(protection.ssvLen);
  w.uint32(protection.window);
  encodeArray(w, protection.handles, encodeOpaque);
}

export function decodeStateProtectResult(r: XdrReader): StateProtectResult {
  const how = r.oneOf(STATE_PROTECT_HOWS, 'state_protect_how4');
  if (how === SP4_NONE) return { how };
  if (how === SP4_MACH_CRED) return { how, machOps: decodeStateProtectOps(r) };
  const ssvInfo = {
    ops: decodeStateProtectOps(r),
    hashAlg: r.uint32(),
    encrAlg: r.uint32(),
    ssvLen: r.uint32(),
    window: r.uint32(),
    handles: decodeOpaques(r),
  };
  return { how, ssvInfo };
}

/** nfs_impl_id4: what software the peer says it is; for people, never for decisions. */
export interface ImplId {
  readonly domain: string;
  readonly name: string;
  readonly date: NfsTime;
}

export function encodeImplId(w: XdrWriter, id: ImplId): void {
  w.utf8(id.domain);
  w.utf8(id.name);
  encodeTime(w, id.date);
}

export function decodeImplId(r: XdrReader): ImplId {
  return { domain: decodeComponent(r), name: decodeComponent(r), date: decodeTime(r) };
}
