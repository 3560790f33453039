import { type AttributeSet, decodeAttributes, encodeAttributeSet } from '../attributes.ts';
import { type Bitmap, decodeBitmap, encodeBitmap } from '../bitmap.ts';
import { type OperationCodec, type Outcome, okFields } from '../operation.ts';

/** GETATTR: the requested attributes, as far as they are supported. RFC 8881 section 18.7. */
export interface GetAttrArgs {
  readonly attrRequest: Bitmap;
}

/**
 * When it is encoded, what `objAttributes.mask` asks for and `values` does not have is left out: a server
 * may put the request there as it came.
 */
export type GetAttrResult = Outcome<{ readonly objAttributes: AttributeSet }>;

export const getAttr: OperationCodec<GetAttrArgs, GetAttrResult> = {
  number: 9,
  name: 'GETATTR',
  encodeArgs(w, args) {
    encodeBitmap(w, args.attrRequest);
  },
  decodeArgs: (r) => ({ attrRequest: decodeBitmap(r) }),
  ...okFields(
    (w, fields) => encodeAttributeSet(w, fields.objAttributes),
    (r) => ({ objAttributes: decodeAttributes(r) }),
  ),
};
