import { type LockTArgs, type LockTResult, lockT } from '../../nfs4/operations/lock-t.ts';
import { type Failure, NFS4_OK, NFS4ERR_DENIED } from '../../nfs4/status.ts';
import { statusOfErrno } from '../errno-status.ts';
import { regularFile } from '../io-admission.ts';
import type { ServedOperation } from '../served-operation.ts';
import { deniedBy, modeOf, spanOf } from '../spans.ts';
import { lockOwnerKey } from '../state/lock-owners.ts';

/** RFC 8881 section 18.11. During grace nobody can say what will be held: GRACE. */
export const serveLockT: ServedOperation<LockTArgs, LockTResult> = {
  codec: lockT,
  placement: 'in-session',
  serve(compound, args) {
    const { server, client } = compound;
    const node = regularFile(compound);
    if (typeof node === 'number') return failed(node);
    const span = spanOf(args.offset, args.length);
    if (typeof span === 'number') return failed(span);
    const domain = server.domains.of(node);
    const disturbed = server.grants.undisturbed(domain);
    if (disturbed !== null) return failed(disturbed);

    const ownerKey = lockOwnerKey(client, args.owner.owner.toString('hex'));
    const holder = server.settings.locks.test(node, ownerKey, span, modeOf(args.lockType));
    if (!holder.ok) return failed(statusOfErrno(holder.errno));
    if (holder.value === null) return { status: NFS4_OK };
    const owner = server.locking.ownerOfKey(holder.value.ownerKey);
    if (owner !== null && server.leases.lapsedIn(owner.client, domain)) {
      // Row 21: whoever asks wants it.
      return failed(compound.expire(owner.client));
    }
    return { status: NFS4ERR_DENIED, denied: deniedBy(holder.value, owner) };
  },
};

function failed(status: Failure): LockTResult {
  if (status === NFS4ERR_DENIED) throw new Error('a denied lock must say by whom');
  return { status };
}
