import type { DelegReturnArgs, DelegReturnResult } from '../../nfs4/operations/deleg-return.ts';
import { NFS4ERR_EXPIRED } from '../../nfs4/status.ts';
import { serveDelegReturn as delegReturn } from '../operations/deleg-return.ts';
import type { ServedOperation } from '../served-operation.ts';
import { locateState } from './lookup.ts';

/** RFC 7530 section 16.8. Of one that was revoked: EXPIRED, and who gives it back knows, so that its record may be written again. */
export const serveDelegReturn: ServedOperation<DelegReturnArgs, DelegReturnResult> = {
  ...delegReturn,
  serve(compound, args) {
    const state = locateState(compound.server, args.delegStateid);
    const result = delegReturn.serve(compound, args) as DelegReturnResult;
    if (result.status === NFS4ERR_EXPIRED && typeof state === 'object')
      compound.server.rewriteRecord(state.client, state.file.domain);
    return result;
  },
};
