import {
  CLAIM_FH,
  CLAIM_PREVIOUS,
  OPEN4_CREATE,
  OPEN4_RESULT_LOCKTYPE_POSIX,
  OPEN4_SHARE_ACCESS_WANT_CANCEL,
  OPEN4_SHARE_ACCESS_WANT_DELEG_MASK,
  OPEN4_SHARE_ACCESS_WANT_PUSH_DELEG_WHEN_UNCONTENDED,
  OPEN4_SHARE_ACCESS_WANT_SIGNAL_DELEG_WHEN_RESRC_AVAIL,
} from '../../nfs4/constants.ts';
import { type OpenArgs, type OpenResult, open } from '../../nfs4/operations/open.ts';
import {
  type Failure,
  NFS4_OK,
  NFS4ERR_ACCESS,
  NFS4ERR_DELAY,
  NFS4ERR_INVAL,
  NFS4ERR_ISDIR,
  NFS4ERR_NOFILEHANDLE,
  NFS4ERR_RECLAIM_CONFLICT,
  NFS4ERR_ROFS,
  NFS4ERR_SHARE_DENIED,
  statusName,
} from '../../nfs4/status.ts';
import type { Compound } from '../compound.ts';
import { changes, recallForOpen } from '../delegations/conflicts.ts';
import { asHeld, delegationFor, reclaimedKind } from '../delegations/giving.ts';
import type { LockDomain } from '../domains.ts';
import { statusOfErrno } from '../errno-status.ts';
import { judgeOpenedType } from '../io-admission.ts';
import { DELEGATIONS, shareMarks, WANTED_FOR_CHANGE, WANTED_FOR_READING } from '../marks/kinds.ts';
import { changeInfo } from '../new-objects.ts';
import { granted, refused, type Subject } from '../observation.ts';
import { findTarget, judgeClaim, type OpenTarget } from '../open-target.ts';
import type { ServedOperation } from '../served-operation.ts';
import type { ServerState } from '../server-state.ts';
import { markOf } from '../state/delegations.ts';
import { type FileState, shareConflict } from '../state/files.ts';
import { type OpenState, ownerText, SHARE_BOTH, SHARE_READ, SHARE_WRITE } from '../state/opens.ts';
import { bumpSeqid } from '../state/stateids.ts';
import { judgeOpenRoom } from '../state-room.ts';

/** Who wants to do what; the file is found later. */
interface Request {
  /** Owner in hex. */
  readonly owner: string;
  readonly access: number;
  readonly deny: number;
  readonly reclaim: boolean;
  readonly domain: LockDomain;
}

/** RFC 8881 section 18.16. */
export const serveOpen: ServedOperation<OpenArgs, OpenResult> = {
  codec: open,
  placement: 'in-session',
  // With a write delegation.
  replyBytes: 144,
  serve(compound, args) {
    const bad = judgeShares(args) ?? judgeClaim(args);
    if (bad !== null) return { status: bad };
    const { client, current, server } = compound;
    if (current === null) return { status: NFS4ERR_NOFILEHANDLE };
    if (server.domains.isPseudoRoot(current)) return { status: judgeInPseudoRoot(compound, args) };
    const request: Request = {
      owner: args.owner.owner.toString('hex'),
      access: args.shareAccess & SHARE_BOTH,
      deny: args.shareDeny,
      reclaim: args.claim.claim === CLAIM_PREVIOUS,
      // The directory's is the file's: no name leads from one domain into another but those in the pseudo root.
      domain: server.domains.of(current),
    };
    // Grant rule, step 1, before a file is made: one that nobody may open helps nobody.
    const { grants } = server;
    const held = request.reclaim && isHeld(compound, request);
    const refusal =
      (request.reclaim
        ? grants.reclaim(client, request.domain, held)
        : grants.newState(client, request.domain, args.claim.claim === CLAIM_FH)) ??
      judgeUnseen(compound, args, request);
    if (refusal !== null) return refuse(compound, request, nameForRefusal(compound, args), refusal);
    const target = findTarget(compound, args);
    if (typeof target === 'number') return { status: target };
    const refusedNow = judge(compound, request, target);
    if (refusedNow !== null)
      return refuse(compound, request, compound.server.paths.of(target.node), refusedNow);
    return take(compound, held ? asHeld(compound, args, request.domain) : args, request, target);
  },
};

/** Of a reclaim, which names the file itself. */
const isHeld = ({ server, client, current }: Compound, { owner, access, deny }: Request): boolean =>
  current !== null && server.estates.coversOpen(client, current, owner, access, deny);

