import {
  type Failure,
  NFS4ERR_ACCESS,
  NFS4ERR_DELAY,
  NFS4ERR_INVAL,
  NFS4ERR_ISDIR,
  NFS4ERR_LOCKED,
  NFS4ERR_NOFILEHANDLE,
  NFS4ERR_OPENMODE,
  NFS4ERR_ROFS,
  NFS4ERR_SYMLINK,
  NFS4ERR_WRONG_TYPE,
} from '../nfs4/status.ts';
import type { Stateid } from '../nfs4/types.ts';
import { type Compound, isAnonymous, isBypass } from './compound.ts';
import { recallFor } from './delegations/conflicts.ts';
import { statusOfErrno } from './errno-status.ts';
import type { FileNode } from './filesystem/types.ts';
import { DELEGATIONS } from './marks/kinds.ts';
import { SHARE_READ, SHARE_WRITE } from './state/opens.ts';

/** The current filehandle, if it is a regular file. */
export function regularFile(compound: Compound): FileNode | Failure {
  const node = compound.current;
  if (node === null) return NFS4ERR_NOFILEHANDLE;
  return judgeType(compound, node) ?? node;
}

/** What READ, WRITE, LOCK and their like say to anything but a regular file; null: it is one. */
export function judgeType({ request }: Compound, node: FileNode): Failure | null {
  if (node.type === 'regular') return null;
  if (node.type === 'directory') return NFS4ERR_ISDIR;
  if (node.type === 'symlink') return NFS4ERR_SYMLINK;
  // Version 4.0 has no status of its own for devices, fifos and sockets.
  return request.minorVersion === 0 ? NFS4ERR_INVAL : NFS4ERR_WRONG_TYPE;
}

/** What OPEN says to them. In version 4.0 it is SYMLINK for whatever is no directory either (RFC 7530 section 16.16.5). */
export function judgeOpenedType(compound: Compound, node: FileNode): Failure | null {
  const refusal = judgeType(compound, node);
  return refusal === NFS4ERR_INVAL ? NFS4ERR_SYMLINK : refusal;
}

/**
 * May this I/O be done on this stateid (RFC 8881 sections 8.2.3 and 9.1.2)? With a stateid of its own the client
 * has gone through grace, permissions and shares when it opened: a valid reclaim may be used at
 * once (row 5). Without, all of that is asked here. Null: yes.
 */
export function judgeIo(
  compound: Compound,
  node: FileNode,
  stateid: Stateid,
  need: 'read' | 'write',
): Failure | null {
  const bypass = isBypass(stateid);
  if (bypass || isAnonymous(stateid)) return judgeUnopenedIo(compound, node, need, bypass);
  const state = compound.findState(stateid);
  if (typeof state === 'number') return state;
  const open = state.kind === 'lock' ? state.open : state;
  // Reading through an open for writing is allowed: a client fills the rest of a page (section 18.22.3).
  if (need === 'write' && (open.access & SHARE_WRITE) === 0) return NFS4ERR_OPENMODE;
  return open.principal === compound.caller.principal ? null : judgeStranger(compound, node, need);
}

/** Somebody uses what another user has opened. It is the client's to let them share it, but no more than each of them may. */
function judgeStranger(compound: Compound, node: FileNode, need: 'read' | 'write'): Failure | null {
  const allowed = compound.server.settings.filesystem.permissions(node, compound.caller.credentials);
  if (!allowed.ok) return statusOfErrno(allowed.errno);
  const { read, write, execute, owner } = allowed.value;
  // As at an open: a program's pages are read, and a file's owner may have made it so that not even the owner could open it again.
  const may = owner || (need === 'read' ? read || execute : write);
  return may ? null : NFS4ERR_ACCESS;
}

function judgeUnopenedIo(
  compound: Compound,
  node: FileNode,
  need: 'read' | 'write',
  bypass: boolean,
): Failure | null {
  const { domains, grants, locking, leases, settings } = compound.server;
  const domain = domains.of(node);
  const disturbed = grants.undisturbed(domain);
  if (disturbed !== null) return disturbed;
  if (need === 'write' && settings.filesystem.isReadOnly?.(node)) return NFS4ERR_ROFS;
  const allowed = settings.filesystem.permissions(node, compound.caller.credentials);
  if (!allowed.ok) return statusOfErrno(allowed.errno);
  if (!allowed.value[need]) return NFS4ERR_ACCESS;
  const delegated = recallFor(compound, node, need === 'read' ? 'read' : 'change');
  if (delegated !== null) return delegated;
  // The bypass stateid passes share reservations by for READ; for WRITE it is the anonymous one.
  if (bypass && need === 'read') return null;
  const denied = need === 'read' ? SHARE_READ : SHARE_WRITE;
  for (const open of locking.files.find(node)?.opens ?? []) {
    if ((open.deny & denied) === 0) continue;
    if (!leases.lapsedIn(open.client, domain)) return NFS4ERR_LOCKED;
    return compound.expire(open.client);
  }
  return judgeOtherNodes(compound, node, denied);
}

/**
 * What clients of other nodes deny. For as long as the I/O takes they see it as an open, so that none can begin to deny in between. A
 * node that died with its marks is noticed as at an open (grant rule, step 3).
 */
function judgeOtherNodes(compound: Compound, node: FileNode, access: number): Failure | null {
  const { domains, grants, locking, paths } = compound.server;
  const domain = domains.of(node);
  if (domain.marks === undefined) return null;
  const file = locking.files.of(node, domain, paths.of(node));
  const shown = locking.shares.take(file, access, 0);
  compound.untilServed(() => locking.release(file));
  switch (shown.outcome) {
    case 'taken':
      return grants.confirmNewState(domain);
    case 'error':
      return statusOfErrno(shown.errno);
    case 'passing':
      return NFS4ERR_DELAY;
    case 'conflict':
      // A delegation that was given since it was looked for.
      return (shown.rivals & ~DELEGATIONS) === 0 ? NFS4ERR_DELAY : NFS4ERR_LOCKED;
  }
}
