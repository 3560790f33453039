import { type ReadArgs, type ReadResult, read } from '../../nfs4/operations/read.ts';
import { NFS4_OK } from '../../nfs4/status.ts';
import { MAX_FILE_OFFSET } from '../attributes.ts';
import { statusOfErrno } from '../errno-status.ts';
import { judgeIo, regularFile } from '../io-admission.ts';
import type { ServedOperation } from '../served-operation.ts';

/** Operation number, status, eof, length and padding. */
const OVERHEAD_BYTES = 20;
const NOTHING = Buffer.alloc(0);

/** RFC 8881 section 18.22. Reads less rather than more than the reply has room for. */
export const serveRead: ServedOperation<ReadArgs, ReadResult> = {
  codec: read,
  placement: 'in-session',
  serve(compound, { stateid, offset, count }) {
    const node = regularFile(compound);
    if (typeof node === 'number') return { status: node };
    const refusal = judgeIo(compound, node, stateid, 'read');
    if (refusal !== null) return { status: refusal };
    // Nothing is there, and the operating system has no word for it.
    if (offset > MAX_FILE_OFFSET) return { status: NFS4_OK, eof: true, data: NOTHING };
    const { filesystem, limits } = compound.server.settings;
    const room = Math.max(0, Math.min(compound.replyRoom - OVERHEAD_BYTES, limits.ioBytes));
    const found = filesystem.read(node, offset, Math.min(count, room));
    if (!found.ok) return { status: statusOfErrno(found.errno) };
    return { status: NFS4_OK, eof: found.value.eof, data: found.value.data };
  },
};
