import {
  SEQ4_STATUS_BACKCHANNEL_FAULT,
  SEQ4_STATUS_CB_PATH_DOWN,
  SEQ4_STATUS_CB_PATH_DOWN_SESSION,
  SEQ4_STATUS_EXPIRED_ALL_STATE_REVOKED,
  SEQ4_STATUS_EXPIRED_SOME_STATE_REVOKED,
  SEQ4_STATUS_LEASE_MOVED,
  SEQ4_STATUS_RECALLABLE_STATE_REVOKED,
} from '../nfs4/constants.ts';
import type { Client } from './state/clients.ts';
import type { Session } from './state/sessions.ts';

/** What every SEQUENCE tells the client (`sr_status_flags`, RFC 8881 section 18.46.3). */
export const statusFlags = (session: Session): number =>
  ofLoss(session.client) | ofMoves(session.client) | ofDelegations(session.client) | ofBackChannel(session);

/** Row 29: until it knows of each filesystem that has moved with what it held there. */
const ofMoves = ({ movedLeases }: Client): number => (movedLeases.any ? SEQ4_STATUS_LEASE_MOVED : 0);

/** Until each was freed, from the moment that it is being taken. */
const ofDelegations = ({ revokedDelegations }: Client): number =>
  revokedDelegations > 0 ? SEQ4_STATUS_RECALLABLE_STATE_REVOKED : 0;

/** Row 22: until all of it is acknowledged. Some is left only where another domain's store failed (leases.ts). */
function ofLoss(client: Client): number {
  if (client.revoked === 0) return 0;
  return client.holdsState ? SEQ4_STATUS_EXPIRED_SOME_STATE_REVOKED : SEQ4_STATUS_EXPIRED_ALL_STATE_REVOKED;
}

/** Nothing for a client that never asked to be called. */
function ofBackChannel({ back, client }: Session): number {
  if (back === null) return 0;
  if (back.isFaulty) return SEQ4_STATUS_BACKCHANNEL_FAULT;
  if (!back.isDown) return 0;
  const elsewhere = [...client.sessions].some((session) => session.back?.works);
  return SEQ4_STATUS_CB_PATH_DOWN_SESSION | (elsewhere ? 0 : SEQ4_STATUS_CB_PATH_DOWN);
}
