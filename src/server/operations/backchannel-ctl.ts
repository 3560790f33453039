import {
  type BackchannelCtlArgs,
  type BackchannelCtlResult,
  backchannelCtl,
} from '../../nfs4/operations/backchannel-ctl.ts';
import { NFS4_OK, NFS4ERR_NOENT } from '../../nfs4/status.ts';
import { termsFrom } from '../callbacks/terms.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.33: program and security of the calls to come. NOENT: GSS handles alone, and we have none. */
export const serveBackchannelCtl: ServedOperation<BackchannelCtlArgs, BackchannelCtlResult> = {
  codec: backchannelCtl,
  placement: 'in-session',
  onAbsent: 'served',
  serve({ session }, { cbProgram, secParms }) {
    const terms = termsFrom(cbProgram, secParms);
    if (terms === null) return { status: NFS4ERR_NOENT };
    session?.back?.change(terms);
    return { status: NFS4_OK };
  },
};
