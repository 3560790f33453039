import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import { decodeSecurityFlavors, encodeSecurityFlavors, type SecurityFlavor } from '../security-flavors.ts';
import { decodeComponent } from '../types.ts';

/** SECINFO: how may one authenticate for the named object? RFC 8881 section 18.29. */
export interface SecInfoArgs {
  readonly name: string;
}

/** Best first. */
export type SecInfoResult = Outcome<{ readonly flavors: readonly SecurityFlavor[] }>;

export const secInfo: OperationCodec<SecInfoArgs, SecInfoResult> = {
  number: 33,
  name: 'SECINFO',
  encodeArgs(w, args) {
    w.utf8(args.name);
  },
  decodeArgs: (r) => ({ name: decodeComponent(r) }),
  ...okFields(
    (w, fields) => encodeSecurityFlavors(w, fields.flavors),
    (r) => ({ flavors: decodeSecurityFlavors(r) }),
  ),
};
