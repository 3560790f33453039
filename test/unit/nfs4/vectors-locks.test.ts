/** LOCK, LOCKT, LOCKU against bytes derived by hand from RFC 5662. */
import { LENGTH_TO_END_OF_FILE, READ_LT, WRITE_LT, WRITEW_LT } from '../../../src/nfs4/constants.ts';
import { lock } from '../../../src/nfs4/operations/lock.ts';
import { lockT } from '../../../src/nfs4/operations/lock-t.ts';
import { lockU } from '../../../src/nfs4/operations/lock-u.ts';
import { NFS4_OK, NFS4ERR_DENIED, NFS4ERR_GRACE } from '../../../src/nfs4/status.ts';
import { argsVector, OWNER, OWNER_HEX, resultVector, STATEID, STATEID_HEX } from './fixtures/vectors.ts';

argsVector(
  'LOCK by a new lock-owner names the open and the owner',
  lock,
  {
    lockType: WRITE_LT,
    reclaim: true,
    offset: 100n,
    length: LENGTH_TO_END_OF_FILE,
    locker: {
      newLockOwner: true,
      openOwner: { openSeqid: 3, openStateid: STATEID, lockSeqid: 4, lockOwner: OWNER },
    },
  },
  `
  00000002                    # WRITE_LT
  00000001                    # reclaim
  00000000 00000064           # offset
  ffffffff ffffffff           # length
  00000001                    # new_lock_owner
  00000003                    # open_seqid
  ${STATEID_HEX}              # open_stateid
  00000004                    # lock_seqid
  ${OWNER_HEX}                # lock_owner
  `,
);

argsVector(
  'LOCK by an existing lock-owner names the lock stateid',
  lock,
  {
    lockType: READ_LT,
    reclaim: false,
    offset: 0n,
    length: 16n,
    locker: { newLockOwner: false, lockOwner: { lockStateid: STATEID, lockSeqid: 9 } },
  },
  `
  00000001 00000000 00000000 00000000 00000000 00000010
  00000000                    # new_lock_owner
  ${STATEID_HEX}              # lock_stateid
  00000009                    # lock_seqid
  `,
);

resultVector(
  'LOCK granted carries the lock stateid',
  lock,
  { status: NFS4_OK, lockStateid: STATEID },
  `
  00000000 ${STATEID_HEX}
`,
);

resultVector(
  'LOCK DENIED carries the lock in the way',
  lock,
  { status: NFS4ERR_DENIED, denied: { offset: 5n, length: 6n, lockType: READ_LT, owner: OWNER } },
  `
  0000271a                    # NFS4ERR_DENIED = 10010
  00000000 00000005  00000000 00000006  00000001
  ${OWNER_HEX}
  `,
);

resultVector('LOCK refused in grace is a status alone', lock, { status: NFS4ERR_GRACE }, '0000271d');

argsVector(
  'LOCKT names the owner and no stateid',
  lockT,
  { lockType: WRITEW_LT, offset: 1n, length: 2n, owner: OWNER },
  `00000004  00000000 00000001  00000000 00000002  ${OWNER_HEX}`,
);

resultVector('LOCKT of a free range is a status alone', lockT, { status: NFS4_OK }, '00000000');

resultVector(
  'LOCKT DENIED carries the lock in the way',
  lockT,
  { status: NFS4ERR_DENIED, denied: { offset: 0n, length: 1n, lockType: WRITE_LT, owner: OWNER } },
  `0000271a  00000000 00000000  00000000 00000001  00000002 ${OWNER_HEX}`,
);

argsVector(
  'LOCKU has the seqid between type and stateid',
  lockU,
  { lockType: WRITE_LT, seqid: 6, lockStateid: STATEID, offset: 10n, length: 20n },
  `00000002 00000006 ${STATEID_HEX}  00000000 0000000a  00000000 00000014`,
);

resultVector(
  'LOCKU carries the next lock stateid',
  lockU,
  { status: NFS4_OK, lockStateid: STATEID },
  `
  00000000 ${STATEID_HEX}
`,
);
