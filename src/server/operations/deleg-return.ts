import {
  type DelegReturnArgs,
  type DelegReturnResult,
  delegReturn,
} from '../../nfs4/operations/deleg-return.ts';
import { NFS4_OK, NFS4ERR_BAD_STATEID, NFS4ERR_NOFILEHANDLE } from '../../nfs4/status.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.6. Never refused by grace: giving something back breaks no reclaim. */
export const serveDelegReturn: ServedOperation<DelegReturnArgs, DelegReturnResult> = {
  codec: delegReturn,
  placement: 'in-session',
  replyBytes: 4,
  serve(compound, { delegStateid }) {
    if (compound.current === null) return { status: NFS4ERR_NOFILEHANDLE };
    const state = compound.findState(delegStateid);
    if (typeof state === 'number') return { status: state };
    if (state.kind !== 'delegation') return { status: NFS4ERR_BAD_STATEID };
    compound.server.locking.returnDelegation(state);
    compound.server.rewriteRecord(state.client, state.file.domain);
    return { status: NFS4_OK };
  },
};
