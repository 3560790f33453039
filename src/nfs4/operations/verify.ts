import { type AttributeSet, decodeAttributes, encodeAttributeSet } from '../attributes.ts';
import { type OperationCodec, type StatusResult, statusOnly } from '../operation.ts';

/** VERIFY: goes on only if the attributes are the same. RFC 8881 section 18.31. */
export interface VerifyArgs {
  readonly objAttributes: AttributeSet;
}

export type VerifyResult = StatusResult;

export const verify: OperationCodec<VerifyArgs, VerifyResult> = {
  number: 37,
  name: 'VERIFY',
  encodeArgs(w, args) {
    encodeAttributeSet(w, args.objAttributes);
  },
  decodeArgs: (r) => ({ objAttributes: decodeAttributes(r) }),
  ...statusOnly,
};
