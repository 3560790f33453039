/**
 * Filesystems that are not here: on their way to another node, or there already (RFC 8881 section 11.4). Who comes for one is told DELAY or
 * MOVED, and by GETATTR of fs_locations where it is.
 */
import { type Failure, NFS4ERR_DELAY, NFS4ERR_MOVED } from '../nfs4/status.ts';
import type { Compound } from './compound.ts';
import type { LockDomain } from './domains.ts';
import type { FileNode } from './filesystem/types.ts';

/** What is said about a filesystem that is not here. */
export type Absence = typeof NFS4ERR_DELAY | typeof NFS4ERR_MOVED;

/** Null: it is here. */
export function absenceOf({ coordination }: LockDomain): Absence | null {
  switch (coordination.place().kind) {
    case 'here':
      return null;
    case 'leaving':
      return NFS4ERR_DELAY;
    case 'moved':
      return NFS4ERR_MOVED;
  }
}

/** Of the filesystem that a file is in; null: it is here, or this is the pseudo root, which always is. */
export function absenceAt({ server }: Compound, node: FileNode | null): Absence | null {
  const domain = node === null ? null : server.domains.find(node);
  return domain === null ? null : absenceOf(domain);
}

/** What an operation on the current filehandle is answered if its filesystem is not here; null: it is. */
export function judgePresence(compound: Compound): Failure | null {
  const absence = absenceAt(compound, compound.current);
  if (absence === NFS4ERR_MOVED) heardOfMove(compound);
  return absence;
}

/** The client is told MOVED: the first of the two steps after which it knows (row 29). */
function heardOfMove({ current, server, session }: Compound): void {
  const domain = current === null ? null : server.domains.find(current);
  if (domain !== null) session?.client.movedLeases.heard(domain);
}

/** The client is told where the filesystem is: the second one. Without a session it says who it is later in the COMPOUND, by RENEW. */
export function learntLocation(compound: Compound, domain: LockDomain): void {
  if (compound.session === null) compound.located.add(domain);
  else compound.session.client.movedLeases.located(domain);
}
