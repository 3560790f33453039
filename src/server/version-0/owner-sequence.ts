import { crc32 } from 'node:zlib';
import type { StatusResult } from '../../nfs4/operation.ts';
import {
  NFS4_OK,
  NFS4ERR_BAD_SEQID,
  NFS4ERR_BAD_STATEID,
  NFS4ERR_BADXDR,
  NFS4ERR_MOVED,
  NFS4ERR_NOFILEHANDLE,
  NFS4ERR_RESOURCE,
  NFS4ERR_STALE_CLIENTID,
  NFS4ERR_STALE_STATEID,
  type Status,
} from '../../nfs4/status.ts';
import { judgePresence } from '../absence.ts';
import type { Compound } from '../compound.ts';
import type { FileNode } from '../filesystem/types.ts';

/**
 * After these the client repeats the seqid, after all others, GRACE and DELAY among them, it goes on with the next one
 * (RFC 7530 section 9.1.7; row 33).
 */
const KEEPS_SEQID: ReadonlySet<Status> = new Set<Status>([
  NFS4ERR_STALE_CLIENTID,
  NFS4ERR_STALE_STATEID,
  NFS4ERR_BAD_STATEID,
  NFS4ERR_BAD_SEQID,
  NFS4ERR_BADXDR,
  NFS4ERR_RESOURCE,
  NFS4ERR_NOFILEHANDLE,
  NFS4ERR_MOVED,
]);

/** What a request is recognised by when it comes again. */
interface Fingerprint {
  readonly bytes: number;
  readonly checksum: number;
  /** Of the current filehandle. */
  readonly file: string | undefined;
}

interface Remembered extends Fingerprint {
  readonly seqid: number;
  readonly result: StatusResult;
  /** The current filehandle afterwards: OPEN makes one, and GETFH behind a repeated OPEN must find it. */
  readonly current: FileNode | null;
}

/** How the requests of one open-owner or lock-owner follow each other, and the answer to the newest (RFC 7530 sections 9.1.7 to 9.1.9). */
export class OwnerSequence {
  #newest: Remembered | null = null;

  /**
   * The kept answer, if this is the newest request once more. Not every request with its seqid is: a client that forgot an
   * owner may begin anew with a number that was used, and must not be given another file's stateid.
   */
  repeated(compound: Compound, seqid: number): Remembered | null {
    const newest = this.#newest;
    if (newest === null || newest.seqid !== seqid) return null;
    const request = fingerprintOf(compound);
    const same =
      newest.bytes === request.bytes && newest.checksum === request.checksum && newest.file === request.file;
    return same ? newest : null;
  }

  /** The first request may have any seqid (RFC 7530 section 9.1.7). */
  isNext(seqid: number): boolean {
    return this.#newest === null || seqid === (this.#newest.seqid + 1) >>> 0;
  }

  remember(seqid: number, request: Fingerprint, result: StatusResult, current: FileNode | null): void {
    this.#newest = { ...request, seqid, result, current };
  }
}

interface BadSeqid {
  readonly status: typeof NFS4ERR_BAD_SEQID;
}

/** Does `work` if it is this request's turn, and gives the answer of before if it was done already: nothing is done twice. */
export function inSequence<Result extends StatusResult>(
  compound: Compound,
  sequence: OwnerSequence,
  seqid: number,
  work: () => Result,
): Result | BadSeqid {
  const repeated = sequence.repeated(compound, seqid);
  if (repeated !== null) return replay(compound, repeated);
  if (!sequence.isNext(seqid)) return { status: NFS4ERR_BAD_SEQID };
  const request = fingerprintOf(compound);
  const absence = judgePresence(compound);
  const result = absence === null ? work() : ({ status: absence } as Result);
  // Another request could come in between, and be done on what this one has not changed yet (record-first.ts waits before).
  if (result instanceof Promise) throw new Error('what has a seqid is done in one turn');
  // It will be done once more: that is not its answer.
  if (compound.isWaiting) return result;
  if (!KEEPS_SEQID.has(result.status)) sequence.remember(seqid, request, result, compound.current);
  return result;
}

/** The same request has the same operation, so the kept result is one of its own. */
export function replay<Result extends StatusResult>(
  compound: Compound,
  { result, current }: Remembered,
): Result {
  if (result.status === NFS4_OK && current !== null) compound.setCurrent(current);
  return result as Result;
}

const fingerprintOf = ({ operationBytes, current }: Compound): Fingerprint => ({
  bytes: operationBytes.length,
  checksum: crc32(operationBytes),
  file: current?.key,
});
