import {
  CDFC4_BACK,
  CDFC4_FORE,
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
import { NFS4_OK, NFS4ERR_BADSESSION, NFS4ERR_INVAL } from '../../nfs4/status.ts';
import type { ServedOperation } from '../served-operation.ts';

/**
 * RFC 8881 section 18.34. Without state protection every connection may carry requests of every session, so the fore
 * direction needs no remembering. The back direction does: that is where the client is called.
 */
export const serveBindConnToSession: ServedOperation<BindConnToSessionArgs, BindConnToSessionResult> = {
  codec: bindConnToSession,
  placement: 'alone',
  onAbsent: 'served',
  serve({ server, request }, { sessionId, dir }) {
    const session = server.sessions.byId(sessionId);
    if (session === undefined) return { status: NFS4ERR_BADSESSION };
    const { back } = session;
    const bound = dir !== CDFC4_FORE && back !== null && request.peer !== null;
    // Asked for nothing but what cannot be.
    if (dir === CDFC4_BACK && !bound) return { status: NFS4ERR_INVAL };
    if (bound) back.bind(request.peer);
    return { status: NFS4_OK, sessionId: session.id, dir: direction(dir, bound), useConnInRdmaMode: false };
  },
};

function direction(asked: ChannelDirectionFromClient, bound: boolean): ChannelDirectionFromServer {
  if (!bound) return CDFS4_FORE;
  return asked === CDFC4_BACK ? CDFS4_BACK : CDFS4_BOTH;
}
