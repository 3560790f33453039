import { type Failure, NFS4ERR_FBIG, NFS4ERR_INVAL, NFS4ERR_NOFILEHANDLE } from '../../nfs4/status.ts';
import type { Stateid } from '../../nfs4/types.ts';
import { absenceAt } from '../absence.ts';
import { MAX_FILE_OFFSET } from '../attributes.ts';
import type { Compound } from '../compound.ts';
import { statusOfErrno } from '../errno-status.ts';
import type { FileNode } from '../filesystem/types.ts';
import { judgeIo, judgeType, regularFile } from '../io-admission.ts';

/** What COPY and CLONE have in common: from the saved file to the current one. */
export interface TwoFiles {
  readonly source: FileNode;
  readonly target: FileNode;
}

interface Range {
  readonly srcStateid: Stateid;
  readonly dstStateid: Stateid;
  readonly srcOffset: bigint;
  readonly dstOffset: bigint;
  readonly count: bigint;
}

export function twoFiles(compound: Compound): TwoFiles | Failure {
  const target = regularFile(compound);
  if (typeof target === 'number') return target;
  const source = compound.saved;
  if (source === null) return NFS4ERR_NOFILEHANDLE;
  return absenceAt(compound, source) ?? judgeType(compound, source) ?? { source, target };
}

/** May both be read and written? As READ and WRITE are asked. */
export function judgeBoth(
  compound: Compound,
  { source, target }: TwoFiles,
  { srcStateid, dstStateid }: Range,
): Failure | null {
  return (
    asSaved(compound, () => judgeIo(compound, source, srcStateid, 'read')) ??
    judgeIo(compound, target, dstStateid, 'write')
  );
}

/** Stateids are of the current file, but for the source's. */
function asSaved<T>(compound: Compound, act: () => T): T {
  const { current, currentStateid } = compound;
  compound.current = compound.saved;
  compound.currentStateid = compound.savedStateid;
  try {
    return act();
  } finally {
    compound.current = current;
    compound.currentStateid = currentStateid;
  }
}

/** How many bytes it is about (RFC 7862 sections 15.2.3 and 15.13.3); 0 in the request stands for all that follow. */
export function countOf({ server }: Compound, { source, target }: TwoFiles, range: Range): bigint | Failure {
  const { srcOffset, dstOffset } = range;
  const found = server.settings.filesystem.attributes(source);
  if (!found.ok) return statusOfErrno(found.errno);
  const { size } = found.value;
  if (srcOffset > size || srcOffset + range.count > size) return NFS4ERR_INVAL;
  const count = range.count === 0n ? size - srcOffset : range.count;
  if (dstOffset + count > MAX_FILE_OFFSET) return NFS4ERR_FBIG;
  const apart = srcOffset < dstOffset ? dstOffset - srcOffset : srcOffset - dstOffset;
  return source.key === target.key && apart < count ? NFS4ERR_INVAL : count;
}
