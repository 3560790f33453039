/** What came with version 4.2, against bytes derived by hand from RFC 7863 and RFC 8276. */
import { FILE_SYNC4, NFS4_CONTENT_HOLE, NL4_NETADDR, NL4_URL } from '../../../src/nfs4/constants.ts';
import { allocate } from '../../../src/nfs4/operations/allocate.ts';
import { clone } from '../../../src/nfs4/operations/clone.ts';
import { copy } from '../../../src/nfs4/operations/copy.ts';
import { deallocate } from '../../../src/nfs4/operations/deallocate.ts';
import { getXattr } from '../../../src/nfs4/operations/get-xattr.ts';
import { listXattrs } from '../../../src/nfs4/operations/list-xattrs.ts';
import { removeXattr } from '../../../src/nfs4/operations/remove-xattr.ts';
import { seek } from '../../../src/nfs4/operations/seek.ts';
import { setXattr } from '../../../src/nfs4/operations/set-xattr.ts';
import { NFS4_OK, NFS4ERR_OFFLOAD_NO_REQS } from '../../../src/nfs4/status.ts';
import {
  argsVector,
  CINFO,
  CINFO_HEX,
  resultVector,
  STATEID,
  STATEID_HEX,
  VERIFIER,
  VERIFIER_HEX,
} from './fixtures/vectors.ts';

const range = { stateid: STATEID, offset: 1n, length: 2n };
const RANGE_HEX = `${STATEID_HEX}  00000000 00000001  00000000 00000002`;
argsVector('ALLOCATE', allocate, range, RANGE_HEX);
argsVector('DEALLOCATE', deallocate, range, RANGE_HEX);
argsVector(
  'SEEK for a hole',
  seek,
  { stateid: STATEID, offset: 9n, what: NFS4_CONTENT_HOLE },
  `${STATEID_HEX}  00000000 00000009  00000001`,
);
resultVector(
  'SEEK found it',
  seek,
  { status: NFS4_OK, eof: false, offset: 4096n },
  '00000000  00000000  00000000 00001000',
);

const ranges = { srcStateid: STATEID, dstStateid: STATEID, srcOffset: 1n, dstOffset: 2n, count: 3n };
const RANGES_HEX = `
  ${STATEID_HEX} ${STATEID_HEX}
  00000000 00000001  00000000 00000002  00000000 00000003
`;
argsVector('CLONE', clone, ranges, RANGES_HEX);
argsVector(
  'COPY within the server names no source',
  copy,
  { ...ranges, consecutive: true, synchronous: false, sourceServer: [] },
  `${RANGES_HEX}  00000001 00000000  00000000`,
);
argsVector(
  'COPY from elsewhere names the ways to the source',
  copy,
  {
    ...ranges,
    consecutive: false,
    synchronous: true,
    sourceServer: [
      { type: NL4_URL, text: 'nfs:' },
      { type: NL4_NETADDR, address: { netId: 'tcp', address: '1.2' } },
    ],
  },
  `
  ${RANGES_HEX}  00000000 00000001
  00000002
  00000002  00000004 6e66733a
  00000003  00000003 74637000  00000003 312e3200
  `,
);
resultVector(
  'COPY that is done',
  copy,
  {
    status: NFS4_OK,
    response: { callbackId: null, count: 3n, committed: FILE_SYNC4, writeVerf: VERIFIER },
    requirements: { consecutive: true, synchronous: true },
  },
  `00000000  00000000  00000000 00000003  00000002  ${VERIFIER_HEX}  00000001 00000001`,
);
resultVector(
  'COPY that goes on has a stateid',
  copy,
  {
    status: NFS4_OK,
    response: { callbackId: STATEID, count: 0n, committed: 0, writeVerf: VERIFIER },
    requirements: { consecutive: true, synchronous: false },
  },
  `00000000  00000001 ${STATEID_HEX}  00000000 00000000  00000000  ${VERIFIER_HEX}  00000001 00000000`,
);
resultVector(
  'COPY that cannot be done as asked says how it could be',
  copy,
  { status: NFS4ERR_OFFLOAD_NO_REQS, requirements: { consecutive: true, synchronous: true } },
  '0000276e  00000001 00000001',
);

argsVector('GETXATTR', getXattr, { name: 'tag' }, '00000003 74616700');
resultVector(
  'GETXATTR gives the value',
  getXattr,
  { status: NFS4_OK, value: Buffer.from('red') },
  '00000000  00000003 72656400',
);
argsVector(
  'SETXATTR that must create',
  setXattr,
  { option: 1, name: 'tag', value: Buffer.from('red') },
  '00000001  00000003 74616700  00000003 72656400',
);
resultVector('SETXATTR', setXattr, { status: NFS4_OK, cinfo: CINFO }, `00000000 ${CINFO_HEX}`);
argsVector('LISTXATTRS', listXattrs, { cookie: 5n, maxCount: 100 }, '00000000 00000005  00000064');
resultVector(
  'LISTXATTRS',
  listXattrs,
  { status: NFS4_OK, cookie: 2n, names: ['a', 'bc'], eof: true },
  `
  00000000  00000000 00000002
  00000002  00000001 61000000  00000002 62630000
  00000001
  `,
);
argsVector('REMOVEXATTR', removeXattr, { name: 'tag' }, '00000003 74616700');
resultVector('REMOVEXATTR', removeXattr, { status: NFS4_OK, cinfo: CINFO }, `00000000 ${CINFO_HEX}`);
