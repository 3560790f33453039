import {
  type OpenDowngradeArgs,
  type OpenDowngradeResult,
  openDowngrade,
} from '../../nfs4/operations/open-downgrade.ts';
import { NFS4ERR_BAD_STATEID, NFS4ERR_NOFILEHANDLE } from '../../nfs4/status.ts';
import { serveOpenDowngrade as downgrade } from '../operations/open-downgrade.ts';
import type { ServedOperation } from '../served-operation.ts';
import { locateHere, ownerOf } from './lookup.ts';
import { inSequence } from './owner-sequence.ts';

/** RFC 7530 section 16.19. */
export const serveOpenDowngrade: ServedOperation<OpenDowngradeArgs, OpenDowngradeResult> = {
  codec: openDowngrade,
  placement: 'anywhere',
  onAbsent: 'served',
  replyBytes: 20,
  serve(compound, args) {
    const { server, current } = compound;
    if (current === null) return { status: NFS4ERR_NOFILEHANDLE };
    const open = locateHere(compound, args.openStateid);
    if (typeof open === 'number') return { status: open };
    const owner = open.kind === 'open' ? ownerOf(open) : undefined;
    if (owner === undefined) return { status: NFS4ERR_BAD_STATEID };
    return inSequence<OpenDowngradeResult>(compound, owner.sequence, args.seqid, () => {
      owner.usedAtMs = server.settings.clock.nowMs();
      return downgrade.serve(compound, args) as OpenDowngradeResult;
    });
  },
};
