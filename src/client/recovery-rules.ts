/**
 * What a client does about an answer while it recovers, by the book (RFC 8881 section 8.4.2). Pure
 * functions of the status; the waiting and sending is the keeper's (keeper.ts).
 */
import * as st from '../nfs4/status.ts';

export type CreateSessionVerdict =
  | 'stands'
  /** The server does not know the client id, or counts its sessions otherwise: introduce yourself again. */
  | 'introduce'
  /** Come again later. */
  | 'later';

export function judgeCreateSession(status: st.Status): CreateSessionVerdict {
  switch (status) {
    case st.NFS4_OK:
      return 'stands';
    case st.NFS4ERR_STALE_CLIENTID:
    case st.NFS4ERR_SEQ_MISORDERED:
      return 'introduce';
    default:
      return 'later';
  }
}

/** Is the answer one that a later repetition may change, by itself and soon? */
export function isTransient(status: st.Status): boolean {
  return status === st.NFS4ERR_GRACE || status === st.NFS4ERR_DELAY;
}

export type ReclaimVerdict = 'held' | 'again' | 'lost';

/**
 * The fate of an open or a lock that was reclaimed. Whatever is neither granted nor put off is lost:
 * NO_GRACE, RECLAIM_BAD and RECLAIM_CONFLICT by the rules of grace, and any other refusal (the file is
 * gone, access is not permitted any more) because a reclaim that failed was not granted (I5).
 */
export function judgeReclaim(status: st.Status): ReclaimVerdict {
  if (status === st.NFS4_OK) return 'held';
  return isTransient(status) ? 'again' : 'lost';
}

/**
 * Has the server taken note that the client is done? COMPLETE_ALREADY: an earlier RECLAIM_COMPLETE of this
 * client id got through (RFC 8881 section 18.51.4). Whatever else is said, it has to be sent again,
 * because without it the server grants nothing new (row 6).
 */
export function isReclaimComplete(status: st.Status): boolean {
  return status === st.NFS4_OK || status === st.NFS4ERR_COMPLETE_ALREADY;
}

/** The answer says that the state behind a stateid is gone, or may be: ask the server which (section 8.2.4). */
export function doubtsState(status: st.Status): boolean {
  switch (status) {
    case st.NFS4ERR_BAD_STATEID:
    case st.NFS4ERR_STALE_STATEID:
    case st.NFS4ERR_EXPIRED:
    case st.NFS4ERR_ADMIN_REVOKED:
    case st.NFS4ERR_DELEG_REVOKED:
      return true;
    default:
      return false;
  }
}
