import type { XdrReader } from '../../xdr/reader.ts';
import type { XdrWriter } from '../../xdr/writer.ts';
import { type AttributeSet, decodeAttributes, encodeAttributeSet } from '../attributes.ts';
import { type Bitmap, decodeBitmap, encodeBitmap } from '../bitmap.ts';
import { LINK_TEXT_MAX_BYTES, NF4BLK, NF4CHR, NF4LNK } from '../constants.ts';
import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import {
  type ChangeInfo,
  decodeChangeInfo,
  decodeComponent,
  decodeSpecData,
  encodeChangeInfo,
  encodeSpecData,
  type SpecData,
} from '../types.ts';

/** CREATE: makes anything but a regular file. RFC 8881 section 18.4. */
export interface CreateArgs {
  readonly objType: CreateType;
  readonly objName: string;
  readonly createAttrs: AttributeSet;
}

/**
 * createtype4. Any number may come as `type`: types that CREATE cannot make are NFS4ERR_BADTYPE, which
 * is the server's to say. `linkData` is there for NF4LNK, `devData` for NF4BLK and NF4CHR.
 */
export interface CreateType {
  readonly type: number;
  readonly linkData?: string;
  readonly devData?: SpecData;
}

export type CreateResult = Outcome<{ readonly cinfo: ChangeInfo; readonly attrSet: Bitmap }>;

function encodeCreateType(w: XdrWriter, { type, linkData, devData }: CreateType): void {
  w.uint32(type);
  if (type === NF4LNK) w.utf8(required(linkData, 'linkData'));
  if (type === NF4BLK || type === NF4CHR) encodeSpecData(w, required(devData, 'devData'));
}

function decodeCreateType(r: XdrReader): CreateType {
  const type = r.uint32();
  if (type === NF4LNK) return { type, linkData: r.utf8(LINK_TEXT_MAX_BYTES) };
  if (type === NF4BLK || type === NF4CHR) return { type, devData: decodeSpecData(r) };
  return { type };
}

function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new RangeError(`createtype4 without ${name}`);
  return value;
}

export const create: OperationCodec<CreateArgs, CreateResult> = {
  number: 6,
  name: 'CREATE',
  encodeArgs(w, args) {
    encodeCreateType(w, args.objType);
    w.utf8(args.objName);
    encodeAttributeSet(w, args.createAttrs);
  },
  decodeArgs: (r) => ({
    objType: decodeCreateType(r),
    objName: decodeComponent(r),
    createAttrs: decodeAttributes(r),
  }),
  ...okFields(
    (w, fields) => {
      encodeChangeInfo(w, fields.cinfo);
      encodeBitmap(w, fields.attrSet);
    },
    (r) => ({ cinfo: decodeChangeInfo(r), attrSet: decodeBitmap(r) }),
  ),
};
