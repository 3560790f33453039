import { type LockUArgs, type LockUResult, lockU } from '../../nfs4/operations/lock-u.ts';
import { NFS4ERR_BAD_STATEID, NFS4ERR_NOFILEHANDLE } from '../../nfs4/status.ts';
import { serveLockU as unlock } from '../operations/lock-u.ts';
import type { ServedOperation } from '../served-operation.ts';
import { locateHere } from './lookup.ts';
import { inSequence } from './owner-sequence.ts';

/** RFC 7530 section 16.12. */
export const serveLockU: ServedOperation<LockUArgs, LockUResult> = {
  codec: lockU,
  placement: 'anywhere',
  onAbsent: 'served',
  replyBytes: 20,
  serve(compound, args) {
    if (compound.current === null) return { status: NFS4ERR_NOFILEHANDLE };
    const state = locateHere(compound, args.lockStateid);
    if (typeof state === 'number') return { status: state };
    const sequence = state.kind === 'lock' ? state.client.lockSequenceOf(state.owner.owner) : null;
    if (sequence === null) return { status: NFS4ERR_BAD_STATEID };
    return inSequence<LockUResult>(
      compound,
      sequence,
      args.seqid,
      () => unlock.serve(compound, args) as LockUResult,
    );
  },
};
