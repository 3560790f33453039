/** OPEN, CLOSE, OPEN_DOWNGRADE against bytes derived by hand from RFC 5662. */
import { attributeSet, NO_ATTRIBUTES } from '../../../src/nfs4/attributes.ts';
import {
  CLAIM_DELEG_CUR_FH,
  CLAIM_DELEG_PREV_FH,
  CLAIM_DELEGATE_CUR,
  CLAIM_DELEGATE_PREV,
  CLAIM_FH,
  CLAIM_NULL,
  CLAIM_PREVIOUS,
  EXCLUSIVE4,
  EXCLUSIVE4_1,
  GUARDED4,
  NFS_LIMIT_BLOCKS,
  NFS_LIMIT_SIZE,
  OPEN_DELEGATE_NONE,
  OPEN_DELEGATE_NONE_EXT,
  OPEN_DELEGATE_READ,
  OPEN_DELEGATE_WRITE,
  OPEN4_CREATE,
  OPEN4_NOCREATE,
  OPEN4_RESULT_LOCKTYPE_POSIX,
  OPEN4_SHARE_ACCESS_BOTH,
  OPEN4_SHARE_ACCESS_READ,
  OPEN4_SHARE_ACCESS_WANT_NO_DELEG,
  OPEN4_SHARE_DENY_WRITE,
  UNCHECKED4,
  WND4_CONTENTION,
  WND4_NOT_WANTED,
  WND4_RESOURCE,
} from '../../../src/nfs4/constants.ts';
import type { OpenDelegation } from '../../../src/nfs4/open-delegation.ts';
import { close } from '../../../src/nfs4/operations/close.ts';
import { type OpenClaim, type OpenHow, open } from '../../../src/nfs4/operations/open.ts';
import { openDowngrade } from '../../../src/nfs4/operations/open-downgrade.ts';
import { NFS4_OK, NFS4ERR_RECLAIM_BAD } from '../../../src/nfs4/status.ts';
import {
  argsVector,
  CINFO,
  CINFO_HEX,
  OWNER,
  OWNER_HEX,
  resultVector,
  STATEID,
  STATEID_HEX,
  VERIFIER,
  VERIFIER_HEX,
} from './fixtures/vectors.ts';

/** OPEN4args up to openhow, and the argument with the rest given. */
const HEAD_HEX = `
  00000000                    # seqid
  00000403                    # BOTH | WANT_NO_DELEG
  00000002                    # DENY_WRITE
  ${OWNER_HEX}
`;
const withHead = (openHow: OpenHow, claim: OpenClaim) => ({
  seqid: 0,
  shareAccess: OPEN4_SHARE_ACCESS_BOTH | OPEN4_SHARE_ACCESS_WANT_NO_DELEG,
  shareDeny: OPEN4_SHARE_DENY_WRITE,
  owner: OWNER,
  openHow,
  claim,
});
const NOCREATE: OpenHow = { openType: OPEN4_NOCREATE };
const FH: OpenClaim = { claim: CLAIM_FH };

argsVector(
  'OPEN unchecked create of a name, with size and mode',
  open,
  withHead(
    {
      openType: OPEN4_CREATE,
      how: { mode: UNCHECKED4, createAttrs: attributeSet({ size: 0n, mode: 0o644 }) },
    },
    { claim: CLAIM_NULL, file: 'ledger.db' },
  ),
  `${HEAD_HEX}
  00000001                    # OPEN4_CREATE
  00000000                    # UNCHECKED4
  00000002 00000010 00000002  # attribute 4 is bit 4 of word 0, 33 is bit 1 of word 1
  0000000c                    # bytes of values
  00000000 00000000 000001a4
  00000000                    # CLAIM_NULL
  00000009 6c656467 65722e64 62000000
  `,
);

argsVector(
  'OPEN guarded create without attributes',
  open,
  withHead({ openType: OPEN4_CREATE, how: { mode: GUARDED4, createAttrs: NO_ATTRIBUTES } }, FH),
  `${HEAD_HEX} 00000001 00000001  00000000 00000000  00000004`,
);

argsVector(
  'OPEN exclusive create carries a verifier',
  open,
  withHead({ openType: OPEN4_CREATE, how: { mode: EXCLUSIVE4, createVerf: VERIFIER } }, FH),
  `${HEAD_HEX} 00000001 00000002 ${VERIFIER_HEX} 00000004`,
);

argsVector(
  'OPEN EXCLUSIVE4_1 carries verifier and attributes',
  open,
  withHead(
    {
      openType: OPEN4_CREATE,
      how: { mode: EXCLUSIVE4_1, createBoth: { verf: VERIFIER, attrs: attributeSet({ mode: 0o600 }) } },
    },
    FH,
  ),
  `${HEAD_HEX} 00000001 00000003 ${VERIFIER_HEX}  00000002 00000000 00000002 00000004 00000180  00000004`,
);

