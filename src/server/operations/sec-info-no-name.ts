import { SECINFO_STYLE4_PARENT } from '../../nfs4/constants.ts';
import {
  type SecInfoNoNameArgs,
  type SecInfoNoNameResult,
  secInfoNoName,
} from '../../nfs4/operations/sec-info-no-name.ts';
import { NFS4_OK, NFS4ERR_NOFILEHANDLE } from '../../nfs4/status.ts';
import { directoryFor } from '../directories.ts';
import { statusOfErrno } from '../errno-status.ts';
import { SECURITY_FLAVORS } from '../security.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.45. */
export const serveSecInfoNoName: ServedOperation<SecInfoNoNameArgs, SecInfoNoNameResult> = {
  codec: secInfoNoName,
  placement: 'in-session',
  serve(compound, { style }) {
    if (compound.current === null) return { status: NFS4ERR_NOFILEHANDLE };
    if (style === SECINFO_STYLE4_PARENT) {
      const directory = directoryFor(compound, compound.current, 'execute');
      if (typeof directory === 'number') return { status: directory };
      const parent = compound.server.settings.filesystem.parent(directory);
      if (!parent.ok) return { status: statusOfErrno(parent.errno) };
    }
    compound.clearCurrent();
    return { status: NFS4_OK, flavors: SECURITY_FLAVORS };
  },
};
