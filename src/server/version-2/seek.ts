import { NFS4_CONTENT_DATA, NFS4_CONTENT_HOLE } from '../../nfs4/constants.ts';
import { type SeekArgs, type SeekResult, seek } from '../../nfs4/operations/seek.ts';
import { NFS4_OK, NFS4ERR_NXIO, NFS4ERR_UNION_NOTSUPP } from '../../nfs4/status.ts';
import { statusOfErrno } from '../errno-status.ts';
import { judgeIo, regularFile } from '../io-admission.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 7862 section 15.11. It tells of contents, so it is admitted as a READ. */
export const serveSeek: ServedOperation<SeekArgs, SeekResult> = {
  codec: seek,
  placement: 'in-session',
  serve(compound, { stateid, offset, what }) {
    const node = regularFile(compound);
    if (typeof node === 'number') return { status: node };
    const refusal = judgeIo(compound, node, stateid, 'read');
    if (refusal !== null) return { status: refusal };
    if (what !== NFS4_CONTENT_DATA && what !== NFS4_CONTENT_HOLE) return { status: NFS4ERR_UNION_NOTSUPP };
    const { filesystem } = compound.server.settings;
    const attributes = filesystem.attributes(node);
    if (!attributes.ok) return { status: statusOfErrno(attributes.errno) };
    const { size } = attributes.value;
    if (offset >= size) return { status: NFS4ERR_NXIO };
    const found = filesystem.extents.seek(node, offset, what === NFS4_CONTENT_DATA ? 'data' : 'hole');
    if (found.ok) return { status: NFS4_OK, eof: found.value >= size, offset: found.value };
    // Inside the file, so nothing is wrong with the offset: a hole to the end.
    if (found.errno === 'ENXIO') return { status: NFS4_OK, eof: true, offset: size };
    return { status: statusOfErrno(found.errno) };
  },
};
