/** What only version 4.0 has, and delegations, against bytes derived by hand from RFC 7531. */
import { delegPurge } from '../../../src/nfs4/operations/deleg-purge.ts';
import { delegReturn } from '../../../src/nfs4/operations/deleg-return.ts';
import { openConfirm } from '../../../src/nfs4/operations/open-confirm.ts';
import { releaseLockowner } from '../../../src/nfs4/operations/release-lockowner.ts';
import { renew } from '../../../src/nfs4/operations/renew.ts';
import { setClientid } from '../../../src/nfs4/operations/set-clientid.ts';
import { setClientidConfirm } from '../../../src/nfs4/operations/set-clientid-confirm.ts';
import { NFS4_OK, NFS4ERR_CLID_INUSE, NFS4ERR_DELAY } from '../../../src/nfs4/status.ts';
import {
  argsVector,
  OWNER,
  OWNER_HEX,
  resultVector,
  STATEID,
  STATEID_HEX,
  VERIFIER,
  VERIFIER_HEX,
} from './fixtures/vectors.ts';

const LOCATION = { netId: 'tcp', address: '10.0.0.1.8.1' };
const LOCATION_HEX = `
  00000003 74637000                    # r_netid
  0000000c 31302e30 2e302e31 2e382e31  # r_addr
`;

argsVector(
  'SETCLIENTID tells who the client is and where it is called back',
  setClientid,
  {
    client: { verifier: VERIFIER, id: Buffer.from('alice') },
    callback: { cbProgram: 0x40000000, cbLocation: LOCATION },
    callbackIdent: 7,
  },
  `
  ${VERIFIER_HEX}  00000005 616c6963 65000000   # nfs_client_id4
  40000000 ${LOCATION_HEX}                      # cb_client4
  00000007                                      # callback_ident
  `,
);
resultVector(
  'SETCLIENTID: a client id, and the verifier to confirm it with',
  setClientid,
  { status: NFS4_OK, clientId: 0x1122334455667788n, setclientidConfirm: VERIFIER },
  `00000000  11223344 55667788  ${VERIFIER_HEX}`,
);
resultVector(
  'SETCLIENTID: the id is in use, and where',
  setClientid,
  { status: NFS4ERR_CLID_INUSE, clientUsing: LOCATION },
  `00002721 ${LOCATION_HEX}`,
);
resultVector('SETCLIENTID: any other failure is bare', setClientid, { status: NFS4ERR_DELAY }, '00002718');
argsVector(
  'SETCLIENTID_CONFIRM',
  setClientidConfirm,
  { clientId: 0x1122334455667788n, setclientidConfirm: VERIFIER },
  `11223344 55667788  ${VERIFIER_HEX}`,
);
argsVector('RENEW', renew, { clientId: 0x1122334455667788n }, '11223344 55667788');
argsVector('OPEN_CONFIRM', openConfirm, { openStateid: STATEID, seqid: 3 }, `${STATEID_HEX}  00000003`);
resultVector(
  'OPEN_CONFIRM gives the next stateid',
  openConfirm,
  { status: NFS4_OK, openStateid: STATEID },
  `00000000 ${STATEID_HEX}`,
);
argsVector('RELEASE_LOCKOWNER', releaseLockowner, { lockOwner: OWNER }, OWNER_HEX);
argsVector('DELEGPURGE', delegPurge, { clientId: 1n }, '00000000 00000001');
argsVector('DELEGRETURN', delegReturn, { delegStateid: STATEID }, STATEID_HEX);
