/** Operations on filehandles, directories and file content, against bytes derived by hand from RFC 5662. */

import t from 'tap';
import { attributeBitmap, attributeSet } from '../../../src/nfs4/attributes.ts';
import {
  FILE_SYNC4,
  NF4CHR,
  NF4DIR,
  NF4LNK,
  RPCSEC_GSS,
  SECINFO_STYLE4_PARENT,
} from '../../../src/nfs4/constants.ts';
import { access } from '../../../src/nfs4/operations/access.ts';
import { commit } from '../../../src/nfs4/operations/commit.ts';
import { create } from '../../../src/nfs4/operations/create.ts';
import { getAttr } from '../../../src/nfs4/operations/get-attr.ts';
import { getFh } from '../../../src/nfs4/operations/get-fh.ts';
import { link } from '../../../src/nfs4/operations/link.ts';
import { lookup } from '../../../src/nfs4/operations/lookup.ts';
import { nverify } from '../../../src/nfs4/operations/nverify.ts';
import { putFh } from '../../../src/nfs4/operations/put-fh.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { read } from '../../../src/nfs4/operations/read.ts';
import { EMPTY_READ_DIR_BYTES, readDir } from '../../../src/nfs4/operations/read-dir.ts';
import { readLink } from '../../../src/nfs4/operations/read-link.ts';
import { remove } from '../../../src/nfs4/operations/remove.ts';
import { rename } from '../../../src/nfs4/operations/rename.ts';
import { secInfo } from '../../../src/nfs4/operations/sec-info.ts';
import { secInfoNoName } from '../../../src/nfs4/operations/sec-info-no-name.ts';
import { setAttr } from '../../../src/nfs4/operations/set-attr.ts';
import { verify } from '../../../src/nfs4/operations/verify.ts';
import { write } from '../../../src/nfs4/operations/write.ts';
import { NFS4_OK, NFS4ERR_NOENT, NFS4ERR_PERM } from '../../../src/nfs4/status.ts';
import { AUTH_SYS } from '../../../src/rpc/message.ts';
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
import { bytes } from './fixtures/wire.ts';

argsVector('PUTROOTFH has no arguments', putRootFh, {}, '');
resultVector('PUTROOTFH done', putRootFh, { status: NFS4_OK }, '00000000');
argsVector('PUTFH', putFh, { object: Buffer.from('handle') }, '00000006 68616e64 6c650000');
resultVector(
  'GETFH done',
  getFh,
  { status: NFS4_OK, object: Buffer.from('fh') },
  '00000000 00000002 66680000',
);
argsVector('LOOKUP', lookup, { objName: 'ü' }, '00000002 c3bc0000');
resultVector('LOOKUP of nothing', lookup, { status: NFS4ERR_NOENT }, '00000002');

argsVector('ACCESS', access, { access: 0x2d }, '0000002d');
resultVector(
  'ACCESS done',
  access,
  { status: NFS4_OK, supported: 0x3f, access: 1 },
  '00000000 0000003f 00000001',
);

argsVector(
  'GETATTR',
  getAttr,
  { attrRequest: attributeBitmap(['type', 'mode']) },
  '00000002 00000002 00000002',
);
resultVector(
  'GETATTR done',
  getAttr,
  { status: NFS4_OK, objAttributes: attributeSet({ type: NF4DIR, mode: 0o755 }) },
  '00000000  00000002 00000002 00000002  00000008 00000002 000001ed',
);

argsVector(
  'SETATTR',
  setAttr,
  { stateid: STATEID, objAttributes: attributeSet({ size: 5n }) },
  `
  ${STATEID_HEX} 00000001 00000010 00000008 00000000 00000005
`,
);
resultVector('SETATTR done', setAttr, { status: NFS4_OK, attrsSet: [0x10] }, '00000000 00000001 00000010');
resultVector(
  'SETATTR that failed says what was set',
  setAttr,
  { status: NFS4ERR_PERM, attrsSet: [] },
  `
  00000001 00000000
`,
);

argsVector(
  'VERIFY',
  verify,
  { objAttributes: attributeSet({ change: 3n }) },
  `
  00000001 00000008 00000008 00000000 00000003
`,
);
argsVector(
  'NVERIFY',
  nverify,
  { objAttributes: attributeSet({ change: 3n }) },
  `
  00000001 00000008 00000008 00000000 00000003
`,
);

argsVector(
  'READ',
  read,
  { stateid: STATEID, offset: 0x100000000n, count: 16 },
  `
  ${STATEID_HEX} 00000001 00000000 00000010
`,
);
resultVector(
  'READ done',
  read,
  { status: NFS4_OK, eof: true, data: Buffer.from('abcde') },
  `
  00000000 00000001 00000005 61626364 65000000
`,
);

