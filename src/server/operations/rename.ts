import { type RenameArgs, type RenameResult, rename } from '../../nfs4/operations/rename.ts';
import { NFS4_OK, NFS4ERR_XDEV } from '../../nfs4/status.ts';
import { recallNamed } from '../delegations/conflicts.ts';
import { directoryFor, judgeRemoval } from '../directories.ts';
import { statusOfErrno } from '../errno-status.ts';
import { judgeName } from '../names.ts';
import { changeInfo } from '../new-objects.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.26. Row 36: it may remove a file whose open somebody is about to reclaim. */
export const serveRename: ServedOperation<RenameArgs, RenameResult> = {
  codec: rename,
  placement: 'in-session',
  replyBytes: 44,
  serve(compound, { oldName, newName }) {
    const from = directoryFor(compound, compound.saved, 'change');
    if (typeof from === 'number') return { status: from };
    const to = directoryFor(compound, compound.current, 'change');
    if (typeof to === 'number') return { status: to };
    const { domains, grants } = compound.server;
    const domain = domains.of(to);
    const refusal =
      judgeName(oldName) ??
      judgeName(newName) ??
      (domains.of(from) === domain ? null : NFS4ERR_XDEV) ??
      grants.undisturbed(domain) ??
      judgeRemoval(compound, from, oldName) ??
      judgeRemoval(compound, to, newName) ??
      recallNamed(compound, from, oldName) ??
      recallNamed(compound, to, newName);
    if (refusal !== null) return { status: refusal };
    const renamed = compound.server.settings.filesystem.rename(from, oldName, to, newName);
    if (!renamed.ok) return { status: statusOfErrno(renamed.errno) };
    compound.server.paths.renamed(to, newName);
    const { from: source, to: target } = renamed.value;
    return { status: NFS4_OK, sourceCinfo: changeInfo(source), targetCinfo: changeInfo(target) };
  },
};
