import { type OperationCodec, type StatusResult, statusOnly } from '../operation.ts';
import { type CallbackSecParms, decodeSecParms, encodeSecParms } from '../session-types.ts';

/** BACKCHANNEL_CTL: how the server shall call back from now on. RFC 8881 section 18.33. */
export interface BackchannelCtlArgs {
  readonly cbProgram: number;
  readonly secParms: readonly CallbackSecParms[];
}

export type BackchannelCtlResult = StatusResult;

export const backchannelCtl: OperationCodec<BackchannelCtlArgs, BackchannelCtlResult> = {
  number: 40,
  name: 'BACKCHANNEL_CTL',
  encodeArgs(w, args) {
    w.uint32(args.cbProgram);
    encodeSecParms(w, args.secParms);
  },
  decodeArgs: (r) => ({ cbProgram: r.uint32(), secParms: decodeSecParms(r) }),
  ...statusOnly,
};
