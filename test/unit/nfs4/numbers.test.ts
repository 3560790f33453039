/** Numbers of operations, statuses and attributes, written down again from RFC 8881 and RFC 7862. */
import t from 'tap';
import { type AttributeName, attributeNumber } from '../../../src/nfs4/attributes.ts';
import { CALLBACKS, callbackByNumber } from '../../../src/nfs4/callbacks/index.ts';
import { OPERATIONS, operationByName, operationByNumber } from '../../../src/nfs4/operations/index.ts';
import { decodeStatus, statusName } from '../../../src/nfs4/status.ts';
import * as numbers from '../../../src/nfs4/status-numbers.ts';
import { XdrReader } from '../../../src/xdr/reader.ts';
import { XdrError } from '../../../src/xdr/xdr-error.ts';
import { bytes, readAll } from './fixtures/wire.ts';

/** nfs_opnum4 from 3 on, RFC 8881 section 16.2.3, RFC 7862 section 14.1, RFC 8276 section 8.4. */
const OPERATION_NAMES = `
  ACCESS CLOSE COMMIT CREATE DELEGPURGE DELEGRETURN GETATTR GETFH LINK LOCK LOCKT LOCKU LOOKUP LOOKUPP
  NVERIFY OPEN OPENATTR OPEN_CONFIRM OPEN_DOWNGRADE PUTFH PUTPUBFH PUTROOTFH READ READDIR READLINK REMOVE
  RENAME RENEW RESTOREFH SAVEFH SECINFO SETATTR SETCLIENTID SETCLIENTID_CONFIRM VERIFY WRITE
  RELEASE_LOCKOWNER BACKCHANNEL_CTL BIND_CONN_TO_SESSION EXCHANGE_ID CREATE_SESSION DESTROY_SESSION
  FREE_STATEID GET_DIR_DELEGATION GETDEVICEINFO GETDEVICELIST LAYOUTCOMMIT LAYOUTGET LAYOUTRETURN
  SECINFO_NO_NAME SEQUENCE SET_SSV TEST_STATEID WANT_DELEGATION DESTROY_CLIENTID RECLAIM_COMPLETE
  ALLOCATE COPY COPY_NOTIFY DEALLOCATE IO_ADVISE LAYOUTERROR LAYOUTSTATS OFFLOAD_CANCEL OFFLOAD_STATUS READ_PLUS SEEK
  WRITE_SAME CLONE GETXATTR SETXATTR LISTXATTRS REMOVEXATTR
`
  .trim()
  .split(/\s+/);

t.test('every operation has the number of its name', async (t) => {
  for (const { name, number } of OPERATIONS) t.equal(OPERATION_NAMES[number - 3], name);
});

/** nfs_cb_opnum4 from 3 on, RFC 8881 section 20. */
const CALLBACK_NAMES = `
  CB_GETATTR CB_RECALL CB_LAYOUTRECALL CB_NOTIFY CB_PUSH_DELEG CB_RECALL_ANY CB_RECALLABLE_OBJ_AVAIL CB_RECALL_SLOT
  CB_SEQUENCE CB_WANTS_CANCELLED CB_NOTIFY_LOCK CB_NOTIFY_DEVICEID
`
  .trim()
  .split(/\s+/);

t.test('every callback has the number of its name, and is found by it', async (t) => {
  for (const callback of CALLBACKS) {
    t.equal(CALLBACK_NAMES[callback.number - 3], callback.name);
    t.equal(callbackByNumber(callback.number), callback);
  }
  t.equal(callbackByNumber(5), undefined);
});

t.test('operations are found by number and by name', async (t) => {
  for (const operation of OPERATIONS) {
    t.equal(operationByNumber(operation.number), operation);
    t.equal(operationByName(operation.name), operation);
  }
  for (const number of [0, 1, 2, 19, 76, 10044, 4294967295]) t.equal(operationByNumber(number), undefined);
  t.equal(operationByName('OPENATTR'), undefined);
});

