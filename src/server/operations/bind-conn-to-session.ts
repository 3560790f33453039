import {
  CDFC4_BACK,
  CDFC4_BACK_OR_BOTH,
  CDFS4_BACK,
  CDFS4_BOTH,
  CDFS4_FORE,
  type ChannelDirectionFromClient,
  type ChannelDirectionFromServer,
} from '../../nfs4/constants.ts';
import {
  type BindConnToSessionArgs,
  type BindConnToSessionResult,
  bindConnToSession,
} from '../../nfs4/operations/bind-conn-to-session.ts';
import { NFS4_OK, NFS4ERR_BADSESSION } from '../../nfs4/status.ts';
import type { ServedOperation } from '../served-operation.ts';

/**
 * RFC 8881 section 18.34. Without state protection every connection may carry requests of every session, so there is
 * nothing to remember; a back channel is agreed to and never used.
 */
export const serveBindConnToSession: ServedOperation<BindConnToSessionArgs, BindConnToSessionResult> = {
  codec: bindConnToSession,
  placement: 'alone',
  serve({ server }, { sessionId, dir }) {
    const session = server.sessions.byId(sessionId);
    if (session === undefined) return { status: NFS4ERR_BADSESSION };
    return { status: NFS4_OK, sessionId: session.id, dir: direction(dir), useConnInRdmaMode: false };
  },
};

function direction(asked: ChannelDirectionFromClient): ChannelDirectionFromServer {
  if (asked === CDFC4_BACK) return CDFS4_BACK;
  return asked === CDFC4_BACK_OR_BOTH ? CDFS4_BOTH : CDFS4_FORE;
}
