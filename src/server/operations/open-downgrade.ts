import {
  type OpenDowngradeArgs,
  type OpenDowngradeResult,
  openDowngrade,
} from '../../nfs4/operations/open-downgrade.ts';
import { NFS4_OK, NFS4ERR_BAD_STATEID, NFS4ERR_INVAL, NFS4ERR_NOFILEHANDLE } from '../../nfs4/status.ts';
import type { ServedOperation } from '../served-operation.ts';
import { SHARE_BOTH } from '../state/opens.ts';
import { bumpSeqid } from '../state/stateids.ts';

/** RFC 8881 section 18.18. */
export const serveOpenDowngrade: ServedOperation<OpenDowngradeArgs, OpenDowngradeResult> = {
  codec: openDowngrade,
  placement: 'in-session',
  replyBytes: 20,
  serve(compound, args) {
    if (compound.current === null) return { status: NFS4ERR_NOFILEHANDLE };
    const open = compound.findState(args.openStateid, true);
    if (typeof open === 'number') return { status: open };
    if (open.kind !== 'open') return { status: NFS4ERR_BAD_STATEID };
    const { shareAccess, shareDeny } = args;
    if (shareAccess === 0 || shareAccess > SHARE_BOTH || shareDeny > SHARE_BOTH)
      return { status: NFS4ERR_INVAL };
    if (!open.canDowngrade(shareAccess, shareDeny)) return { status: NFS4ERR_INVAL };
    const { locking } = compound.server;
    locking.dropDescriptors(open.file.node, open.access & ~shareAccess);
    open.downgrade(shareAccess, shareDeny);
    locking.shares.settle(open.file);
    const stateid = bumpSeqid(open);
    compound.currentStateid = stateid;
    return { status: NFS4_OK, openStateid: stateid };
  },
};
