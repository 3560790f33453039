/** Types that several operations share (RFC 8881 section 3). All Buffers that decoding returns are copies. */
import type { XdrReader } from '../xdr/reader.ts';
import type { XdrWriter } from '../xdr/writer.ts';
import {
  COMPONENT_MAX_BYTES,
  NFS4_OPAQUE_LIMIT,
  NFS4_OTHER_SIZE,
  NFS4_SESSIONID_SIZE,
  NFS4_VERIFIER_SIZE,
} from './constants.ts';

/** stateid4. Special values: RFC 8881 section 8.2.3. */
export interface Stateid {
  readonly seqid: number;
  /** 12 bytes. */
  readonly other: Buffer;
}

/** All zeros: no state; ordinary I/O without a lock of one's own. */
export const ANONYMOUS_STATEID: Stateid = { seqid: 0, other: Buffer.alloc(NFS4_OTHER_SIZE) };
/** All ones: READ that passes share reservations by. */
export const READ_BYPASS_STATEID: Stateid = {
  seqid: 0xffff_ffff,
  other: Buffer.alloc(NFS4_OTHER_SIZE, 0xff),
};
/** seqid 1, other zero: the stateid that an earlier operation of the same COMPOUND returned. */
export const CURRENT_STATEID: Stateid = { seqid: 1, other: Buffer.alloc(NFS4_OTHER_SIZE) };

export function stateidEquals(a: Stateid, b: Stateid): boolean {
  return a.seqid === b.seqid && a.other.equals(b.other);
}

export function encodeStateid(w: XdrWriter, stateid: Stateid): void {
  w.uint32(stateid.seqid);
  w.opaqueFixed(stateid.other, NFS4_OTHER_SIZE);
}

export function decodeStateid(r: XdrReader): Stateid {
  return { seqid: r.uint32(), other: r.opaqueFixed(NFS4_OTHER_SIZE) };
}

/** state_owner4: an open-owner or a lock-owner. */
export interface StateOwner {
  readonly clientId: bigint;
  /** Up to 1024 bytes. */
  readonly owner: Buffer;
}

export function encodeStateOwner(w: XdrWriter, owner: StateOwner): void {
  w.uint64(owner.clientId);
  w.opaque(owner.owner);
}

export function decodeStateOwner(r: XdrReader): StateOwner {
  return { clientId: r.uint64(), owner: r.opaque(NFS4_OPAQUE_LIMIT) };
}

/** change_info4: the change attribute of a directory before and after an operation. */
export interface ChangeInfo {
  readonly atomic: boolean;
  readonly before: bigint;
  readonly after: bigint;
}

export function encodeChangeInfo(w: XdrWriter, cinfo: ChangeInfo): void {
  w.bool(cinfo.atomic);
  w.uint64(cinfo.before);
  w.uint64(cinfo.after);
}

export function decodeChangeInfo(r: XdrReader): ChangeInfo {
  return { atomic: r.bool(), before: r.uint64(), after: r.uint64() };
}

/** netaddr4, clientaddr4: a transport and an address in its universal form (RFC 5665). */
export interface NetAddress {
  /** `tcp`, `tcp6` */
  readonly netId: string;
  /** `10.77.0.11.8.1`: the last two numbers are the port's bytes. */
  readonly address: string;
}

export function encodeNetAddress(w: XdrWriter, address: NetAddress): void {
  w.utf8(address.netId);
  w.utf8(address.address);
}

export function decodeNetAddress(r: XdrReader): NetAddress {
  return { netId: r.utf8(COMPONENT_MAX_BYTES), address: r.utf8(COMPONENT_MAX_BYTES) };
}

/** nfstime4: since the epoch of POSIX. `nseconds` of 10^9 and more is decoded; refusing it is the server's. */
export interface NfsTime {
  readonly seconds: bigint;
  readonly nseconds: number;
}

export function encodeTime(w: XdrWriter, time: NfsTime): void {
  w.int64(time.seconds);
  w.uint32(time.nseconds);
}

export function decodeTime(r: XdrReader): NfsTime {
  return { seconds: r.int64(), nseconds: r.uint32() };
}

/** specdata4: device numbers. */
export interface SpecData {
  readonly major: number;
  readonly minor: number;
}

export function encodeSpecData(w: XdrWriter, device: SpecData): void {
  w.uint32(device.major);
  w.uint32(device.minor);
}

export function decodeSpecData(r: XdrReader): SpecData {
  return { major: r.uint32(), minor: r.uint32() };
}

/** nfsace4 (RFC 8881 section 6.2.1). */
export interface Ace {
  readonly type: number;
  readonly flag: number;
  readonly accessMask: number;
  readonly who: string;
}

export function encodeAce(w: XdrWriter, ace: Ace): void {
  w.uint32(ace.type);
  w.uint32(ace.flag);
  w.uint32(ace.accessMask);
  w.utf8(ace.who);
}

export function decodeAce(r: XdrReader): Ace {
  return {
    type: r.uint32(),
    flag: r.uint32(),
    accessMask: r.uint32(),
    who: r.utf8(COMPONENT_MAX_BYTES),
  };
}

/** verifier4: 8 bytes. */
export function encodeVerifier(w: XdrWriter, verifier: Buffer): void {
  w.opaqueFixed(verifier, NFS4_VERIFIER_SIZE);
}

export function decodeVerifier(r: XdrReader): Buffer {
  return r.opaqueFixed(NFS4_VERIFIER_SIZE);
}

/** sessionid4: 16 bytes. */
export function encodeSessionId(w: XdrWriter, sessionId: Buffer): void {
  w.opaqueFixed(sessionId, NFS4_SESSIONID_SIZE);
}

export function decodeSessionId(r: XdrReader): Buffer {
  return r.opaqueFixed(NFS4_SESSIONID_SIZE);
}

/** component4: one name in a directory. Emptiness, `.`, `/` and the length are for the server to judge. */
export function decodeComponent(r: XdrReader): string {
  return r.utf8(COMPONENT_MAX_BYTES);
}

/** Writes an array's count and its elements. */
export function encodeArray<T>(
  w: XdrWriter,
  elements: readonly T[],
  encode: (w: XdrWriter, element: T) => void,
): void {
  w.uint32(elements.length);
  for (const element of elements) encode(w, element);
}

/** Reads an array of at most `maxCount` elements of at least `elementBytes` bytes each. */
export function decodeArray<T>(
  r: XdrReader,
  maxCount: number,
  elementBytes: number,
  decode: (r: XdrReader) => T,
): T[] {
  const count = r.count(maxCount, elementBytes);
  const elements: T[] = [];
  for (let index = 0; index < count; index += 1) elements.push(decode(r));
  return elements;
}

/** An XDR array of at most one element, or an optional value. */
export function encodeOptional<T>(
  w: XdrWriter,
  value: T | null,
  encode: (w: XdrWriter, value: T) => void,
): void {
  w.bool(value !== null);
  if (value !== null) encode(w, value);
}

export function decodeOptional<T>(r: XdrReader, decode: (r: XdrReader) => T): T | null {
  return r.count(1, 0) === 1 ? decode(r) : null;
}
