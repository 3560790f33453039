import type { FileAttributes } from '../../nfs4/attributes.ts';
import type { Bitmap } from '../../nfs4/bitmap.ts';
import {
  type DirEntry,
  EMPTY_READ_DIR_BYTES,
  encodeDirEntry,
  type ReadDirArgs,
  type ReadDirResult,
  readDir,
} from '../../nfs4/operations/read-dir.ts';
import {
  type Failure,
  NFS4_OK,
  NFS4ERR_BAD_COOKIE,
  NFS4ERR_NOT_SAME,
  NFS4ERR_TOOSMALL,
} from '../../nfs4/status.ts';
import { XdrWriter } from '../../xdr/writer.ts';
import { absentEntry } from '../absent-attributes.ts';
import { judgeRequest } from '../attributes.ts';
import type { Compound } from '../compound.ts';
import { seenAttributes } from '../delegations/seen-attributes.ts';
import { directoryFor } from '../directories.ts';
import { statusOfErrno } from '../errno-status.ts';
import type { DirectoryEntry, FileNode } from '../filesystem/types.ts';
import type { ServedOperation } from '../served-operation.ts';

/** Operation number and status. */
const OVERHEAD_BYTES = 8;
/** Cookie, name and attributes of the shortest entry. */
const LEAST_ENTRY_BYTES = 28;
/** Entries looked at for one reply. */
const MAX_ENTRIES = 1024;

/** RFC 8881 section 18.23. */
export const serveReadDir: ServedOperation<ReadDirArgs, ReadDirResult> = {
  codec: readDir,
  placement: 'in-session',
  serve(compound, args) {
    const directory = directoryFor(compound, compound.current, 'read');
    if (typeof directory === 'number') return { status: directory };
    const bad = judgeRequest(args.attrRequest, compound.request.minorVersion);
    if (bad !== null) return { status: bad };
    if (args.cookie === 1n || args.cookie === 2n) return { status: NFS4ERR_BAD_COOKIE };
    const { filesystem } = compound.server.settings;
    const { cookieVerifier } = filesystem;
    if (args.cookie !== 0n && !args.cookieVerf.equals(cookieVerifier)) return { status: NFS4ERR_NOT_SAME };

    const room = Math.min(args.maxCount, compound.replyRoom - OVERHEAD_BYTES) - EMPTY_READ_DIR_BYTES;
    if (room < 0) return { status: NFS4ERR_TOOSMALL };
    // There is always room to say that nothing follows.
    const most = Math.max(1, Math.min(MAX_ENTRIES, Math.floor(room / LEAST_ENTRY_BYTES)));
    const page = filesystem.readdir(directory, args.cookie, most);
    if (!page.ok) return { status: page.errno === 'EINVAL' ? NFS4ERR_BAD_COOKIE : statusOfErrno(page.errno) };
    const entries = fill(compound, directory, page.value.entries, args.attrRequest, room);
    if (typeof entries === 'number') return { status: entries };
    const complete = entries.length === page.value.entries.length;
    if (entries.length === 0 && !complete) return { status: NFS4ERR_TOOSMALL };
    const reply = { entries, eof: complete && page.value.eof };
    return { status: NFS4_OK, cookieVerf: cookieVerifier, reply };
  },
};

/** As many entries as fit; what comes after is for the next READDIR. A status where one of them fails it all. */
function fill(
  compound: Compound,
  directory: FileNode,
  entries: readonly DirectoryEntry[],
  requested: Bitmap,
  room: number,
): DirEntry[] | Failure {
  const measure = new XdrWriter();
  const filled: DirEntry[] = [];
  for (const entry of entries) {
    const next = entryOf(compound, directory, entry, requested);
    if (typeof next === 'number') return next;
    encodeDirEntry(measure, next);
    if (measure.position > room) break;
    filled.push(next);
  }
  return filled;
}

function entryOf(
  compound: Compound,
  directory: FileNode,
  { name, cookie }: DirectoryEntry,
  requested: Bitmap,
): DirEntry | Failure {
  const { server } = compound;
  const node = server.settings.filesystem.lookup(directory, name);
  const absent = node.ok ? absentEntry(compound, node.value, requested) : null;
  if (typeof absent === 'number') return absent;
  if (absent !== null) return { cookie, name, attrs: { mask: requested, values: absent } };
  const values: FileAttributes | Failure = node.ok
    ? seenAttributes(compound, node.value, requested)
    : statusOfErrno(node.errno);
  if (node.ok) server.paths.learn(directory, name, node.value);
  // Where one file's attributes cannot be had, the others still can (section 18.23.3).
  const known: FileAttributes = typeof values === 'number' ? { rdattrError: values } : values;
  return { cookie, name, attrs: { mask: requested, values: known } };
}
