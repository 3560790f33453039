import { type AttributeSet, decodeAttributes, encodeAttributeSet } from '../attributes.ts';
import { type Bitmap, decodeBitmap, encodeBitmap } from '../bitmap.ts';
import type { OperationCodec } from '../operation.ts';
import { decodeStatus, type Status } from '../status.ts';
import { decodeStateid, encodeStateid, type Stateid } from '../types.ts';

/** SETATTR: changes attributes; the stateid counts when `size` is among them. RFC 8881 section 18.30. */
export interface SetAttrArgs {
  readonly stateid: Stateid;
  readonly objAttributes: AttributeSet;
}

/** Unlike other results it has its field on failure too: some attributes may have been set before it. */
export interface SetAttrResult {
  readonly status: Status;
  readonly attrsSet: Bitmap;
}

export const setAttr: OperationCodec<SetAttrArgs, SetAttrResult> = {
  number: 34,
  name: 'SETATTR',
  encodeArgs(w, args) {
    encodeStateid(w, args.stateid);
    encodeAttributeSet(w, args.objAttributes);
  },
  decodeArgs: (r) => ({ stateid: decodeStateid(r), objAttributes: decodeAttributes(r) }),
  encodeResult(w, result) {
    w.uint32(result.status);
    encodeBitmap(w, result.attrsSet);
  },
  decodeResult: (r) => ({ status: decodeStatus(r), attrsSet: decodeBitmap(r) }),
};
