import { type AttributeSet, decodeAttributes, encodeAttributeSet } from '../attributes.ts';
import { type Bitmap, decodeBitmap, encodeBitmap } from '../bitmap.ts';
import { NFS4_FHSIZE } from '../constants.ts';
import { type OperationCodec, type Outcome, okFields } from '../operation.ts';

/** CB_GETATTR: size and change of a file as the holder of its write delegation knows them. RFC 8881 section 20.1. */
export interface CbGetAttrArgs {
  readonly fh: Buffer;
  readonly attrRequest: Bitmap;
}

export type CbGetAttrResult = Outcome<{ readonly objAttributes: AttributeSet }>;

export const cbGetAttr: OperationCodec<CbGetAttrArgs, CbGetAttrResult> = {
  number: 3,
  name: 'CB_GETATTR',
  encodeArgs(w, args) {
    w.opaque(args.fh);
    encodeBitmap(w, args.attrRequest);
  },
  decodeArgs: (r) => ({ fh: r.opaque(NFS4_FHSIZE), attrRequest: decodeBitmap(r) }),
  ...okFields(
    (w, fields) => encodeAttributeSet(w, fields.objAttributes),
    (r) => ({ objAttributes: decodeAttributes(r) }),
  ),
};
