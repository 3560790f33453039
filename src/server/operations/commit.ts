import { type CommitArgs, type CommitResult, commit } from '../../nfs4/operations/commit.ts';
import { NFS4_OK, NFS4ERR_INVAL } from '../../nfs4/status.ts';
import { statusOfErrno } from '../errno-status.ts';
import { regularFile } from '../io-admission.ts';
import type { ServedOperation } from '../served-operation.ts';

/** Of a file in the protocol. */
const LAST_OFFSET = 2n ** 64n - 1n;

/** RFC 8881 section 18.3. The whole file, whatever part was asked for. */
export const serveCommit: ServedOperation<CommitArgs, CommitResult> = {
  codec: commit,
  placement: 'in-session',
  serve(compound, { offset, count }) {
    const node = regularFile(compound);
    if (typeof node === 'number') return { status: node };
    if (offset + BigInt(count) > LAST_OFFSET) return { status: NFS4ERR_INVAL };
    const done = compound.server.settings.filesystem.commit(node);
    if (!done.ok) return { status: statusOfErrno(done.errno) };
    return { status: NFS4_OK, writeVerf: compound.server.identity.writeVerifier };
  },
};
