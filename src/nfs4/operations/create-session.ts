import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import {
  type CallbackSecParms,
  type ChannelAttrs,
  decodeChannelAttrs,
  decodeSecParms,
  encodeChannelAttrs,
  encodeSecParms,
} from '../session-types.ts';
import { decodeSessionId, encodeSessionId } from '../types.ts';

/** CREATE_SESSION: makes a session, and confirms the client id. RFC 8881 section 18.36. */
export interface CreateSessionArgs {
  readonly clientId: bigint;
  readonly sequence: number;
  /** CREATE_SESSION4_FLAG_* */
  readonly flags: number;
  readonly foreChanAttrs: ChannelAttrs;
  readonly backChanAttrs: ChannelAttrs;
  readonly cbProgram: number;
  readonly secParms: readonly CallbackSecParms[];
}

export type CreateSessionResult = Outcome<{
  readonly sessionId: Buffer;
  readonly sequence: number;
  readonly flags: number;
  readonly foreChanAttrs: ChannelAttrs;
  readonly backChanAttrs: ChannelAttrs;
}>;

export const createSession: OperationCodec<CreateSessionArgs, CreateSessionResult> = {
  number: 43,
  name: 'CREATE_SESSION',
  encodeArgs(w, args) {
    w.uint64(args.clientId);
    w.uint32(args.sequence);
    w.uint32(args.flags);
    encodeChannelAttrs(w, args.foreChanAttrs);
    encodeChannelAttrs(w, args.backChanAttrs);
    w.uint32(args.cbProgram);
    encodeSecParms(w, args.secParms);
  },
  decodeArgs: (r) => ({
    clientId: r.uint64(),
    sequence: r.uint32(),
    flags: r.uint32(),
    foreChanAttrs: decodeChannelAttrs(r),
    backChanAttrs: decodeChannelAttrs(r),
    cbProgram: r.uint32(),
    secParms: decodeSecParms(r),
  }),
  ...okFields(
    (w, fields) => {
      encodeSessionId(w, fields.sessionId);
      w.uint32(fields.sequence);
      w.uint32(fields.flags);
      encodeChannelAttrs(w, fields.foreChanAttrs);
      encodeChannelAttrs(w, fields.backChanAttrs);
    },
    (r) => ({
      sessionId: decodeSessionId(r),
      sequence: r.uint32(),
      flags: r.uint32(),
      foreChanAttrs: decodeChannelAttrs(r),
      backChanAttrs: decodeChannelAttrs(r),
    }),
  ),
};