/** Runs of consecutive numbers of nfsstat4, RFC 8881 section 15.1 and RFC 7862 section 11.1. */
const STATUS_RUNS: readonly (readonly [first: number, names: string])[] = [
  [0, 'OK PERM NOENT'],
  [5, 'IO NXIO'],
  [13, 'ACCESS'],
  [17, 'EXIST XDEV'],
  [20, 'NOTDIR ISDIR INVAL'],
  [27, 'FBIG NOSPC'],
  [30, 'ROFS MLINK'],
  [63, 'NAMETOOLONG'],
  [66, 'NOTEMPTY'],
  [69, 'DQUOT STALE'],
  [10001, 'BADHANDLE'],
  [
    10003,
    `BAD_COOKIE NOTSUPP TOOSMALL SERVERFAULT BADTYPE DELAY SAME DENIED EXPIRED LOCKED GRACE FHEXPIRED
     SHARE_DENIED WRONGSEC CLID_INUSE RESOURCE MOVED NOFILEHANDLE MINOR_VERS_MISMATCH STALE_CLIENTID
     STALE_STATEID OLD_STATEID BAD_STATEID BAD_SEQID NOT_SAME LOCK_RANGE SYMLINK RESTOREFH LEASE_MOVED
     ATTRNOTSUPP NO_GRACE RECLAIM_BAD RECLAIM_CONFLICT BADXDR LOCKS_HELD OPENMODE BADOWNER BADCHAR BADNAME
     BAD_RANGE LOCK_NOTSUPP OP_ILLEGAL DEADLOCK FILE_OPEN ADMIN_REVOKED CB_PATH_DOWN BADIOMODE BADLAYOUT
     BAD_SESSION_DIGEST BADSESSION BADSLOT COMPLETE_ALREADY CONN_NOT_BOUND_TO_SESSION DELEG_ALREADY_WANTED
     BACK_CHAN_BUSY LAYOUTTRYLATER LAYOUTUNAVAILABLE NOMATCHING_LAYOUT RECALLCONFLICT UNKNOWN_LAYOUTTYPE
     SEQ_MISORDERED SEQUENCE_POS REQ_TOO_BIG REP_TOO_BIG REP_TOO_BIG_TO_CACHE RETRY_UNCACHED_REP
     UNSAFE_COMPOUND TOO_MANY_OPS OP_NOT_IN_SESSION HASH_ALG_UNSUPP`,
  ],
  [
    10074,
    `CLIENTID_BUSY PNFS_IO_HOLE SEQ_FALSE_RETRY BAD_HIGH_SLOT DEADSESSION ENCR_ALG_UNSUPP PNFS_NO_LAYOUT
     NOT_ONLY_OP WRONG_CRED WRONG_TYPE DIRDELEG_UNAVAIL REJECT_DELEG RETURNCONFLICT DELEG_REVOKED
     PARTNER_NOTSUPP PARTNER_NO_AUTH UNION_NOTSUPP OFFLOAD_DENIED WRONG_LFS BADLABEL OFFLOAD_NO_REQS
     NOXATTR XATTR2BIG`,
  ],
];

t.test('every status has the number of its name, and there are no others', async (t) => {
  const expected = new Map<number, string>();
  for (const [first, names] of STATUS_RUNS) {
    for (const [index, name] of names.split(/\s+/).entries()) expected.set(first + index, name);
  }
  t.same([...Object.values(numbers)].sort(), [...expected.keys()].sort());
  for (const [number, name] of expected) t.equal(statusName(number), name);
});

t.test('a number that is no status has a name to print and is an XdrError to decode', async (t) => {
  t.equal(statusName(10073), 'STATUS_10073');
  t.throws(() => decodeStatus(new XdrReader(bytes('00002759'))), XdrError);
  t.equal(readAll(bytes('0000271d'), decodeStatus), numbers.NFS4ERR_GRACE);
});

/** Attributes from 0 on, RFC 8881 sections 5.6 and 5.7; `-` for those without a codec. */
const ATTRIBUTE_NAMES = `
  supportedAttrs type fhExpireType change size linkSupport symlinkSupport namedAttr fsid uniqueHandles
  leaseTime rdattrError - aclSupport - canSetTime caseInsensitive casePreserving chownRestricted filehandle
  fileid filesAvail filesFree filesTotal fsLocations - homogeneous maxFileSize maxLink maxName
  maxRead maxWrite - mode noTrunc numLinks owner ownerGroup - -
  - rawDev spaceAvail spaceFree spaceTotal spaceUsed - timeAccess timeAccessSet -
  timeCreate timeDelta timeMetadata timeModify timeModifySet mountedOnFileid - - - -
  - - - - - - - - - -
  - - - - - suppattrExclcreat
`
  .trim()
  .split(/\s+/);

t.test('every attribute has the number of its name', async (t) => {
  t.equal(ATTRIBUTE_NAMES.length, 76);
  ATTRIBUTE_NAMES.forEach((name, number) => {
    if (name !== '-') t.equal(attributeNumber(name as AttributeName), number, name);
  });
});

t.test('an attribute that does not exist has no number', async (t) => {
  t.throws(() => attributeNumber('acl' as AttributeName), RangeError);
});
