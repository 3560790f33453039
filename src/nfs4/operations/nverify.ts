import { type AttributeSet, decodeAttributes, encodeAttributeSet } from '../attributes.ts';
import { type OperationCodec, type StatusResult, statusOnly } from '../operation.ts';

/** NVERIFY: goes on only if the attributes differ. RFC 8881 section 18.15. */
export interface NverifyArgs {
  readonly objAttributes: AttributeSet;
}

export type NverifyResult = StatusResult;

export const nverify: OperationCodec<NverifyArgs, NverifyResult> = {
  number: 17,
  name: 'NVERIFY',
  encodeArgs(w, args) {
    encodeAttributeSet(w, args.objAttributes);
  },
  decodeArgs: (r) => ({ objAttributes: decodeAttributes(r) }),
  ...statusOnly,
};
