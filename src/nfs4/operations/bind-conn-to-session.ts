import {
  CDFC4_BACK,
  CDFC4_BACK_OR_BOTH,
  CDFC4_FORE,
  CDFC4_FORE_OR_BOTH,
  CDFS4_BACK,
  CDFS4_BOTH,
  CDFS4_FORE,
  type ChannelDirectionFromClient,
  type ChannelDirectionFromServer,
} from '../constants.ts';
import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import { decodeSessionId, encodeSessionId } from '../types.ts';

/** BIND_CONN_TO_SESSION: the connection that it comes on serves the session. RFC 8881 section 18.34. */
export interface BindConnToSessionArgs {
  readonly sessionId: Buffer;
  readonly dir: ChannelDirectionFromClient;
  readonly useConnInRdmaMode: boolean;
}

export type BindConnToSessionResult = Outcome<{
  readonly sessionId: Buffer;
  readonly dir: ChannelDirectionFromServer;
  readonly useConnInRdmaMode: boolean;
}>;

const DIRECTIONS_FROM_CLIENT = [CDFC4_FORE, CDFC4_BACK, CDFC4_FORE_OR_BOTH, CDFC4_BACK_OR_BOTH] as const;
const DIRECTIONS_FROM_SERVER = [CDFS4_FORE, CDFS4_BACK, CDFS4_BOTH] as const;

export const bindConnToSession: OperationCodec<BindConnToSessionArgs, BindConnToSessionResult> = {
  number: 41,
  name: 'BIND_CONN_TO_SESSION',
  encodeArgs(w, args) {
    encodeSessionId(w, args.sessionId);
    w.uint32(args.dir);
    w.bool(args.useConnInRdmaMode);
  },
  decodeArgs: (r) => ({
    sessionId: decodeSessionId(r),
    dir: r.oneOf(DIRECTIONS_FROM_CLIENT, 'channel_dir_from_client4'),
    useConnInRdmaMode: r.bool(),
  }),
  ...okFields(
    (w, fields) => {
      encodeSessionId(w, fields.sessionId);
      w.uint32(fields.dir);
      w.bool(fields.useConnInRdmaMode);
    },
    (r) => ({
      sessionId: decodeSessionId(r),
      dir: r.oneOf(DIRECTIONS_FROM_SERVER, 'channel_dir_from_server4'),
      useConnInRdmaMode: r.bool(),
    }),
  ),
};
