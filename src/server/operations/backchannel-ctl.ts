import {
  type BackchannelCtlArgs,
  type BackchannelCtlResult,
  backchannelCtl,
} from '../../nfs4/operations/backchannel-ctl.ts';
import { NFS4_OK } from '../../nfs4/status.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.33. Agreed to: nothing that this server gives out is ever called back. */
export const serveBackchannelCtl: ServedOperation<BackchannelCtlArgs, BackchannelCtlResult> = {
  codec: backchannelCtl,
  placement: 'in-session',
  serve() {
    return { status: NFS4_OK };
  },
};
