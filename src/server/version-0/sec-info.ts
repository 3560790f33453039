import type { SecInfoArgs, SecInfoResult } from '../../nfs4/operations/sec-info.ts';
import { serveSecInfo as secInfo } from '../operations/sec-info.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 7530 section 16.31. Here the current filehandle stays; since 4.1 it is consumed. */
export const serveSecInfo: ServedOperation<SecInfoArgs, SecInfoResult> = {
  ...secInfo,
  serve(compound, args) {
    const { current } = compound;
    const result = secInfo.serve(compound, args);
    if (current !== null) compound.setCurrent(current);
    return result;
  },
};
