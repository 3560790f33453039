import { type RemoveArgs, type RemoveResult, remove } from '../../nfs4/operations/remove.ts';
import { NFS4_OK } from '../../nfs4/status.ts';
import { recallNamed } from '../delegations/conflicts.ts';
import { directoryFor, judgeRemoval } from '../directories.ts';
import { statusOfErrno } from '../errno-status.ts';
import { judgeName } from '../names.ts';
import { changeInfo } from '../new-objects.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.25. Row 36: during grace somebody may be about to reclaim an open of what would go. */
export const serveRemove: ServedOperation<RemoveArgs, RemoveResult> = {
  codec: remove,
  placement: 'in-session',
  replyBytes: 24,
  serve(compound, { target }) {
    const directory = directoryFor(compound, compound.current, 'change');
    if (typeof directory === 'number') return { status: directory };
    const { domains, grants } = compound.server;
    const refusal =
      judgeName(target) ??
      grants.undisturbed(domains.of(directory)) ??
      judgeRemoval(compound, directory, target) ??
      recallNamed(compound, directory, target);
    if (refusal !== null) return { status: refusal };
    const removed = compound.server.settings.filesystem.remove(directory, target);
    if (!removed.ok) return { status: statusOfErrno(removed.errno) };
    return { status: NFS4_OK, cinfo: changeInfo(removed.value) };
  },
};
