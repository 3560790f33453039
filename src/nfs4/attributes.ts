import type { XdrReader } from '../xdr/reader.ts';
import { XdrWriter } from '../xdr/writer.ts';
import * as value from './attribute-values.ts';
import { type Bitmap, bitmapBits, bitmapOf, decodeBitmap, encodeBitmap } from './bitmap.ts';
import { type FileType, OPAQUE_MAX_BYTES } from './constants.ts';
import type { Status } from './status.ts';
import type { NfsTime, SpecData } from './types.ts';

export type { FsId, FsLocations, ModeUmask, SetTime } from './attribute-values.ts';

/**
 * Attributes of a file or its filesystem, those that are known or asked for. Sizes and counts of bytes
 * are in bytes, `leaseTime` is in seconds. RFC 8881 sections 5.8.1 and 5.8.2, and from 78 on RFC 7862 section 12.2, RFC 8275 and RFC 8276.
 */
export interface FileAttributes {
  readonly supportedAttrs?: Bitmap;
  readonly type?: FileType;
  readonly fhExpireType?: number;
  readonly change?: bigint;
  readonly size?: bigint;
  readonly linkSupport?: boolean;
  readonly symlinkSupport?: boolean;
  readonly namedAttr?: boolean;
  readonly fsid?: value.FsId;
  readonly uniqueHandles?: boolean;
  readonly leaseTime?: number;
  readonly rdattrError?: Status;
  readonly aclSupport?: number;
  readonly canSetTime?: boolean;
  readonly caseInsensitive?: boolean;
  readonly casePreserving?: boolean;
  readonly chownRestricted?: boolean;
  readonly filehandle?: Buffer;
  readonly fileid?: bigint;
  readonly filesAvail?: bigint;
  readonly filesFree?: bigint;
  readonly filesTotal?: bigint;
  readonly fsLocations?: value.FsLocations;
  readonly homogeneous?: boolean;
  readonly maxFileSize?: bigint;
  readonly maxLink?: number;
  readonly maxName?: number;
  readonly maxRead?: bigint;
  readonly maxWrite?: bigint;
  readonly mode?: number;
  readonly noTrunc?: boolean;
  readonly numLinks?: number;
  readonly owner?: string;
  readonly ownerGroup?: string;
  readonly rawDev?: SpecData;
  readonly spaceAvail?: bigint;
  readonly spaceFree?: bigint;
  readonly spaceTotal?: bigint;
  readonly spaceUsed?: bigint;
  readonly timeAccess?: NfsTime;
  readonly timeAccessSet?: value.SetTime;
  readonly timeCreate?: NfsTime;
  readonly timeDelta?: NfsTime;
  readonly timeMetadata?: NfsTime;
  readonly timeModify?: NfsTime;
  readonly timeModifySet?: value.SetTime;
  readonly mountedOnFileid?: bigint;
  readonly suppattrExclcreat?: Bitmap;
  readonly spaceFreed?: bigint;
  /** change_attr_type4 */
  readonly changeAttrType?: number;
  readonly modeUmask?: value.ModeUmask;
  readonly xattrSupport?: boolean;
}

export type AttributeName = keyof FileAttributes;

interface Attribute {
  readonly number: number;
  readonly name: AttributeName;
  readonly codec: value.ValueCodec<unknown>;
}

function attribute<Name extends AttributeName>(
  number: number,
  name: Name,
  codec: value.ValueCodec<NonNullable<FileAttributes[Name]>>,
): Attribute {
  return { number, name, codec: codec as value.ValueCodec<unknown> };
}

/** All that we can write and read. Ascending, as values follow each other on the wire in that order. */
const ATTRIBUTES: readonly Attribute[] = [
  attribute(0, 'supportedAttrs', value.bitmap),
  attribute(1, 'type', value.fileType),
  attribute(2, 'fhExpireType', value.uint32),
  attribute(3, 'change', value.uint64),
  attribute(4, 'size', value.uint64),
  attribute(5, 'linkSupport', value.bool),
  attribute(6, 'symlinkSupport', value.bool),
  attribute(7, 'namedAttr', value.bool),
  attribute(8, 'fsid', value.fsId),
  attribute(9, 'uniqueHandles', value.bool),
  attribute(10, 'leaseTime', value.uint32),
  attribute(11, 'rdattrError', value.status),
  attribute(13, 'aclSupport', value.uint32),
  attribute(15, 'canSetTime', value.bool),
  attribute(16, 'caseInsensitive', value.bool),
  attribute(17, 'casePreserving', value.bool),
  attribute(18, 'chownRestricted', value.bool),
  attribute(19, 'filehandle', value.filehandle),
  attribute(20, 'fileid', value.uint64),
  attribute(21, 'filesAvail', value.uint64),
  attribute(22, 'filesFree', value.uint64),
  attribute(23, 'filesTotal', value.uint64),
  attribute(24, 'fsLocations', value.fsLocations),
  attribute(26, 'homogeneous', value.bool),
  attribute(27, 'maxFileSize', value.uint64),
  attribute(28, 'maxLink', value.uint32),
  attribute(29, 'maxName', value.uint32),
  attribute(30, 'maxRead', value.uint64),
  attribute(31, 'maxWrite', value.uint64),
  attribute(33, 'mode', value.uint32),
  attribute(34, 'noTrunc', value.bool),
  attribute(35, 'numLinks', value.uint32),
  attribute(36, 'owner', value.principal),
  attribute(37, 'ownerGroup', value.principal),
  attribute(41, 'rawDev', value.specData),
  attribute(42, 'spaceAvail', value.uint64),
  attribute(43, 'spaceFree', value.uint64),
  attribute(44, 'spaceTotal', value.uint64),
  attribute(45, 'spaceUsed', value.uint64),
  attribute(47, 'timeAccess', value.time),
  attribute(48, 'timeAccessSet', value.setTime),
  attribute(50, 'timeCreate', value.time),
  attribute(51, 'timeDelta', value.time),
  attribute(52, 'timeMetadata', value.time),
  attribute(53, 'timeModify', value.time),
  attribute(54, 'timeModifySet', value.setTime),
  attribute(55, 'mountedOnFileid', value.uint64),
  attribute(75, 'suppattrExclcreat', value.bitmap),
  attribute(78, 'spaceFreed', value.uint64),
  attribute(79, 'changeAttrType', value.uint32),
  attribute(81, 'modeUmask', value.modeUmask),
  attribute(82, 'xattrSupport', value.bool),
];

