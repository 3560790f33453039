import { LENGTH_TO_END_OF_FILE } from '../../nfs4/constants.ts';
import { type AllocateArgs, type AllocateResult, allocate } from '../../nfs4/operations/allocate.ts';
import { type DeallocateArgs, type DeallocateResult, deallocate } from '../../nfs4/operations/deallocate.ts';
import { type Failure, NFS4_OK, NFS4ERR_FBIG, NFS4ERR_INVAL, NFS4ERR_NOSPC } from '../../nfs4/status.ts';
import { MAX_FILE_OFFSET } from '../attributes.ts';
import type { Compound } from '../compound.ts';
import { statusOfErrno } from '../errno-status.ts';
import type { FsResult } from '../filesystem/result.ts';
import type { FileNode } from '../filesystem/types.ts';
import { judgeIo, regularFile } from '../io-admission.ts';
import type { ServedOperation } from '../served-operation.ts';

const MAX_UINT64 = LENGTH_TO_END_OF_FILE;

/** RFC 7862 section 15.1. */
export const serveAllocate: ServedOperation<AllocateArgs, AllocateResult> = {
  codec: allocate,
  placement: 'in-session',
  replyBytes: 4,
  serve: (compound, args) => ({
    status: change(compound, args, (node) => {
      if (args.offset + args.length > MAX_FILE_OFFSET) return NFS4ERR_FBIG;
      return (
        judgeRoom(compound, node, args.length) ??
        outcome(extentsOf(compound).allocate(node, args.offset, args.length))
      );
    }),
  }),
};

/** RFC 7862 section 15.4. */
export const serveDeallocate: ServedOperation<DeallocateArgs, DeallocateResult> = {
  codec: deallocate,
  placement: 'in-session',
  replyBytes: 4,
  serve: (compound, args) => ({
    status: change(compound, args, (node) =>
      args.offset > MAX_FILE_OFFSET
        ? NFS4_OK
        : outcome(extentsOf(compound).deallocate(node, args.offset, args.length)),
    ),
  }),
};

const extentsOf = ({ server }: Compound) => server.settings.filesystem.extents;

const outcome = (done: FsResult<void>): Failure | typeof NFS4_OK =>
  done.ok ? NFS4_OK : statusOfErrno(done.errno);

/** Both change contents, so they are admitted as WRITEs. */
function change(
  compound: Compound,
  { stateid, offset, length }: AllocateArgs,
  act: (node: FileNode) => Failure | typeof NFS4_OK,
): Failure | typeof NFS4_OK {
  const node = regularFile(compound);
  if (typeof node === 'number') return node;
  const refusal = judgeIo(compound, node, stateid, 'write');
  if (refusal !== null) return refusal;
  return length === 0n || offset + length > MAX_UINT64 ? NFS4ERR_INVAL : act(node);
}

/** Some filesystems would give all that they have before they find that it is not enough. */
function judgeRoom({ server }: Compound, node: FileNode, length: bigint): Failure | null {
  const { filesystem } = server.settings;
  const attributes = filesystem.attributes(node);
  const space = filesystem.space(node);
  if (!attributes.ok || !space.ok) return null;
  return length > attributes.value.spaceUsed + space.value.bytesFree ? NFS4ERR_NOSPC : null;
}
