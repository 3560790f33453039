import { type LinkArgs, type LinkResult, link } from '../../nfs4/operations/link.ts';
import { NFS4_OK, NFS4ERR_ISDIR, NFS4ERR_NOFILEHANDLE } from '../../nfs4/status.ts';
import { recallFor } from '../delegations/conflicts.ts';
import { directoryFor } from '../directories.ts';
import { statusOfErrno } from '../errno-status.ts';
import { judgeName } from '../names.ts';
import { changeInfo } from '../new-objects.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.9: the saved filehandle's file gets a name in the current directory. */
export const serveLink: ServedOperation<LinkArgs, LinkResult> = {
  codec: link,
  placement: 'in-session',
  replyBytes: 24,
  serve(compound, { newName }) {
    const { saved } = compound;
    if (saved === null) return { status: NFS4ERR_NOFILEHANDLE };
    const directory = directoryFor(compound, compound.current, 'change');
    if (typeof directory === 'number') return { status: directory };
    if (saved.type === 'directory') return { status: NFS4ERR_ISDIR };
    const badName = judgeName(newName);
    const refusal = badName ?? recallFor(compound, saved, 'change');
    if (refusal !== null) return { status: refusal };
    const linked = compound.server.settings.filesystem.link(saved, directory, newName);
    if (!linked.ok) return { status: statusOfErrno(linked.errno) };
    return { status: NFS4_OK, cinfo: changeInfo(linked.value) };
  },
};
