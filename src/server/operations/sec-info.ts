import { type SecInfoArgs, type SecInfoResult, secInfo } from '../../nfs4/operations/sec-info.ts';
import { NFS4_OK } from '../../nfs4/status.ts';
import { directoryFor } from '../directories.ts';
import { statusOfErrno } from '../errno-status.ts';
import { judgeName } from '../names.ts';
import { SECURITY_FLAVORS } from '../security.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.29. The same for every object. */
export const serveSecInfo: ServedOperation<SecInfoArgs, SecInfoResult> = {
  codec: secInfo,
  placement: 'in-session',
  serve(compound, { name }) {
    const directory = directoryFor(compound, compound.current, 'execute');
    if (typeof directory === 'number') return { status: directory };
    const badName = judgeName(name);
    if (badName !== null) return { status: badName };
    const node = compound.server.settings.filesystem.lookup(directory, name);
    if (!node.ok) return { status: statusOfErrno(node.errno) };
    compound.clearCurrent();
    return { status: NFS4_OK, flavors: SECURITY_FLAVORS };
  },
};
