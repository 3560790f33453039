/** Client ids, sessions and stateids as such, against bytes derived by hand from RFC 5662. */
import {
  CDFC4_BACK_OR_BOTH,
  CDFS4_BOTH,
  EXCHGID4_FLAG_CONFIRMED_R,
  EXCHGID4_FLAG_USE_NON_PNFS,
  RPCSEC_GSS,
  SP4_MACH_CRED,
  SP4_NONE,
  SP4_SSV,
} from '../../../src/nfs4/constants.ts';
import { backchannelCtl } from '../../../src/nfs4/operations/backchannel-ctl.ts';
import { bindConnToSession } from '../../../src/nfs4/operations/bind-conn-to-session.ts';
import { createSession } from '../../../src/nfs4/operations/create-session.ts';
import { destroyClientid } from '../../../src/nfs4/operations/destroy-clientid.ts';
import { destroySession } from '../../../src/nfs4/operations/destroy-session.ts';
import { exchangeId } from '../../../src/nfs4/operations/exchange-id.ts';
import { freeStateid } from '../../../src/nfs4/operations/free-stateid.ts';
import { reclaimComplete } from '../../../src/nfs4/operations/reclaim-complete.ts';
import { sequence } from '../../../src/nfs4/operations/sequence.ts';
import { testStateid } from '../../../src/nfs4/operations/test-stateid.ts';
import {
  NFS4_OK,
  NFS4ERR_BADSESSION,
  NFS4ERR_COMPLETE_ALREADY,
  NFS4ERR_EXPIRED,
  NFS4ERR_STALE_CLIENTID,
} from '../../../src/nfs4/status.ts';
import { AUTH_NONE, AUTH_SYS } from '../../../src/rpc/message.ts';
import {
  argsVector,
  resultVector,
  SESSION_ID,
  SESSION_ID_HEX,
  STATEID,
  STATEID_HEX,
  VERIFIER,
  VERIFIER_HEX,
} from './fixtures/vectors.ts';

const CLIENT_OWNER = { verifier: VERIFIER, ownerId: Buffer.from('alice') };
const CLIENT_OWNER_HEX = `${VERIFIER_HEX} 00000005 616c6963 65000000`;
const IMPL_ID = { domain: 'x.org', name: 'lab', date: { seconds: 1n, nseconds: 2 } };
const IMPL_ID_HEX = '00000005 782e6f72 67000000  00000003 6c616200  00000000 00000001 00000002';
const OPS = { mustEnforce: [0, 0x400], mustAllow: [] };
const OPS_HEX = '00000002 00000000 00000400  00000000';

argsVector(
  'EXCHANGE_ID without state protection',
  exchangeId,
  {
    clientOwner: CLIENT_OWNER,
    flags: EXCHGID4_FLAG_USE_NON_PNFS,
    stateProtect: { how: SP4_NONE },
    clientImplId: IMPL_ID,
  },
  `${CLIENT_OWNER_HEX} 00010000 00000000 00000001 ${IMPL_ID_HEX}`,
);

argsVector(
  'EXCHANGE_ID that asks for SP4_MACH_CRED',
  exchangeId,
  {
    clientOwner: CLIENT_OWNER,
    flags: 0,
    stateProtect: { how: SP4_MACH_CRED, machOps: OPS },
    clientImplId: null,
  },
  `${CLIENT_OWNER_HEX} 00000000 00000001 ${OPS_HEX} 00000000`,
);

argsVector(
  'EXCHANGE_ID that asks for SP4_SSV',
  exchangeId,
  {
    clientOwner: CLIENT_OWNER,
    flags: 0,
    stateProtect: {
      how: SP4_SSV,
      ssvParms: {
        ops: OPS,
        hashAlgs: [Buffer.from([0x2a, 0x03])],
        encrAlgs: [],
        window: 4,
        numGssHandles: 1,
      },
    },
    clientImplId: null,
  },
  `${CLIENT_OWNER_HEX} 00000000 00000002 ${OPS_HEX}
   00000001 00000002 2a030000  00000000  00000004 00000001  00000000`,
);

const EXCHANGED = {
  status: NFS4_OK,
  clientId: 0x1122334455667788n,
  sequenceId: 1,
  serverOwner: { minorId: 9n, majorId: Buffer.from('n1') },
  serverScope: Buffer.from('lab'),
  serverImplId: null,
} as const;
const EXCHANGED_TAIL_HEX = `
  00000000 00000009  00000002 6e310000   # the minor id stands before the major id
  00000003 6c616200
  00000000
`;

resultVector(
  'EXCHANGE_ID done: flags keep their highest bit',
  exchangeId,
  {
    ...EXCHANGED,
    flags: (EXCHGID4_FLAG_CONFIRMED_R | EXCHGID4_FLAG_USE_NON_PNFS) >>> 0,
    stateProtect: { how: SP4_NONE },
  },
  `00000000 11223344 55667788 00000001 80010000 00000000 ${EXCHANGED_TAIL_HEX}`,
);

