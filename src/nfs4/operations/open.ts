import type { XdrReader } from '../../xdr/reader.ts';
import type { XdrWriter } from '../../xdr/writer.ts';
import { type AttributeSet, decodeAttributes, encodeAttributeSet } from '../attributes.ts';
import { type Bitmap, decodeBitmap, encodeBitmap } from '../bitmap.ts';
import {
  CLAIM_DELEG_CUR_FH,
  CLAIM_DELEG_PREV_FH,
  CLAIM_DELEGATE_CUR,
  CLAIM_DELEGATE_PREV,
  CLAIM_FH,
  CLAIM_NULL,
  CLAIM_PREVIOUS,
  type DelegationType,
  EXCLUSIVE4,
  EXCLUSIVE4_1,
  GUARDED4,
  OPEN4_CREATE,
  OPEN4_NOCREATE,
  UNCHECKED4,
} from '../constants.ts';
import {
  decodeDelegation,
  decodeDelegationType,
  encodeDelegation,
  type OpenDelegation,
} from '../open-delegation.ts';
import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import {
  type ChangeInfo,
  decodeChangeInfo,
  decodeComponent,
  decodeStateid,
  decodeStateOwner,
  decodeVerifier,
  encodeChangeInfo,
  encodeStateid,
  encodeStateOwner,
  encodeVerifier,
  type Stateid,
  type StateOwner,
} from '../types.ts';

/** OPEN: opens, maybe creates, or takes back an open of a regular file. RFC 8881 section 18.16. */
export interface OpenArgs {
  /** Not used in 4.1 and later. */
  readonly seqid: number;
  /** OPEN4_SHARE_ACCESS_*, with what is wanted of delegations in the higher bits. */
  readonly shareAccess: number;
  /** OPEN4_SHARE_DENY_* */
  readonly shareDeny: number;
  readonly owner: StateOwner;
  readonly openHow: OpenHow;
  readonly claim: OpenClaim;
}

/** openflag4 */
export type OpenHow =
  | { readonly openType: typeof OPEN4_NOCREATE }
  | { readonly openType: typeof OPEN4_CREATE; readonly how: CreateHow };

/** createhow4 */
export type CreateHow =
  | { readonly mode: typeof UNCHECKED4 | typeof GUARDED4; readonly createAttrs: AttributeSet }
  | { readonly mode: typeof EXCLUSIVE4; readonly createVerf: Buffer }
  | {
      readonly mode: typeof EXCLUSIVE4_1;
      readonly createBoth: { readonly verf: Buffer; readonly attrs: AttributeSet };
    };

/** open_claim4. The claims without a name are about the current filehandle. */
export type OpenClaim =
  | { readonly claim: typeof CLAIM_NULL; readonly file: string }
  | { readonly claim: typeof CLAIM_PREVIOUS; readonly delegateType: DelegationType }
  | {
      readonly claim: typeof CLAIM_DELEGATE_CUR;
      readonly delegateCurInfo: { readonly delegateStateid: Stateid; readonly file: string };
    }
  | { readonly claim: typeof CLAIM_DELEGATE_PREV; readonly fileDelegatePrev: string }
  | { readonly claim: typeof CLAIM_FH | typeof CLAIM_DELEG_PREV_FH }
  | { readonly claim: typeof CLAIM_DELEG_CUR_FH; readonly delegateStateid: Stateid };

export type OpenResult = Outcome<{
  readonly stateid: Stateid;
  readonly cinfo: ChangeInfo;
  /** OPEN4_RESULT_* */
  readonly rflags: number;
  /** What was set by the creation. */
  readonly attrSet: Bitmap;
  readonly delegation: OpenDelegation;
}>;

const OPEN_TYPES = [OPEN4_NOCREATE, OPEN4_CREATE] as const;
const CREATE_MODES = [UNCHECKED4, GUARDED4, EXCLUSIVE4, EXCLUSIVE4_1] as const;
const CLAIMS = [
  CLAIM_NULL,
  CLAIM_PREVIOUS,
  CLAIM_DELEGATE_CUR,
  CLAIM_DELEGATE_PREV,
  CLAIM_FH,
  CLAIM_DELEG_CUR_FH,
  CLAIM_DELEG_PREV_FH,
] as const;

