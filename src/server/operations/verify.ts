import { type VerifyArgs, type VerifyResult, verify } from '../../nfs4/operations/verify.ts';
import { NFS4_OK, NFS4ERR_NOT_SAME } from '../../nfs4/status.ts';
import { compareAbsent } from '../absent-attributes.ts';
import { compareAttributes } from '../attributes.ts';
import { judgeSeen } from '../delegations/seen-attributes.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.31. */
export const serveVerify: ServedOperation<VerifyArgs, VerifyResult> = {
  codec: verify,
  placement: 'in-session',
  onAbsent: 'served',
  serve(compound, { objAttributes }) {
    const { current, request, server } = compound;
    const same =
      compareAbsent(compound, objAttributes) ??
      judgeSeen(compound, current, objAttributes.mask) ??
      compareAttributes(server.settings, current, objAttributes, request.minorVersion);
    if (typeof same === 'number') return { status: same };
    return { status: same ? NFS4_OK : NFS4ERR_NOT_SAME };
  },
};