resultVector(
  'EXCHANGE_ID done with SP4_SSV',
  exchangeId,
  {
    ...EXCHANGED,
    flags: 0,
    stateProtect: {
      how: SP4_SSV,
      ssvInfo: { ops: OPS, hashAlg: 1, encrAlg: 2, ssvLen: 32, window: 4, handles: [Buffer.from('h')] },
    },
  },
  `00000000 11223344 55667788 00000001 00000000
   00000002 ${OPS_HEX} 00000001 00000002 00000020 00000004 00000001 00000001 68000000
   ${EXCHANGED_TAIL_HEX}`,
);

resultVector(
  'EXCHANGE_ID refused is a status alone',
  exchangeId,
  { status: NFS4ERR_STALE_CLIENTID },
  '00002726',
);

const CHANNEL = {
  headerPadSize: 0,
  maxRequestSize: 0x10000,
  maxResponseSize: 0x20000,
  maxResponseSizeCached: 0x1000,
  maxOperations: 16,
  maxRequests: 64,
  rdmaIrd: null,
};
const CHANNEL_HEX = '00000000 00010000 00020000 00001000 00000010 00000040 00000000';

argsVector(
  'CREATE_SESSION with every kind of callback security',
  createSession,
  {
    clientId: 5n,
    sequence: 1,
    flags: 3,
    foreChanAttrs: CHANNEL,
    backChanAttrs: { ...CHANNEL, rdmaIrd: 7 },
    cbProgram: 0x40000000,
    secParms: [
      { secFlavor: AUTH_NONE },
      {
        secFlavor: AUTH_SYS,
        sysCred: { stamp: 1, machineName: 'alice', uid: 1000, gid: 100, gids: [100, 27] },
      },
      {
        secFlavor: RPCSEC_GSS,
        gssHandles: { service: 2, handleFromServer: Buffer.from('s'), handleFromClient: Buffer.from('c') },
      },
    ],
  },
  `
  00000000 00000005 00000001 00000003
  ${CHANNEL_HEX}
  00000000 00010000 00020000 00001000 00000010 00000040 00000001 00000007
  40000000
  00000003
  00000000
  00000001 00000001 00000005 616c6963 65000000 000003e8 00000064 00000002 00000064 0000001b
  00000006 00000002 00000001 73000000 00000001 63000000
  `,
);

resultVector(
  'CREATE_SESSION done',
  createSession,
  {
    status: NFS4_OK,
    sessionId: SESSION_ID,
    sequence: 1,
    flags: 0,
    foreChanAttrs: CHANNEL,
    backChanAttrs: CHANNEL,
  },
  `00000000 ${SESSION_ID_HEX} 00000001 00000000 ${CHANNEL_HEX} ${CHANNEL_HEX}`,
);

argsVector(
  'SEQUENCE',
  sequence,
  { sessionId: SESSION_ID, sequenceId: 5, slotId: 2, highestSlotId: 3, cacheThis: true },
  `${SESSION_ID_HEX} 00000005 00000002 00000003 00000001`,
);

resultVector(
  'SEQUENCE done',
  sequence,
  {
    status: NFS4_OK,
    sessionId: SESSION_ID,
    sequenceId: 5,
    slotId: 2,
    highestSlotId: 3,
    targetHighestSlotId: 63,
    statusFlags: 0x100,
  },
  `00000000 ${SESSION_ID_HEX} 00000005 00000002 00000003 0000003f 00000100`,
);

resultVector('SEQUENCE refused is a status alone', sequence, { status: NFS4ERR_BADSESSION }, '00002744');

argsVector('DESTROY_SESSION', destroySession, { sessionId: SESSION_ID }, SESSION_ID_HEX);
argsVector('DESTROY_CLIENTID', destroyClientid, { clientId: 5n }, '00000000 00000005');
argsVector('FREE_STATEID', freeStateid, { stateid: STATEID }, STATEID_HEX);
argsVector('RECLAIM_COMPLETE', reclaimComplete, { oneFs: false }, '00000000');
resultVector('RECLAIM_COMPLETE twice', reclaimComplete, { status: NFS4ERR_COMPLETE_ALREADY }, '00002746');

argsVector(
  'BACKCHANNEL_CTL',
  backchannelCtl,
  { cbProgram: 0x40000001, secParms: [{ secFlavor: AUTH_NONE }] },
  `
  40000001 00000001 00000000
`,
);

argsVector(
  'BIND_CONN_TO_SESSION',
  bindConnToSession,
  { sessionId: SESSION_ID, dir: CDFC4_BACK_OR_BOTH, useConnInRdmaMode: false },
  `${SESSION_ID_HEX} 00000007 00000000`,
);
resultVector(
  'BIND_CONN_TO_SESSION done',
  bindConnToSession,
  { status: NFS4_OK, sessionId: SESSION_ID, dir: CDFS4_BOTH, useConnInRdmaMode: false },
  `00000000 ${SESSION_ID_HEX} 00000003 00000000`,
);

argsVector(
  'TEST_STATEID',
  testStateid,
  { stateids: [STATEID, STATEID] },
  `
  00000002 ${STATEID_HEX} ${STATEID_HEX}
`,
);
resultVector(
  'TEST_STATEID done',
  testStateid,
  { status: NFS4_OK, statusCodes: [NFS4_OK, NFS4ERR_EXPIRED] },
  '00000000 00000002 00000000 0000271b',
);
