import type { LockMode, Span } from '../../core/byte-ranges.ts';
import { type LockArgs, type LockResult, lock } from '../../nfs4/operations/lock.ts';
import {
  type Failure,
  NFS4_OK,
  NFS4ERR_BAD_STATEID,
  NFS4ERR_DELAY,
  NFS4ERR_DENIED,
  NFS4ERR_OPENMODE,
  NFS4ERR_RECLAIM_CONFLICT,
  statusName,
} from '../../nfs4/status.ts';
import type { Compound } from '../compound.ts';
import { statusOfErrno } from '../errno-status.ts';
import type { LockHolder } from '../filesystem/types.ts';
import { regularFile } from '../io-admission.ts';
import { granted, refused, type Subject, spanForHistory } from '../observation.ts';
import type { ServedOperation } from '../served-operation.ts';
import { deniedBy, modeOf, spanOf } from '../spans.ts';
import { type LockState, lockOwnerKey } from '../state/lock-owners.ts';
import { type OpenState, ownerText, SHARE_READ, SHARE_WRITE } from '../state/opens.ts';
import { bumpSeqid } from '../state/stateids.ts';
import { judgeLockRoom } from '../state-room.ts';

/** Who wants which range of what. */
interface Request {
  readonly open: OpenState;
  /** Owner in hex. */
  readonly owner: string;
  readonly ownerKey: string;
  /** Null: the owner has no lock stateid for the file yet. */
  readonly lock: LockState | null;
  readonly span: Span;
  readonly mode: LockMode;
  readonly reclaim: boolean;
}

/** RFC 8881 section 18.10. */
export const serveLock: ServedOperation<LockArgs, LockResult> = {
  codec: lock,
  placement: 'in-session',
  replyBytes: 20,
  serve(compound, args) {
    const request = readRequest(compound, args);
    if (typeof request === 'number') return failed(request);
    const refusal = judge(compound, request);
    if (refusal !== null) return refuse(compound, request, failed(refusal));
    return take(compound, request);
  },
};

function readRequest(compound: Compound, args: LockArgs): Request | Failure {
  const node = regularFile(compound);
  if (typeof node === 'number') return node;
  const span = spanOf(args.offset, args.length);
  if (typeof span === 'number') return span;
  const common = { span, mode: modeOf(args.lockType), reclaim: args.reclaim };
  const { locker } = args;
  if (!locker.newLockOwner) {
    const state = compound.findState(locker.lockOwner.lockStateid);
    if (typeof state === 'number') return state;
    if (state.kind !== 'lock') return NFS4ERR_BAD_STATEID;
    return { ...common, open: state.open, owner: state.owner.owner, ownerKey: state.owner.key, lock: state };
  }
  const open = compound.findState(locker.openOwner.openStateid);
  if (typeof open === 'number') return open;
  if (open.kind !== 'open') return NFS4ERR_BAD_STATEID;
  const owner = locker.openOwner.lockOwner.owner.toString('hex');
  compound.server.estates.passLock(compound.client, owner, open);
  // "New" is the client's view. An owner that has locks here keeps its stateid.
  const known = compound.server.locking.findLock(compound.client, owner, open);
  return { ...common, open, owner, ownerKey: lockOwnerKey(compound.client, owner), lock: known };
}

/** What can be said before the filesystem is asked; grant rule step 1. */
function judge(compound: Compound, request: Request): Failure | null {
  const { server, client } = compound;
  const { lock, span, mode } = request;
  const needed = mode === 'read' ? SHARE_READ : SHARE_WRITE;
  if ((request.open.access & needed) === 0) return NFS4ERR_OPENMODE;
  const { domain } = request.open.file;
  const held = request.reclaim && server.estates.coversLock(client, lock, span, mode);
  const refusal = request.reclaim
    ? server.grants.reclaim(client, domain, held)
    : server.grants.newState(client, domain);
  return refusal ?? judgeLockRoom(compound, lock, held);
}

/** Grant rule, steps 2 to 4. */
function take(compound: Compound, request: Request): LockResult {
  const { settings, grants, locking, estates } = compound.server;
  const { steps } = settings;
  const { open, ownerKey, span, mode } = request;
  const outcome = settings.locks.lock(open.file.node, ownerKey, span, mode);
  if (outcome.outcome === 'error') return refuse(compound, request, failed(statusOfErrno(outcome.errno)));
  if (outcome.outcome === 'conflict')
    return refuse(compound, request, conflict(compound, request, outcome.holder));

  if (!request.reclaim) steps.at('between-lock-and-beacon-test');
  const death = request.reclaim ? null : grants.confirmNewState(open.file.domain);
  if (death !== null) {
    outcome.undo();
    return refuse(compound, request, failed(death));
  }
  if (!request.reclaim) steps.at('between-beacon-test-and-grant');
  outcome.keep();
  const held = request.lock ?? locking.createLock(locking.lockOwner(compound.client, request.owner), open);
  locking.count(held);
  estates.claimed(compound.client, held, span, mode);
  const stateid = bumpSeqid(held);
  compound.currentStateid = stateid;
  settings.observe(granted(subjectOf(compound, request), request.reclaim));
  steps.at(request.reclaim ? 'amid-reclaim' : 'between-grant-and-reply');
  return { status: NFS4_OK, lockStateid: stateid };
}

/** Somebody holds it. Also for a reclaim that meets a lock which is not a reclaim: whoever has it was there first. */
function conflict(compound: Compound, request: Request, holder: LockHolder): LockResult {
  const { server } = compound;
  const { domain } = request.open.file;
  const owner = server.locking.ownerOfKey(holder.ownerKey);
  if (owner !== null && server.leases.lapsedIn(owner.client, domain)) {
    return failed(compound.expire(owner.client));
  }
  const leftOver = owner === null && domain.coordination.mayMeetLeftOvers();
  if (request.reclaim && leftOver) return failed(NFS4ERR_DELAY);
  // Rows 11 and 35.
  if (request.reclaim) return failed(NFS4ERR_RECLAIM_CONFLICT);
  return { status: NFS4ERR_DENIED, denied: deniedBy(holder, owner) };
}

function failed(status: Failure): LockResult {
  if (status === NFS4ERR_DENIED) throw new Error('a denied lock must say by whom');
  return { status };
}

function refuse(compound: Compound, request: Request, result: LockResult): LockResult {
  if (!compound.isWaiting) {
    const subject = subjectOf(compound, request);
    compound.server.settings.observe(refused(subject, request.reclaim, statusName(result.status)));
  }
  return result;
}

const subjectOf = ({ client, server }: Compound, { open, owner, mode, span }: Request): Subject => ({
  op: 'lock',
  client: client.name,
  owner: ownerText(owner),
  file: open.file.path,
  ...server.domains.labelOf(open.file.domain),
  mode,
  span: spanForHistory(span),
});
