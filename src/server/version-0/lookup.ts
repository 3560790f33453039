/** How operations of version 4.0 find clients and state. There is no session: client ids and stateids are all they have to go by. */
import {
  type Failure,
  NFS4ERR_BAD_STATEID,
  NFS4ERR_DELAY,
  NFS4ERR_EXPIRED,
  NFS4ERR_OLD_STATEID,
  NFS4ERR_STALE_CLIENTID,
  NFS4ERR_STALE_STATEID,
} from '../../nfs4/status.ts';
import type { Stateid } from '../../nfs4/types.ts';
import { judgePresence } from '../absence.ts';
import type { Compound } from '../compound.ts';
import type { ServerState } from '../server-state.ts';
import type { OpenState } from '../state/opens.ts';
import type { LockingState } from '../state/stateids.ts';
import { SessionlessClient } from './client.ts';
import type { OpenOwner } from './open-owner.ts';

/** State of a client of this version. */
export type FoundState = LockingState & { readonly client: SessionlessClient };

/**
 * The client of a client id, whose lease is renewed by this (RFC 7530 section 9.5). STALE_CLIENTID for an id of another
 * life, or one that was not confirmed; EXPIRED for one of this life that is gone, or that lost something and must hear of it.
 */
export function findClient(server: ServerState, clientId: bigint): SessionlessClient | Failure {
  const client = server.clients.anyById(clientId);
  if (client === undefined)
    return server.clients.hasGivenOut(clientId) ? NFS4ERR_EXPIRED : NFS4ERR_STALE_CLIENTID;
  if (!(client instanceof SessionlessClient) || !client.confirmed) return NFS4ERR_STALE_CLIENTID;
  if (client.revoked > 0) return NFS4ERR_EXPIRED;
  if (client.standing === 'live') server.leases.renew(client);
  return client;
}

/** The same for operations without a seqid; where there is one, DELAY counts as an answer and is given in its turn. */
export function findLiveClient(server: ServerState, clientId: bigint): SessionlessClient | Failure {
  const client = findClient(server, clientId);
  return typeof client !== 'number' && client.standing !== 'live' ? NFS4ERR_DELAY : client;
}

/**
 * The state that `other` names, whatever its seqid: a request that was done already comes with the stateid of before. Row 33: what an
 * earlier life gave out, or another node, is STALE_STATEID; what belonged to a client that is gone is EXPIRED.
 */
export function locateState({ identity, locking }: ServerState, { other }: Stateid): FoundState | Failure {
  const index = identity.stateidIndex(other);
  if (index === -1) return isReserved(other) ? NFS4ERR_BAD_STATEID : NFS4ERR_STALE_STATEID;
  const state = locking.stateids.find(other);
  if (state === undefined)
    return locking.stateids.blocks.isOfGoneClient(index) ? NFS4ERR_EXPIRED : NFS4ERR_BAD_STATEID;
  return state.client instanceof SessionlessClient ? (state as FoundState) : NFS4ERR_BAD_STATEID;
}

/** The same, of the current file: in a filesystem that is not here nobody has anything any more, and that is said in place of it. */
export function locateHere(compound: Compound, stateid: Stateid): FoundState | Failure {
  const state = locateState(compound.server, stateid);
  return typeof state === 'number' ? (judgePresence(compound) ?? state) : state;
}

/**
 * What a stateid means that must be of an open or a lock on the current file, and is to be used: the lease of its client is
 * renewed by this, and the client is the one that acts from here on.
 *
 * @param unconfirmed may it be of an open that is not confirmed?
 */
export function findState(compound: Compound, stateid: Stateid, unconfirmed = false): FoundState | Failure {
  const state = locateState(compound.server, stateid);
  if (typeof state === 'number') return state;
  const { client } = state;
  if (state.revoked !== 0) return tellOfLoss(compound.server, state);
  // Its record there is being removed: what it holds may be somebody else's in a moment (leases.ts).
  if (client.leaving.has(state.file.domain)) return NFS4ERR_DELAY;
  compound.server.leases.renew(client);
  if (stateid.seqid !== state.seqid)
    return stateid.seqid < state.seqid ? NFS4ERR_OLD_STATEID : NFS4ERR_BAD_STATEID;
  if (!unconfirmed && state.kind === 'open' && !ownerOf(state)?.confirmed) return NFS4ERR_BAD_STATEID;
  if (state.file.node.key !== compound.current?.key) return NFS4ERR_BAD_STATEID;
  compound.actFor(client);
  return state;
}

/**
 * The answer to whoever uses what was revoked. There is no FREE_STATEID here, by which a client could say that it knows: that it was told is all there
 * is, and from then on it may have new state again (delegations/recalls.ts).
 */
export function tellOfLoss({ locking }: ServerState, state: LockingState): Failure {
  const { revoked } = state;
  if (revoked === 0) throw new Error(`stateid ${state.index} was not revoked`);
  if (state.kind === 'delegation' && state.revoking) locking.acknowledge(state);
  return revoked;
}

/** Undefined: the owner was forgotten with all it had, and this open with it. */
export const ownerOf = (open: OpenState & { readonly client: SessionlessClient }): OpenOwner | undefined =>
  open.client.openOwners.get(open.owner);

/** The owner whose newest CLOSE ended the open of this stateid. */
export function findCloser({ identity, locking }: ServerState, { other }: Stateid): OpenOwner | null {
  const index = identity.stateidIndex(other);
  const client = locking.stateids.blocks.clientOf(index);
  return client instanceof SessionlessClient ? client.closedBy(index) : null;
}

/** Of the special stateids (RFC 7530 section 9.1.4.3). */
const isReserved = (other: Buffer): boolean =>
  other.every((byte) => byte === 0) || other.every((byte) => byte === 0xff);