function encodeOpenHow(w: XdrWriter, openHow: OpenHow): void {
  w.uint32(openHow.openType);
  if (openHow.openType === OPEN4_NOCREATE) return;
  const { how } = openHow;
  w.uint32(how.mode);
  switch (how.mode) {
    case UNCHECKED4:
    case GUARDED4:
      encodeAttributeSet(w, how.createAttrs);
      break;
    case EXCLUSIVE4:
      encodeVerifier(w, how.createVerf);
      break;
    case EXCLUSIVE4_1:
      encodeVerifier(w, how.createBoth.verf);
      encodeAttributeSet(w, how.createBoth.attrs);
      break;
  }
}

export function decodeOpenHow(r: XdrReader): OpenHow {
  const openType = r.oneOf(OPEN_TYPES, 'opentype4');
  return openType === OPEN4_NOCREATE ? { openType } : { openType, how: decodeCreateHow(r) };
}

function decodeCreateHow(r: XdrReader): CreateHow {
  const mode = r.oneOf(CREATE_MODES, 'createmode4');
  switch (mode) {
    case UNCHECKED4:
    case GUARDED4:
      return { mode, createAttrs: decodeAttributes(r) };
    case EXCLUSIVE4:
      return { mode, createVerf: decodeVerifier(r) };
    case EXCLUSIVE4_1:
      return { mode, createBoth: { verf: decodeVerifier(r), attrs: decodeAttributes(r) } };
  }
}

function encodeClaim(w: XdrWriter, claim: OpenClaim): void {
  w.uint32(claim.claim);
  switch (claim.claim) {
    case CLAIM_NULL:
      w.utf8(claim.file);
      break;
    case CLAIM_PREVIOUS:
      w.uint32(claim.delegateType);
      break;
    case CLAIM_DELEGATE_CUR:
      encodeStateid(w, claim.delegateCurInfo.delegateStateid);
      w.utf8(claim.delegateCurInfo.file);
      break;
    case CLAIM_DELEGATE_PREV:
      w.utf8(claim.fileDelegatePrev);
      break;
    case CLAIM_FH:
    case CLAIM_DELEG_PREV_FH:
      break;
    case CLAIM_DELEG_CUR_FH:
      encodeStateid(w, claim.delegateStateid);
      break;
  }
}

export function decodeClaim(r: XdrReader): OpenClaim {
  const claim = r.oneOf(CLAIMS, 'open_claim_type4');
  switch (claim) {
    case CLAIM_NULL:
      return { claim, file: decodeComponent(r) };
    case CLAIM_PREVIOUS:
      return { claim, delegateType: decodeDelegationType(r) };
    case CLAIM_DELEGATE_CUR:
      return { claim, delegateCurInfo: { delegateStateid: decodeStateid(r), file: decodeComponent(r) } };
    case CLAIM_DELEGATE_PREV:
      return { claim, fileDelegatePrev: decodeComponent(r) };
    case CLAIM_FH:
    case CLAIM_DELEG_PREV_FH:
      return { claim };
    case CLAIM_DELEG_CUR_FH:
      return { claim, delegateStateid: decodeStateid(r) };
  }
}

export const open: OperationCodec<OpenArgs, OpenResult> = {
  number: 18,
  name: 'OPEN',
  encodeArgs(w, args) {
    w.uint32(args.seqid);
    w.uint32(args.shareAccess);
    w.uint32(args.shareDeny);
    encodeStateOwner(w, args.owner);
    encodeOpenHow(w, args.openHow);
    encodeClaim(w, args.claim);
  },
  decodeArgs: (r) => ({
    seqid: r.uint32(),
    shareAccess: r.uint32(),
    shareDeny: r.uint32(),
    owner: decodeStateOwner(r),
    openHow: decodeOpenHow(r),
    claim: decodeClaim(r),
  }),
  ...okFields(
    (w, fields) => {
      encodeStateid(w, fields.stateid);
      encodeChangeInfo(w, fields.cinfo);
      w.uint32(fields.rflags);
      encodeBitmap(w, fields.attrSet);
      encodeDelegation(w, fields.delegation);
    },
    (r) => ({
      stateid: decodeStateid(r),
      cinfo: decodeChangeInfo(r),
      rflags: r.uint32(),
      attrSet: decodeBitmap(r),
      delegation: decodeDelegation(r),
    }),
  ),
};
