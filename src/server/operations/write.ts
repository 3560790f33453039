import { DATA_SYNC4, FILE_SYNC4, type StableHow, UNSTABLE4 } from '../../nfs4/constants.ts';
import { type WriteArgs, type WriteResult, write } from '../../nfs4/operations/write.ts';
import { NFS4_OK } from '../../nfs4/status.ts';
import { statusOfErrno } from '../errno-status.ts';
import type { Stability } from '../filesystem/types.ts';
import { judgeIo, regularFile } from '../io-admission.ts';
import type { ServedOperation } from '../served-operation.ts';

const STABILITY: Record<StableHow, Stability> = {
  [UNSTABLE4]: 'unstable',
  [DATA_SYNC4]: 'data',
  [FILE_SYNC4]: 'file',
};

/** RFC 8881 section 18.32. As durable as was asked for when it is answered. */
export const serveWrite: ServedOperation<WriteArgs, WriteResult> = {
  codec: write,
  placement: 'in-session',
  replyBytes: 20,
  serve(compound, { stateid, offset, stable, data }) {
    const node = regularFile(compound);
    if (typeof node === 'number') return { status: node };
    const refusal = judgeIo(compound, node, stateid, 'write');
    if (refusal !== null) return { status: refusal };
    const { settings, identity } = compound.server;
    // A short write is fine; the client sends the rest.
    const bytes = data.subarray(0, settings.limits.ioBytes);
    const written = settings.filesystem.write(node, offset, bytes, STABILITY[stable]);
    if (!written.ok) return { status: statusOfErrno(written.errno) };
    return {
      status: NFS4_OK,
      count: written.value.count,
      committed: stable,
      writeVerf: identity.writeVerifier,
    };
  },
};