argsVector(
  'WRITE',
  write,
  { stateid: STATEID, offset: 1n, stable: FILE_SYNC4, data: Buffer.from('abc') },
  `
  ${STATEID_HEX} 00000000 00000001 00000002 00000003 61626300
`,
);
resultVector(
  'WRITE done',
  write,
  { status: NFS4_OK, count: 3, committed: FILE_SYNC4, writeVerf: VERIFIER },
  `
  00000000 00000003 00000002 ${VERIFIER_HEX}
`,
);

argsVector('COMMIT', commit, { offset: 0n, count: 0 }, '00000000 00000000 00000000');
resultVector('COMMIT done', commit, { status: NFS4_OK, writeVerf: VERIFIER }, `00000000 ${VERIFIER_HEX}`);

argsVector(
  'CREATE of a directory',
  create,
  { objType: { type: NF4DIR }, objName: 'd', createAttrs: attributeSet({}) },
  `
  00000002 00000001 64000000 00000000 00000000
`,
);
argsVector(
  'CREATE of a symbolic link',
  create,
  { objType: { type: NF4LNK, linkData: '/x' }, objName: 'l', createAttrs: attributeSet({}) },
  '00000005 00000002 2f780000 00000001 6c000000 00000000 00000000',
);
argsVector(
  'CREATE of a device',
  create,
  { objType: { type: NF4CHR, devData: { major: 1, minor: 3 } }, objName: 'n', createAttrs: attributeSet({}) },
  '00000004 00000001 00000003 00000001 6e000000 00000000 00000000',
);
resultVector(
  'CREATE done',
  create,
  { status: NFS4_OK, cinfo: CINFO, attrSet: [] },
  `
  00000000 ${CINFO_HEX} 00000000
`,
);

argsVector('REMOVE', remove, { target: 'x' }, '00000001 78000000');
resultVector('REMOVE done', remove, { status: NFS4_OK, cinfo: CINFO }, `00000000 ${CINFO_HEX}`);
argsVector(
  'RENAME has the old name first',
  rename,
  { oldName: 'o', newName: 'n' },
  `
  00000001 6f000000 00000001 6e000000
`,
);
resultVector(
  'RENAME done has the source directory first',
  rename,
  { status: NFS4_OK, sourceCinfo: CINFO, targetCinfo: { atomic: false, before: 1n, after: 2n } },
  `00000000 ${CINFO_HEX} 00000000 00000000 00000001 00000000 00000002`,
);
argsVector('LINK', link, { newName: 'n' }, '00000001 6e000000');
resultVector('LINK done', link, { status: NFS4_OK, cinfo: CINFO }, `00000000 ${CINFO_HEX}`);
resultVector('READLINK done', readLink, { status: NFS4_OK, link: '/x' }, '00000000 00000002 2f780000');

argsVector(
  'READDIR',
  readDir,
  { cookie: 3n, cookieVerf: VERIFIER, dirCount: 512, maxCount: 4096, attrRequest: [0x100000] },
  `00000000 00000003 ${VERIFIER_HEX} 00000200 00001000 00000001 00100000`,
);
resultVector(
  'READDIR done: every entry is announced, and so is the end',
  readDir,
  {
    status: NFS4_OK,
    cookieVerf: VERIFIER,
    reply: {
      entries: [
        { cookie: 3n, name: 'a', attrs: attributeSet({ fileid: 12n }) },
        { cookie: 4n, name: 'bcde', attrs: attributeSet({}) },
      ],
      eof: true,
    },
  },
  `
  00000000 ${VERIFIER_HEX}
  00000001  00000000 00000003  00000001 61000000  00000001 00100000 00000008 00000000 0000000c
  00000001  00000000 00000004  00000004 62636465  00000000 00000000
  00000000
  00000001
  `,
);
t.test('READDIR of nothing takes EMPTY_READ_DIR_BYTES after its status', async (t) => {
  t.equal(bytes(`${VERIFIER_HEX} 00000000 00000001`).length, EMPTY_READ_DIR_BYTES);
});

argsVector('SECINFO', secInfo, { name: 'x' }, '00000001 78000000');
resultVector(
  'SECINFO done',
  secInfo,
  {
    status: NFS4_OK,
    flavors: [
      { flavor: RPCSEC_GSS, flavorInfo: { oid: Buffer.from([0x2a, 0x86]), qop: 0, service: 1 } },
      { flavor: AUTH_SYS },
    ],
  },
  '00000000 00000002  00000006 00000002 2a860000 00000000 00000001  00000001',
);
argsVector('SECINFO_NO_NAME', secInfoNoName, { style: SECINFO_STYLE4_PARENT }, '00000001');
resultVector(
  'SECINFO_NO_NAME done',
  secInfoNoName,
  { status: NFS4_OK, flavors: [{ flavor: AUTH_SYS }] },
  `
  00000000 00000001 00000001
`,
);