const BY_NUMBER: readonly (Attribute | undefined)[] = ATTRIBUTES.reduce<(Attribute | undefined)[]>(
  (table, entry) => {
    table[entry.number] = entry;
    return table;
  },
  new Array(96).fill(undefined),
);
const NUMBER_BY_NAME = new Map<AttributeName, number>(ATTRIBUTES.map(({ name, number }) => [name, number]));

/** The attribute's number (`mode` is 33), the place of its bit in a bitmap. */
export function attributeNumber(name: AttributeName): number {
  const number = NUMBER_BY_NAME.get(name);
  if (number === undefined) throw new RangeError(`no attribute is called ${name}`);
  return number;
}

/** The bitmap of these attributes, to ask for them or to say what is supported. */
export function attributeBitmap(names: Iterable<AttributeName>): Bitmap {
  return bitmapOf(Array.from(names, attributeNumber));
}

/** fattr4 as it came: `mask` is what the peer says it sent. */
export interface AttributeSet {
  readonly mask: Bitmap;
  /**
   * The values. Values have no length of their own, so the first attribute of `mask` that we do not
   * know ends the reading: what follows it is in `mask` and not here. A server looks at `mask` first
   * and answers NFS4ERR_ATTRNOTSUPP.
   */
  readonly values: FileAttributes;
}

/** The set of all attributes that `values` has, to be sent. */
export function attributeSet(values: FileAttributes): AttributeSet {
  const present = ATTRIBUTES.filter(({ name }) => values[name] !== undefined);
  return { mask: bitmapOf(present.map(({ number }) => number)), values };
}

export const NO_ATTRIBUTES: AttributeSet = { mask: [], values: {} };

/**
 * Writes a fattr4 with what was requested and is in `values`; what is asked for and not there is left
 * out, and so is its bit (RFC 8881 section 18.7.3).
 */
export function encodeAttributes(w: XdrWriter, requested: Bitmap, values: FileAttributes): void {
  const present: Attribute[] = [];
  for (const number of bitmapBits(requested)) {
    const entry = BY_NUMBER[number];
    if (entry !== undefined && values[entry.name] !== undefined) present.push(entry);
  }
  encodeBitmap(w, bitmapOf(present.map(({ number }) => number)));
  const lengthAt = w.placeholder();
  const start = w.position;
  for (const { name, codec } of present) codec.write(w, values[name]);
  w.patchUint32(lengthAt, w.position - start);
}

export function encodeAttributeSet(w: XdrWriter, set: AttributeSet): void {
  encodeAttributes(w, set.mask, set.values);
}

/** Reads a fattr4. Throws XdrError also when the values do not fill their opaque exactly. */
export function decodeAttributes(r: XdrReader): AttributeSet {
  const mask = decodeBitmap(r);
  const list = r.nested(OPAQUE_MAX_BYTES);
  const values: Partial<Record<AttributeName, unknown>> = {};
  for (const number of bitmapBits(mask)) {
    const entry = BY_NUMBER[number];
    if (entry === undefined) return { mask, values: values as FileAttributes };
    values[entry.name] = entry.codec.read(list);
  }
  list.expectEnd();
  return { mask, values: values as FileAttributes };
}

/**
 * Do the attributes in `mask` have the same values in both? As VERIFY and NVERIFY compare: by what goes
 * over the wire. An attribute that only one of them has makes them differ.
 */
export function sameAttributes(mask: Bitmap, a: FileAttributes, b: FileAttributes): boolean {
  const wireA = new XdrWriter(256);
  const wireB = new XdrWriter(256);
  encodeAttributes(wireA, mask, a);
  encodeAttributes(wireB, mask, b);
  return wireA.view().equals(wireB.view());
}
