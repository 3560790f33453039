import { SECINFO_STYLE4_CURRENT_FH, SECINFO_STYLE4_PARENT, type SecInfoStyle } from '../constants.ts';
import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import { decodeSecurityFlavors, encodeSecurityFlavors, type SecurityFlavor } from '../security-flavors.ts';

/** SECINFO_NO_NAME: how may one authenticate for the current object, or its parent? RFC 8881 section 18.45. */
export interface SecInfoNoNameArgs {
  readonly style: SecInfoStyle;
}

/** Best first. */
export type SecInfoNoNameResult = Outcome<{ readonly flavors: readonly SecurityFlavor[] }>;

const STYLES = [SECINFO_STYLE4_CURRENT_FH, SECINFO_STYLE4_PARENT] as const;

export const secInfoNoName: OperationCodec<SecInfoNoNameArgs, SecInfoNoNameResult> = {
  number: 52,
  name: 'SECINFO_NO_NAME',
  encodeArgs(w, args) {
    w.uint32(args.style);
  },
  decodeArgs: (r) => ({ style: r.oneOf(STYLES, 'secinfo_style4') }),
  ...okFields(
    (w, fields) => encodeSecurityFlavors(w, fields.flavors),
    (r) => ({ flavors: decodeSecurityFlavors(r) }),
  ),
};
