import { remove, type Span } from '../core/byte-ranges.ts';
import { type Failure, NFS4ERR_DELAY, NFS4ERR_NOSPC, NFS4ERR_RESOURCE } from '../nfs4/status.ts';
import type { Compound } from './compound.ts';
import type { LockState } from './state/lock-owners.ts';

/**
 * What one client may make us keep (limits.ts). Version 4.0 has a status for every limit, RESOURCE, which costs no seqid. Later versions have none: OPEN says
 * NOSPC, which a program is told, and LOCK and LOCKU, which may not say that, DELAY (RFC 8881 section 15.2): whoever waits gets it when the client has let go of
 * something. Of what all clients have together it is DELAY in any case, since others may let go.
 */
export function judgeOpenRoom({ server, client, request }: Compound): Failure | null {
  const { opensPerClient } = server.settings.limits;
  if (client.opens.size >= opensPerClient)
    return request.minorVersion === 0 ? NFS4ERR_RESOURCE : NFS4ERR_NOSPC;
  return isFull(server) ? NFS4ERR_DELAY : null;
}

/**
 * @param known what the owner has on the file already; null: a lock state is to be made
 * @param held it has all of this already, held for it (estates/estates.ts): whoever has as much as it may still reclaims that
 */
export function judgeLockRoom(
  { server, client, request }: Compound,
  known: LockState | null,
  held: boolean,
): Failure | null {
  const { locksPerClient, rangesPerClient } = server.settings.limits;
  const most = held ? rangesPerClient : rangesPerClient - 1;
  const tooMany = client.ranges > most || (known === null && client.locks >= locksPerClient);
  if (tooMany) return request.minorVersion === 0 ? NFS4ERR_RESOURCE : NFS4ERR_DELAY;
  return known === null && isFull(server) ? NFS4ERR_DELAY : null;
}

/** Giving back the middle of a range makes two of one. */
export function judgeUnlockRoom({ server, request }: Compound, lock: LockState, span: Span): Failure | null {
  const { limits, locks } = server.settings;
  if (lock.client.ranges < limits.rangesPerClient) return null;
  const held = locks.held(lock.file.node, lock.owner.key);
  if (remove(held, span).length <= held.length) return null;
  return request.minorVersion === 0 ? NFS4ERR_RESOURCE : NFS4ERR_DELAY;
}

const isFull = ({ locking, settings }: Compound['server']): boolean =>
  locking.stateids.size >= settings.limits.stateids;
