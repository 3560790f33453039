import { type LookupArgs, type LookupResult, lookup } from '../../nfs4/operations/lookup.ts';
import { NFS4_OK } from '../../nfs4/status.ts';
import { directoryFor } from '../directories.ts';
import { statusOfErrno } from '../errno-status.ts';
import { judgeName } from '../names.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.13. */
export const serveLookup: ServedOperation<LookupArgs, LookupResult> = {
  codec: lookup,
  placement: 'in-session',
  serve(compound, { objName }) {
    const directory = directoryFor(compound, compound.current, 'execute');
    if (typeof directory === 'number') return { status: directory };
    const badName = judgeName(objName);
    if (badName !== null) return { status: badName };
    const node = compound.server.settings.filesystem.lookup(directory, objName);
    if (!node.ok) return { status: statusOfErrno(node.errno) };
    compound.server.paths.learn(directory, objName, node.value);
    compound.setCurrent(node.value);
    return { status: NFS4_OK };
  },
};
