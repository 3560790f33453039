/**
 * Filesystems that are not here but at another node (RFC 8881 section 11.4). Who comes for one is told MOVED, and by GETATTR of fs_locations
 * where it is. One that has come home has moved all the same to a client that has not noticed yet: what it had was let go of in between.
 */
import { type Failure, NFS4ERR_MOVED } from '../nfs4/status.ts';
import type { Compound } from './compound.ts';
import type { LockDomain } from './domains.ts';
import type { FileNode } from './filesystem/types.ts';

/** Null: it is here. */
export const absenceOf = ({ coordination }: LockDomain): typeof NFS4ERR_MOVED | null =>
  coordination.place().kind === 'here' ? null : NFS4ERR_MOVED;

/** The same of the filesystem that a file is in, for whoever asks. The pseudo root always is here. */
export function absenceAt({ server, session }: Compound, node: FileNode | null): typeof NFS4ERR_MOVED | null {
  const domain = node === null ? null : server.domains.find(node);
  if (domain === null) return null;
  return session?.client.movedLeases.isOwed(domain) ? NFS4ERR_MOVED : absenceOf(domain);
}

/** What an operation on the current filehandle is answered if its filesystem is not here; null: it is. */
export function judgePresence(compound: Compound): Failure | null {
  const absence = absenceAt(compound, compound.current);
  if (absence !== null) heardOfMove(compound);
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
