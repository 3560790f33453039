import { type LockUArgs, type LockUResult, lockU } from '../../nfs4/operations/lock-u.ts';
import { NFS4_OK, NFS4ERR_BAD_STATEID } from '../../nfs4/status.ts';
import { statusOfErrno } from '../errno-status.ts';
import { regularFile } from '../io-admission.ts';
import { released, spanForHistory } from '../observation.ts';
import type { ServedOperation } from '../served-operation.ts';
import { spanOf } from '../spans.ts';
import { bumpSeqid } from '../state/stateids.ts';
import { judgeUnlockRoom } from '../state-room.ts';

/** RFC 8881 section 18.12. Never refused by grace: giving something back breaks no reclaim. */
export const serveLockU: ServedOperation<LockUArgs, LockUResult> = {
  codec: lockU,
  placement: 'in-session',
  replyBytes: 20,
  serve(compound, args) {
    const { domains, settings } = compound.server;
    const node = regularFile(compound);
    if (typeof node === 'number') return { status: node };
    const span = spanOf(args.offset, args.length);
    if (typeof span === 'number') return { status: span };
    const lock = compound.findState(args.lockStateid);
    if (typeof lock === 'number') return { status: lock };
    if (lock.kind !== 'lock') return { status: NFS4ERR_BAD_STATEID };

    const noRoom = judgeUnlockRoom(compound, lock, span);
    if (noRoom !== null) return { status: noRoom };
    const unlocked = settings.locks.unlock(node, lock.owner.key, span);
    if (!unlocked.ok) return { status: statusOfErrno(unlocked.errno) };
    compound.server.locking.count(lock);
    const stateid = bumpSeqid(lock);
    compound.currentStateid = stateid;
    settings.observe(
      released({
        op: 'lock',
        client: lock.client.name,
        owner: lock.owner.name,
        file: lock.file.path,
        ...domains.labelOf(lock.file.domain),
        span: spanForHistory(span),
      }),
    );
    return { status: NFS4_OK, lockStateid: stateid };
  },
};
