import {
  CLAIM_DELEG_CUR_FH,
  CLAIM_DELEGATE_CUR,
  CLAIM_PREVIOUS,
  NFS_LIMIT_SIZE,
  OPEN_DELEGATE_NONE,
  OPEN_DELEGATE_NONE_EXT,
  OPEN_DELEGATE_READ,
  OPEN_DELEGATE_WRITE,
  OPEN4_SHARE_ACCESS_WANT_CANCEL,
  OPEN4_SHARE_ACCESS_WANT_DELEG_MASK,
  OPEN4_SHARE_ACCESS_WANT_NO_DELEG,
  OPEN4_SHARE_ACCESS_WANT_NO_PREFERENCE,
  OPEN4_SHARE_ACCESS_WANT_READ_DELEG,
  WND4_CANCELLED,
  WND4_CONTENTION,
  WND4_NOT_SUPP_UPGRADE,
  WND4_NOT_WANTED,
  WND4_RESOURCE,
} from '../../nfs4/constants.ts';
import type { OpenDelegation } from '../../nfs4/open-delegation.ts';
import type { OpenArgs } from '../../nfs4/operations/open.ts';
import type { Ace } from '../../nfs4/types.ts';
import type { Compound } from '../compound.ts';
import type { LockDomain } from '../domains.ts';
import { type Delegation, type DelegationKind, markOf } from '../state/delegations.ts';
import { type OpenState, SHARE_BOTH, SHARE_READ, SHARE_WRITE } from '../state/opens.ts';
import { bumpSeqid } from '../state/stateids.ts';

/** Nobody: what a user may do, the client asks with ACCESS (RFC 8881 section 10.4.1). */
const NO_PERMISSIONS: Ace = { type: 0, flag: 0, accessMask: 0, who: '' };
const NO_LIMIT = 0xffff_ffff_ffff_ffffn;

/** What an open that was just granted brings along. A delegation is never owed, so nothing here refuses the open. */
export function delegationFor(compound: Compound, args: OpenArgs, open: OpenState): OpenDelegation {
  const { claim } = args;
  const want = args.shareAccess & OPEN4_SHARE_ACCESS_WANT_DELEG_MASK;
  if (claim.claim === CLAIM_PREVIOUS) return reclaimed(compound, open, reclaimedKind(args));
  // It has one, and may be on its way to give it back.
  if (claim.claim === CLAIM_DELEGATE_CUR || claim.claim === CLAIM_DELEG_CUR_FH)
    return none(want, WND4_RESOURCE);
  if (want === OPEN4_SHARE_ACCESS_WANT_NO_DELEG) return none(want, WND4_NOT_WANTED);
  if (want === OPEN4_SHARE_ACCESS_WANT_CANCEL) return none(want, WND4_CANCELLED);
  const type = typeFor(open, want);
  const given = type === null ? WND4_RESOURCE : give(compound, open, type);
  return typeof given === 'number' ? none(want, given) : describe(given);
}

/** Of what the client may do with the open, what it can do by itself. Null: nothing that would be of use. */
function typeFor({ access }: OpenState, want: number): DelegationKind | null {
  if (access === SHARE_READ) return 'read';
  return access === SHARE_BOTH && want !== OPEN4_SHARE_ACCESS_WANT_READ_DELEG ? 'write' : null;
}

/** A client that says what it wants is told why it does not get it (RFC 8881 section 18.16.3). */
function none(want: number, why: number): OpenDelegation {
  if (want === OPEN4_SHARE_ACCESS_WANT_NO_PREFERENCE) return { delegationType: OPEN_DELEGATE_NONE };
  return {
    delegationType: OPEN_DELEGATE_NONE_EXT,
    whyNone: { why, serverWillPushDeleg: false, serverWillSignalAvail: false },
  };
}

/** @returns why not, as WND4_* */
function give(compound: Compound, open: OpenState, type: DelegationKind): Delegation | number {
  const { grants, locking, recalls, settings } = compound.server;
  const { client, file } = open;
  if (!settings.delegations || !client.callbackPath?.works) return WND4_RESOURCE;
  if (!client.mayBeDelegatedTo(open.owner)) return WND4_RESOURCE;
  if (locking.stateids.size >= settings.limits.stateids) return WND4_RESOURCE;
  for (const delegation of file.delegations) {
    if (delegation.client === client) return delegation.type === type ? WND4_RESOURCE : WND4_NOT_SUPP_UPGRADE;
    if (type === 'write' || delegation.type === 'write') return WND4_CONTENTION;
  }
  for (const other of file.opens) {
    if (other.client !== client && (type === 'write' || (other.access & SHARE_WRITE) !== 0))
      return WND4_CONTENTION;
    if (other.client === client && !isFirst(open, other)) return WND4_RESOURCE;
  }
  if (recalls.isContended(file.node.key) || isWantedElsewhere(open)) return WND4_CONTENTION;
  const shown = locking.shares.put(file, markOf(type));
  if (shown.outcome !== 'taken') return shown.outcome === 'error' ? WND4_RESOURCE : WND4_CONTENTION;
  // Grant rule, step 3, once more: the marks of the delegation were taken after those of the open.
  if (grants.confirmNewState(file.domain) !== null) {
    locking.shares.settle(file);
    return WND4_RESOURCE;
  }
  return keep(compound, open, type) ?? WND4_RESOURCE;
}