const WANT_BITS =
  OPEN4_SHARE_ACCESS_WANT_DELEG_MASK |
  OPEN4_SHARE_ACCESS_WANT_SIGNAL_DELEG_WHEN_RESRC_AVAIL |
  OPEN4_SHARE_ACCESS_WANT_PUSH_DELEG_WHEN_UNCONTENDED;

function judgeShares({ shareAccess, shareDeny }: OpenArgs): Failure | null {
  const unknown = (shareAccess & ~(SHARE_BOTH | WANT_BITS)) !== 0;
  const want = shareAccess & OPEN4_SHARE_ACCESS_WANT_DELEG_MASK;
  if (unknown || want > OPEN4_SHARE_ACCESS_WANT_CANCEL) return NFS4ERR_INVAL;
  return (shareAccess & SHARE_BOTH) === 0 || shareDeny > SHARE_BOTH ? NFS4ERR_INVAL : null;
}

/** What has a name in the pseudo root is the root of a domain, and nothing can be made there. */
function judgeInPseudoRoot(compound: Compound, args: OpenArgs): Failure {
  const target = findTarget(compound, args);
  return typeof target === 'number' ? target : (judgeOpenedType(compound, target.node) ?? NFS4ERR_ISDIR);
}

/**
 * What refuses this open whatever the file is, before one is made: whoever is told GRACE or DELAY comes again, and
 * would find the file that was made for nothing (GUARDED4: EXIST). So the beacons are tested here too; the test that
 * counts is the one after the state was taken.
 */
function judgeUnseen(compound: Compound, args: OpenArgs, request: Request): Failure | null {
  if (args.openHow.openType !== OPEN4_CREATE) return null;
  const noRoom = judgeOpenRoom(compound);
  if (noRoom !== null && !isOpenAlready(compound, args, request)) return noRoom;
  return compound.server.grants.confirmNewState(request.domain);
}

/** Then nothing new is made of it. */
function isOpenAlready(
  { server, client, current }: Compound,
  { claim }: OpenArgs,
  { owner }: Request,
): boolean {
  if (current === null || !('file' in claim)) return false;
  const node = server.settings.filesystem.lookup(current, claim.file);
  return node.ok && server.locking.findOpen(client, owner, node.value) !== null;
}

/** Type, permissions, shares, limits: what stands between this client and this file. */
function judge(compound: Compound, request: Request, target: OpenTarget): Failure | null {
  const { locking } = compound.server;
  const wrongType = judgeOpenedType(compound, target.node);
  if (wrongType !== null) return wrongType;
  // Row 12: a reclaim gets no more than a normal request would.
  const forbidden = judgePermissions(compound, request, target);
  if (forbidden !== null) return forbidden;
  const own = locking.findOpen(compound.client, request.owner, target.node);
  const shares = judgeConflict(compound, request, target, request.reclaim ? own : null);
  if (shares !== null) return shares;
  return own === null ? judgeOpenRoom(compound) : null;
}

function judgePermissions(compound: Compound, request: Request, target: OpenTarget): Failure | null {
  if (target.made) return null;
  const { filesystem } = compound.server.settings;
  const writes = (request.access & SHARE_WRITE) !== 0 || target.truncate;
  if (writes && filesystem.isReadOnly?.(target.node)) return NFS4ERR_ROFS;
  const allowed = filesystem.permissions(target.node, compound.caller.credentials);
  if (!allowed.ok) return statusOfErrno(allowed.errno);
  const { read, write, execute, owner } = allowed.value;
  // A program's pages are read through an open for reading.
  const denied = ((request.access & SHARE_READ) !== 0 && !read && !execute) || (writes && !write);
  return denied && !(owner && target.byHandle) ? NFS4ERR_ACCESS : null;
}

function judgeConflict(
  compound: Compound,
  request: Request,
  { node, truncate }: OpenTarget,
  except: OpenState | null,
): Failure | null {
  const { server } = compound;
  const file = server.locking.files.find(node);
  if (file === undefined) return null;
  // Emptying a file is writing to it.
  const access = truncate ? request.access | SHARE_WRITE : request.access;
  const holder = shareConflict(file, access, request.deny, except, compound.client.estate);
  if (holder === null) return recallForOpen(compound, file, access, request.deny);
  if (server.leases.lapsedIn(holder.client, request.domain)) {
    return compound.expire(holder.client);
  }
  // Row 11.
  return request.reclaim ? NFS4ERR_RECLAIM_CONFLICT : NFS4ERR_SHARE_DENIED;
}

