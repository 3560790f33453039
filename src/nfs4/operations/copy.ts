import type { XdrReader } from '../../xdr/reader.ts';
import type { XdrWriter } from '../../xdr/writer.ts';
import {
  ARRAY_MAX_ELEMENTS,
  COMPONENT_MAX_BYTES,
  DATA_SYNC4,
  FILE_SYNC4,
  NL4_NAME,
  NL4_NETADDR,
  NL4_URL,
  type StableHow,
  UNSTABLE4,
} from '../constants.ts';
import type { OperationCodec } from '../operation.ts';
import { decodeStatus, type Failure, NFS4_OK, NFS4ERR_OFFLOAD_NO_REQS } from '../status.ts';
import {
  decodeArray,
  decodeNetAddress,
  decodeOptional,
  decodeStateid,
  decodeVerifier,
  encodeArray,
  encodeNetAddress,
  encodeOptional,
  encodeStateid,
  encodeVerifier,
  type NetAddress,
  type Stateid,
} from '../types.ts';

/** COPY: from the saved file, here or at another server, to the current one. RFC 7862 section 15.2. */
export interface CopyArgs {
  readonly srcStateid: Stateid;
  readonly dstStateid: Stateid;
  readonly srcOffset: bigint;
  readonly dstOffset: bigint;
  /** 0: to the end of the source. */
  readonly count: bigint;
  readonly consecutive: boolean;
  readonly synchronous: boolean;
  /** Empty: the source is a file of this server. */
  readonly sourceServer: readonly NetLocation[];
}

/** netloc4 */
export type NetLocation =
  | { readonly type: typeof NL4_NAME | typeof NL4_URL; readonly text: string }
  | { readonly type: typeof NL4_NETADDR; readonly address: NetAddress };

/** write_response4 */
export interface WriteResponse {
  /** Of a copy that goes on after the answer; null: it is done. */
  readonly callbackId: Stateid | null;
  readonly count: bigint;
  readonly committed: StableHow;
  readonly writeVerf: Buffer;
}

/** copy_requirements4 */
export interface CopyRequirements {
  readonly consecutive: boolean;
  readonly synchronous: boolean;
}

export type CopyResult =
  | {
      readonly status: typeof NFS4_OK;
      readonly response: WriteResponse;
      readonly requirements: CopyRequirements;
    }
  | { readonly status: typeof NFS4ERR_OFFLOAD_NO_REQS; readonly requirements: CopyRequirements }
  | { readonly status: Exclude<Failure, typeof NFS4ERR_OFFLOAD_NO_REQS> };

const LOCATIONS = [NL4_NAME, NL4_URL, NL4_NETADDR] as const;
const STABLE_HOWS: readonly StableHow[] = [UNSTABLE4, DATA_SYNC4, FILE_SYNC4];
/** A type and the length of a text. */
const LEAST_LOCATION_BYTES = 8;

function encodeLocation(w: XdrWriter, location: NetLocation): void {
  w.uint32(location.type);
  if (location.type === NL4_NETADDR) encodeNetAddress(w, location.address);
  else w.utf8(location.text);
}

function decodeLocation(r: XdrReader): NetLocation {
  const type = r.oneOf(LOCATIONS, 'netloc_type4');
  if (type === NL4_NETADDR) return { type, address: decodeNetAddress(r) };
  return { type, text: r.utf8(COMPONENT_MAX_BYTES) };
}

function encodeRequirements(w: XdrWriter, { consecutive, synchronous }: CopyRequirements): void {
  w.bool(consecutive);
  w.bool(synchronous);
}

const decodeRequirements = (r: XdrReader): CopyRequirements => ({
  consecutive: r.bool(),
  synchronous: r.bool(),
});

function encodeResponse(w: XdrWriter, response: WriteResponse): void {
  encodeOptional(w, response.callbackId, encodeStateid);
  w.uint64(response.count);
  w.uint32(response.committed);
  encodeVerifier(w, response.writeVerf);
}

const decodeResponse = (r: XdrReader): WriteResponse => ({
  callbackId: decodeOptional(r, decodeStateid),
  count: r.uint64(),
  committed: r.oneOf(STABLE_HOWS, 'stable_how4'),
  writeVerf: decodeVerifier(r),
});

export const copy: OperationCodec<CopyArgs, CopyResult> = {
  number: 60,
  name: 'COPY',
  encodeArgs(w, args) {
    encodeStateid(w, args.srcStateid);
    encodeStateid(w, args.dstStateid);
    w.uint64(args.srcOffset);
    w.uint64(args.dstOffset);
    w.uint64(args.count);
    w.bool(args.consecutive);
    w.bool(args.synchronous);
    encodeArray(w, args.sourceServer, encodeLocation);
  },
  decodeArgs: (r) => ({
    srcStateid: decodeStateid(r),
    dstStateid: decodeStateid(r),
    srcOffset: r.uint64(),
    dstOffset: r.uint64(),
    count: r.uint64(),
    consecutive: r.bool(),
    synchronous: r.bool(),
    sourceServer: decodeArray(r, ARRAY_MAX_ELEMENTS, LEAST_LOCATION_BYTES, decodeLocation),
  }),
  encodeResult(w, result) {
    w.uint32(result.status);
    if (result.status === NFS4_OK) {
      encodeResponse(w, result.response);
      encodeRequirements(w, result.requirements);
    } else if (result.status === NFS4ERR_OFFLOAD_NO_REQS) encodeRequirements(w, result.requirements);
  },
  decodeResult(r) {
    const status = decodeStatus(r);
    if (status === NFS4_OK)
      return { status, response: decodeResponse(r), requirements: decodeRequirements(r) };
    if (status === NFS4ERR_OFFLOAD_NO_REQS) return { status, requirements: decodeRequirements(r) };
    return { status };
  },
};
