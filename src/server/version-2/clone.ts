import { type CloneArgs, type CloneResult, clone } from '../../nfs4/operations/clone.ts';
import { NFS4_OK } from '../../nfs4/status.ts';
import { statusOfErrno } from '../errno-status.ts';
import type { ServedOperation } from '../served-operation.ts';
import { countOf, judgeBoth, twoFiles } from './two-files.ts';

/** RFC 7862 section 15.13. All or nothing, and durable when it is answered. */
export const serveClone: ServedOperation<CloneArgs, CloneResult> = {
  codec: clone,
  placement: 'in-session',
  replyBytes: 4,
  serve(compound, args) {
    const files = twoFiles(compound);
    if (typeof files === 'number') return { status: files };
    const refusal = judgeBoth(compound, files, args);
    if (refusal !== null) return { status: refusal };
    const count = countOf(compound, files, args);
    if (typeof count === 'number') return { status: count };
    const { extents } = compound.server.settings.filesystem;
    // The count as it came: 0 goes to the end for the kernel as well, and a last block that is not full is allowed there alone.
    const done = extents.clone(files.source, args.srcOffset, files.target, args.dstOffset, args.count);
    return { status: done.ok ? NFS4_OK : statusOfErrno(done.errno) };
  },
};
