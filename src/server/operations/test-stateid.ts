import {
  type TestStateidArgs,
  type TestStateidResult,
  testStateid,
} from '../../nfs4/operations/test-stateid.ts';
import { NFS4_OK } from '../../nfs4/status.ts';
import { judgeStateid } from '../compound.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.48. Special stateids are no state of anybody's: BAD_STATEID. */
export const serveTestStateid: ServedOperation<TestStateidArgs, TestStateidResult> = {
  codec: testStateid,
  placement: 'in-session',
  onAbsent: 'served',
  serve({ server, client }, { stateids }) {
    const statusCodes = stateids.map(
      ({ seqid, other }) => judgeStateid(server.locking.stateids.find(other), seqid, client) ?? NFS4_OK,
    );
    return { status: NFS4_OK, statusCodes };
  },
};