/** Grant rule, steps 2 to 4. */
function take(compound: Compound, args: OpenArgs, request: Request, target: OpenTarget): OpenResult {
  const { locking, grants, paths, settings, wishes } = compound.server;
  const { node } = target;
  const known = locking.findOpen(compound.client, request.owner, node);
  const gained = request.access & ~(known?.access ?? 0);
  const path = paths.of(node);
  const kept = locking.keepDescriptors(node, gained);
  if (!kept.ok) return refuse(compound, request, path, statusOfErrno(kept.errno));
  // What this very request has made was not there when the beacons were tested before (judgeUnseen), so that no dead
  // node's client can have anything to reclaim on it. A GRACE now would leave the file behind, and GUARDED4 would find
  // it there (EXIST) when it comes again.
  const file = locking.files.of(node, request.domain, path);
  const failure =
    show(compound, args, request, target, file) ??
    (request.reclaim || target.fresh ? null : grants.confirmNewState(request.domain)) ??
    empty(compound, target);
  if (failure !== null) {
    locking.dropDescriptors(node, gained);
    locking.release(file);
    return refuse(compound, request, path, failure);
  }
  const held = known ?? locking.createOpen(compound.client, request.owner, node, path);
  held.add(request.access, request.deny);
  held.principal = compound.caller.principal;
  locking.shares.settle(file);
  wishes.fulfil(request.domain, node);
  const stateid = bumpSeqid(held);
  compound.setCurrent(node);
  compound.currentStateid = stateid;
  settings.observe(granted(subjectOf(compound, request, path), request.reclaim));
  return {
    status: NFS4_OK,
    stateid,
    cinfo: changeInfo(target.directory),
    rflags: OPEN4_RESULT_LOCKTYPE_POSIX,
    attrSet: target.attrSet,
    delegation: delegationFor(compound, args, held),
  };
}

/** Puts the open up for the other nodes to see, where theirs do not stand against it. */
function show(
  { server }: Compound,
  args: OpenArgs,
  request: Request,
  { truncate }: OpenTarget,
  file: FileState,
): Failure | null {
  const { shares } = server.locking;
  // Emptying a file is writing to it, for as long as it takes.
  const access = truncate ? request.access | SHARE_WRITE : request.access;
  const marks = shareMarks(access, request.deny);
  const delegation = reclaimedKind(args);
  let shown = shares.put(file, delegation === null ? marks : marks | markOf(delegation));
  const leftOver =
    shown.outcome === 'conflict' && request.reclaim && request.domain.coordination.mayMeetLeftOvers();
  // Somebody has reclaimed what stands against the delegation only.
  if (shown.outcome === 'conflict' && delegation !== null && !leftOver) shown = shares.put(file, marks);
  switch (shown.outcome) {
    case 'taken':
      return null;
    case 'error':
      return statusOfErrno(shown.errno);
    case 'passing':
      return NFS4ERR_DELAY;
    case 'conflict':
      if (!request.reclaim) return conflictElsewhere(server, request, access, file, shown.rivals);
      return leftOver ? NFS4ERR_DELAY : NFS4ERR_RECLAIM_CONFLICT;
  }
}

/** Delegations of other nodes can be had back; what their clients have open can't. */
function conflictElsewhere(
  { recalls, wishes }: ServerState,
  { domain, deny }: Request,
  access: number,
  { node, place }: FileState,
  rivals: number,
): Failure {
  if ((rivals & ~DELEGATIONS) !== 0 || place === null) return NFS4ERR_SHARE_DENIED;
  recalls.contend(node.key);
  wishes.make(domain, place, changes(access, deny) ? WANTED_FOR_CHANGE : WANTED_FOR_READING);
  return NFS4ERR_DELAY;
}

/** Only now: what a dead node's client still holds must not be emptied under it. */
function empty({ server }: Compound, { node, truncate }: OpenTarget): Failure | null {
  if (!truncate) return null;
  const { errno } = server.settings.filesystem.setAttributes(node, { size: 0n });
  return errno === null ? null : statusOfErrno(errno);
}

function refuse(compound: Compound, request: Request, path: string, status: Failure): OpenResult {
  if (!compound.isWaiting) {
    const subject = subjectOf(compound, request, path);
    compound.server.settings.observe(refused(subject, request.reclaim, statusName(status)));
  }
  return { status };
}

/** The file of an OPEN that is refused before it was looked for. */
function nameForRefusal({ server, current }: Compound, { claim }: OpenArgs): string {
  const path = current === null ? '' : server.paths.of(current);
  if (!('file' in claim)) return path;
  return path === '' ? claim.file : `${path}/${claim.file}`;
}

const subjectOf = (
  { client, server }: Compound,
  { owner, access, domain }: Request,
  path: string,
): Subject => ({
  op: 'open',
  client: client.name,
  owner: ownerText(owner),
  file: path,
  ...server.domains.labelOf(domain),
  mode: (access & SHARE_WRITE) !== 0 ? 'write' : 'read',
});