const CLAIM_VECTORS: readonly (readonly [string, OpenClaim, string])[] = [
  [
    'CLAIM_PREVIOUS carries the delegation that was held',
    { claim: CLAIM_PREVIOUS, delegateType: OPEN_DELEGATE_WRITE },
    '00000001 00000002',
  ],
  [
    'CLAIM_DELEGATE_CUR carries stateid and name',
    { claim: CLAIM_DELEGATE_CUR, delegateCurInfo: { delegateStateid: STATEID, file: 'ab' } },
    `00000002 ${STATEID_HEX} 00000002 61620000`,
  ],
  [
    'CLAIM_DELEGATE_PREV carries a name',
    { claim: CLAIM_DELEGATE_PREV, fileDelegatePrev: 'abcd' },
    '00000003 00000004 61626364',
  ],
  ['CLAIM_FH carries nothing', FH, '00000004'],
  [
    'CLAIM_DELEG_CUR_FH carries a stateid',
    { claim: CLAIM_DELEG_CUR_FH, delegateStateid: STATEID },
    `00000005 ${STATEID_HEX}`,
  ],
  ['CLAIM_DELEG_PREV_FH carries nothing', { claim: CLAIM_DELEG_PREV_FH }, '00000006'],
];
for (const [name, claim, hex] of CLAIM_VECTORS) {
  argsVector(`OPEN ${name}`, open, withHead(NOCREATE, claim), `${HEAD_HEX} 00000000 ${hex}`);
}

const ACE = { type: 0, flag: 0, accessMask: 1, who: 'EVERYONE@' };
const ACE_HEX = '00000000 00000000 00000001 00000009 45564552 594f4e45 40000000';
const DELEGATION_VECTORS: readonly (readonly [string, OpenDelegation, string])[] = [
  ['no delegation', { delegationType: OPEN_DELEGATE_NONE }, '00000000'],
  [
    'a read delegation',
    { delegationType: OPEN_DELEGATE_READ, read: { stateid: STATEID, recall: true, permissions: ACE } },
    `00000001 ${STATEID_HEX} 00000001 ${ACE_HEX}`,
  ],
  [
    'a write delegation limited by size: the limit stands before the permissions',
    {
      delegationType: OPEN_DELEGATE_WRITE,
      write: {
        stateid: STATEID,
        recall: false,
        spaceLimit: { limitBy: NFS_LIMIT_SIZE, fileSize: 4096n },
        permissions: ACE,
      },
    },
    `00000002 ${STATEID_HEX} 00000000  00000001 00000000 00001000  ${ACE_HEX}`,
  ],
  [
    'a write delegation limited by blocks',
    {
      delegationType: OPEN_DELEGATE_WRITE,
      write: {
        stateid: STATEID,
        recall: false,
        spaceLimit: { limitBy: NFS_LIMIT_BLOCKS, numBlocks: 3, bytesPerBlock: 512 },
        permissions: ACE,
      },
    },
    `00000002 ${STATEID_HEX} 00000000  00000002 00000003 00000200  ${ACE_HEX}`,
  ],
  [
    'no delegation since none is wanted',
    { delegationType: OPEN_DELEGATE_NONE_EXT, whyNone: { why: WND4_NOT_WANTED } },
    '00000003 00000000',
  ],
  [
    'no delegation for contention',
    { delegationType: OPEN_DELEGATE_NONE_EXT, whyNone: { why: WND4_CONTENTION, serverWillPushDeleg: true } },
    '00000003 00000001 00000001',
  ],
  [
    'no delegation for want of resources',
    { delegationType: OPEN_DELEGATE_NONE_EXT, whyNone: { why: WND4_RESOURCE, serverWillSignalAvail: false } },
    '00000003 00000002 00000000',
  ],
];
for (const [name, delegation, hex] of DELEGATION_VECTORS) {
  resultVector(
    `OPEN done, ${name}`,
    open,
    {
      status: NFS4_OK,
      stateid: STATEID,
      cinfo: CINFO,
      rflags: OPEN4_RESULT_LOCKTYPE_POSIX,
      attrSet: [0x10, 0x2],
      delegation,
    },
    `00000000 ${STATEID_HEX} ${CINFO_HEX} 00000004  00000002 00000010 00000002  ${hex}`,
  );
}

resultVector('OPEN refused is a status alone', open, { status: NFS4ERR_RECLAIM_BAD }, '00002732');

argsVector('CLOSE', close, { seqid: 1, openStateid: STATEID }, `00000001 ${STATEID_HEX}`);
resultVector('CLOSE done', close, { status: NFS4_OK, openStateid: STATEID }, `00000000 ${STATEID_HEX}`);

argsVector(
  'OPEN_DOWNGRADE has the stateid before the seqid',
  openDowngrade,
  { openStateid: STATEID, seqid: 5, shareAccess: OPEN4_SHARE_ACCESS_READ, shareDeny: OPEN4_SHARE_DENY_WRITE },
  `${STATEID_HEX} 00000005 00000001 00000002`,
);
resultVector(
  'OPEN_DOWNGRADE done',
  openDowngrade,
  { status: NFS4_OK, openStateid: STATEID },
  `
  00000000 ${STATEID_HEX}
`,
);
