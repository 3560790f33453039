import { UNSTABLE4 } from '../../nfs4/constants.ts';
import { type CopyArgs, type CopyResult, copy } from '../../nfs4/operations/copy.ts';
import { type Failure, NFS4_OK, NFS4ERR_DELAY, NFS4ERR_NOTSUPP } from '../../nfs4/status.ts';
import type { Compound } from '../compound.ts';
import { statusOfErrno } from '../errno-status.ts';
import type { FsResult } from '../filesystem/result.ts';
import type { Filesystem } from '../filesystem/types.ts';
import type { ServedOperation } from '../served-operation.ts';
import { countOf, judgeBoth, type TwoFiles, twoFiles } from './two-files.ts';

/** Bytes that are copied in one turn: others wait no longer than for a few WRITEs. */
const PIECE_BYTES = 4n << 20n;
/** What one COPY does at most, so that a file full of holes cannot keep its slot for ever. The client asks for the rest. */
const COPY_BYTES = 1n << 30n;

type Progress = { readonly copied: bigint } | { readonly refused: Failure };

/**
 * RFC 7862 section 15.2, within this server and before the answer. Copied in order, so that a failure on the way leaves a shorter copy, which
 * is what is answered.
 */
export const serveCopy: ServedOperation<CopyArgs, CopyResult> = {
  codec: copy,
  placement: 'in-session',
  replyBytes: 40,
  serve(compound, args) {
    if (args.sourceServer.length > 0) return answer(compound, { refused: NFS4ERR_NOTSUPP });
    const files = twoFiles(compound);
    if (typeof files === 'number') return answer(compound, { refused: files });
    const refused = judgeBoth(compound, files, args);
    if (refused !== null) return answer(compound, { refused });
    const count = countOf(compound, files, args);
    if (typeof count === 'number') return answer(compound, { refused: count });
    const most = count < COPY_BYTES ? count : COPY_BYTES;
    const first = copyPiece(compound, files, args, 0n, most);
    if ('refused' in first || first.copied === 0n || first.copied >= most) return answer(compound, first);
    return goOn(compound, files, args, first.copied, most);
  },
};

async function goOn(
  compound: Compound,
  files: TwoFiles,
  args: CopyArgs,
  start: bigint,
  most: bigint,
): Promise<CopyResult> {
  let copied = start;
  while (copied < most) {
    await new Promise(setImmediate);
    const next = inItsTurn(compound, () => {
      // What allowed it may have gone meanwhile.
      const refused = judgeBoth(compound, files, args);
      return refused === null ? copyPiece(compound, files, args, copied, most) : { refused };
    });
    if ('refused' in next || next.copied === 0n) break;
    copied += next.copied;
  }
  return answer(compound, { copied });
}

/** As an operation of its own. */
function inItsTurn(compound: Compound, act: () => Progress): Progress {
  const { server, caller, session } = compound;
  if (server.stopped || session?.destroyed) return { refused: NFS4ERR_DELAY };
  try {
    return server.settings.rights.during(caller.credentials, act);
  } finally {
    compound.served();
  }
}

function copyPiece(
  { server }: Compound,
  files: TwoFiles,
  { srcOffset, dstOffset }: CopyArgs,
  copied: bigint,
  most: bigint,
): Progress {
  const { filesystem, limits } = server.settings;
  const left = most - copied;
  if (left === 0n) return { copied: 0n };
  const bytes = Number(left < PIECE_BYTES ? left : PIECE_BYTES);
  const [from, to] = [srcOffset + copied, dstOffset + copied];
  let done = filesystem.extents.copy(files.source, from, files.target, to, bytes);
  if (!done.ok && (done.errno === 'EXDEV' || done.errno === 'EOPNOTSUPP' || done.errno === 'ENOSYS'))
    done = readAndWrite(filesystem, files, from, to, Math.min(bytes, limits.ioBytes));
  return done.ok ? { copied: BigInt(done.value) } : { refused: statusOfErrno(done.errno) };
}

/** Between filesystems that have nothing in common. */
function readAndWrite(
  filesystem: Filesystem,
  { source, target }: TwoFiles,
  from: bigint,
  to: bigint,
  bytes: number,
): FsResult<number> {
  const found = filesystem.read(source, from, bytes);
  if (!found.ok) return found;
  if (found.value.data.length === 0) return { ok: true, value: 0 };
  const written = filesystem.write(target, to, found.value.data, 'unstable');
  return written.ok ? { ok: true, value: written.value.count } : written;
}

function answer({ server }: Compound, progress: Progress): CopyResult {
  if ('refused' in progress) {
    // Never said: whatever is asked for is done in order, and before the answer.
    return { status: progress.refused as Exclude<Failure, 10094> };
  }
  return {
    status: NFS4_OK,
    response: {
      callbackId: null,
      count: progress.copied,
      committed: UNSTABLE4,
      writeVerf: server.identity.writeVerifier,
    },
    requirements: { consecutive: true, synchronous: true },
  };
}
