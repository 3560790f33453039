import { type NverifyArgs, type NverifyResult, nverify } from '../../nfs4/operations/nverify.ts';
import { NFS4_OK, NFS4ERR_SAME } from '../../nfs4/status.ts';
import { compareAbsent } from '../absent-attributes.ts';
import { compareAttributes } from '../attributes.ts';
import { judgeSeen } from '../delegations/seen-attributes.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.15. */
export const serveNverify: ServedOperation<NverifyArgs, NverifyResult> = {
  codec: nverify,
  placement: 'in-session',
  onAbsent: 'served',
  serve(compound, { objAttributes }) {
    const { current, request, server } = compound;
    const same =
      compareAbsent(compound, objAttributes) ??
      judgeSeen(compound, current, objAttributes.mask) ??
      compareAttributes(server.settings, current, objAttributes, request.minorVersion);
    if (typeof same === 'number') return { status: same };
    return { status: same ? NFS4ERR_SAME : NFS4_OK };
  },
};
