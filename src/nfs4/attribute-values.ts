/** How the values of attributes are written and read: one codec for each XDR type. RFC 8881 sections 5.8 and 3.3. */
import type { XdrReader } from '../xdr/reader.ts';
import type { XdrWriter } from '../xdr/writer.ts';
import * as bitmaps from './bitmap.ts';
import {
  ARRAY_MAX_ELEMENTS,
  type FileType,
  NFS4_FHSIZE,
  PRINCIPAL_MAX_BYTES,
  SET_TO_CLIENT_TIME4,
  SET_TO_SERVER_TIME4,
} from './constants.ts';
import { decodeStatus, type Status } from './status.ts';
import * as types from './types.ts';

/** Writes and reads one XDR type. */
export interface ValueCodec<T> {
  write(w: XdrWriter, value: T): void;
  read(r: XdrReader): T;
}

/** fsid4 */
export interface FsId {
  readonly major: bigint;
  readonly minor: bigint;
}

/** settime4: the server's own clock at the time of the operation, or a time of the client's. */
export type SetTime = 'server' | types.NfsTime;

/** fs_locations4 */
export interface FsLocations {
  readonly fsRoot: readonly string[];
  readonly locations: readonly { readonly server: readonly string[]; readonly rootPath: readonly string[] }[];
}

/** mode_umask4: the mode that was asked for, and the umask of who asked (RFC 8275 section 4.1). */
export interface ModeUmask {
  readonly mode: number;
  readonly umask: number;
}

export const bool: ValueCodec<boolean> = {
  write: (w, value) => w.bool(value),
  read: (r) => r.bool(),
};

export const uint32: ValueCodec<number> = {
  write: (w, value) => w.uint32(value),
  read: (r) => r.uint32(),
};

export const uint64: ValueCodec<bigint> = {
  write: (w, value) => w.uint64(value),
  read: (r) => r.uint64(),
};

export const bitmap: ValueCodec<bitmaps.Bitmap> = {
  write: bitmaps.encodeBitmap,
  read: bitmaps.decodeBitmap,
};

const FILE_TYPES: readonly FileType[] = [1, 2, 3, 4, 5, 6, 7, 8, 9];

export const fileType: ValueCodec<FileType> = {
  write: (w, value) => w.uint32(value),
  read: (r) => r.oneOf(FILE_TYPES, 'nfs_ftype4'),
};

export const status: ValueCodec<Status> = {
  write: (w, value) => w.uint32(value),
  read: decodeStatus,
};

export const fsId: ValueCodec<FsId> = {
  write(w, value) {
    w.uint64(value.major);
    w.uint64(value.minor);
  },
  read: (r) => ({ major: r.uint64(), minor: r.uint64() }),
};

export const modeUmask: ValueCodec<ModeUmask> = {
  write(w, value) {
    w.uint32(value.mode);
    w.uint32(value.umask);
  },
  read: (r) => ({ mode: r.uint32(), umask: r.uint32() }),
};

export const filehandle: ValueCodec<Buffer> = {
  write: (w, value) => w.opaque(value),
  read: (r) => r.opaque(NFS4_FHSIZE),
};

/** utf8str_mixed: `user@domain`, or a decimal id as text (RFC 8881 section 5.9). */
export const principal: ValueCodec<string> = {
  write: (w, value) => w.utf8(value),
  read: (r) => r.utf8(PRINCIPAL_MAX_BYTES),
};

export const specData: ValueCodec<types.SpecData> = {
  write: types.encodeSpecData,
  read: types.decodeSpecData,
};

export const time: ValueCodec<types.NfsTime> = {
  write: types.encodeTime,
  read: types.decodeTime,
};

const TIME_HOWS = [SET_TO_SERVER_TIME4, SET_TO_CLIENT_TIME4] as const;

export const setTime: ValueCodec<SetTime> = {
  write(w, value) {
    w.uint32(value === 'server' ? SET_TO_SERVER_TIME4 : SET_TO_CLIENT_TIME4);
    if (value !== 'server') types.encodeTime(w, value);
  },
  read: (r) => (r.oneOf(TIME_HOWS, 'time_how4') === SET_TO_CLIENT_TIME4 ? types.decodeTime(r) : 'server'),
};

const writeText = (w: XdrWriter, text: string): void => w.utf8(text);
const readTexts = (r: XdrReader): string[] =>
  types.decodeArray(r, ARRAY_MAX_ELEMENTS, 4, types.decodeComponent);

export const fsLocations: ValueCodec<FsLocations> = {
  write(w, value) {
    types.encodeArray(w, value.fsRoot, writeText);
    types.encodeArray(w, value.locations, (_, location) => {
      types.encodeArray(w, location.server, writeText);
      types.encodeArray(w, location.rootPath, writeText);
    });
  },
  read: (r) => ({
    fsRoot: readTexts(r),
    locations: types.decodeArray(r, ARRAY_MAX_ELEMENTS, 8, () => ({
      server: readTexts(r),
      rootPath: readTexts(r),
    })),
  }),
};
