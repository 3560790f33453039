import type { XdrReader } from '../xdr/reader.ts';
import type { XdrWriter } from '../xdr/writer.ts';
import { ARRAY_MAX_ELEMENTS, NFS4_OPAQUE_LIMIT, RPCSEC_GSS } from './constants.ts';
import { decodeArray, encodeArray } from './types.ts';

/** secinfo4: one way to authenticate that the server takes (RFC 8881 section 18.29.2). */
export interface SecurityFlavor {
  /** An RPC auth_flavor. */
  readonly flavor: number;
  /** With RPCSEC_GSS only. */
  readonly flavorInfo?: GssFlavor;
}

/** rpcsec_gss_info */
export interface GssFlavor {
  /** Object identifier, DER. */
  readonly oid: Buffer;
  readonly qop: number;
  readonly service: number;
}

export function encodeSecurityFlavors(w: XdrWriter, flavors: readonly SecurityFlavor[]): void {
  encodeArray(w, flavors, encodeFlavor);
}

export function decodeSecurityFlavors(r: XdrReader): SecurityFlavor[] {
  return decodeArray(r, ARRAY_MAX_ELEMENTS, 4, decodeFlavor);
}

function encodeFlavor(w: XdrWriter, { flavor, flavorInfo }: SecurityFlavor): void {
  w.uint32(flavor);
  if (flavor !== RPCSEC_GSS) return;
  if (flavorInfo === undefined) throw new RangeError('RPCSEC_GSS without its mechanism');
  w.opaque(flavorInfo.oid);
  w.uint32(flavorInfo.qop);
  w.uint32(flavorInfo.service);
}

function decodeFlavor(r: XdrReader): SecurityFlavor {
  const flavor = r.uint32();
  if (flavor !== RPCSEC_GSS) return { flavor };
  return {
    flavor,
    flavorInfo: { oid: r.opaque(NFS4_OPAQUE_LIMIT), qop: r.uint32(), service: r.uint32() },
  };
}