/**
 * Where one process of the client has the file open already, a LOCK of it may be on its way. The client would have asked for that lock and given
 * another one by itself, for the same bytes, to a process that comes with this open; it would have to take one of them away again, and
 * Linux 6.1 does so from the wrong one. So a delegation comes with the first open, or not at all.
 */
const isFirst = (open: OpenState, other: OpenState): boolean => other === open && open.seqid <= 1;

function isWantedElsewhere({ file }: OpenState): boolean {
  const { marks } = file.domain;
  if (marks === undefined) return false;
  file.place ??= marks.placeOf(file.node);
  const wanted = marks.isWanted(file.place);
  return !wanted.ok || wanted.value;
}

/** The marks of the file are up. Null: no descriptor is left for it. */
function keep({ server, session, slot }: Compound, open: OpenState, type: DelegationKind): Delegation | null {
  const { locking, recalls, settings } = server;
  const { file } = open;
  const access = type === 'write' ? SHARE_BOTH : SHARE_READ;
  const kept = locking.keepDescriptors(file.node, access);
  const announced = kept.ok && locking.delegations.announce(file.domain, markOf(type)) === null;
  if (!announced) {
    if (kept.ok) locking.dropDescriptors(file.node, access);
    locking.shares.settle(file);
    return null;
  }
  const givenIn =
    session === null || slot === null
      ? null
      : { sessionId: session.id, calls: [{ sequenceId: slot.seqid, slotId: slot.id }] };
  const delegation = locking.createDelegation(open, type, givenIn);
  const found = type === 'write' ? settings.filesystem.attributes(file.node) : null;
  if (found?.ok) delegation.changeWhenGiven = found.value.change;
  recalls.watch();
  return delegation;
}

/** The kind that CLAIM_PREVIOUS says the client had. */
export function reclaimedKind({ claim }: OpenArgs): DelegationKind | null {
  if (claim.claim !== CLAIM_PREVIOUS) return null;
  if (claim.delegateType === OPEN_DELEGATE_WRITE) return 'write';
  return claim.delegateType === OPEN_DELEGATE_READ ? 'read' : null;
}

/** An open was held for it, and never a delegation (estates/inventory.ts): whether it may reclaim that, grace says. */
export function asHeld({ server, client }: Compound, args: OpenArgs, domain: LockDomain): OpenArgs {
  const { claim } = args;
  if (claim.claim !== CLAIM_PREVIOUS || reclaimedKind(args) === null) return args;
  if (server.grants.reclaim(client, domain) === null) return args;
  return { ...args, claim: { ...claim, delegateType: OPEN_DELEGATE_NONE } };
}

/** What the client had before the restart. Where others have reclaimed what stands against it, it gets the open alone. */
function reclaimed(compound: Compound, open: OpenState, type: DelegationKind | null): OpenDelegation {
  const { locking, recalls } = compound.server;
  const { client, file } = open;
  const nothing: OpenDelegation = { delegationType: OPEN_DELEGATE_NONE };
  if (type === null) return nothing;
  for (const delegation of file.delegations) {
    // It reclaims each of its opens with it.
    if (delegation.client === client) return delegation.type === type ? describe(delegation) : nothing;
    if (type === 'write' || delegation.type === 'write') return nothing;
  }
  for (const other of file.opens) {
    if (other.client !== client && (type === 'write' || (other.access & SHARE_WRITE) !== 0)) return nothing;
  }
  const shown = locking.shares.put(file, markOf(type));
  const delegation = shown.outcome === 'taken' ? keep(compound, open, type) : null;
  if (delegation === null) return nothing;
  // A session may still get its back channel. In 4.0 there is no more than was tried: it is given so that it can go back in good order.
  if (!client.hasSessions && !client.callbackPath?.works) recalls.recall(delegation);
  return describe(delegation);
}

function describe(delegation: Delegation): OpenDelegation {
  const stateid =
    delegation.seqid === 0 ? bumpSeqid(delegation) : { seqid: delegation.seqid, other: delegation.other };
  const read = { stateid, recall: delegation.recalled, permissions: NO_PERMISSIONS };
  if (delegation.type === 'read') return { delegationType: OPEN_DELEGATE_READ, read };
  const spaceLimit = { limitBy: NFS_LIMIT_SIZE, fileSize: NO_LIMIT } as const;
  return { delegationType: OPEN_DELEGATE_WRITE, write: { ...read, spaceLimit } };
}
