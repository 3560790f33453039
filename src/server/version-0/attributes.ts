/** Operations on attributes, with those that version 4.0 has (RFC 7530 section 5): to mounted_on_fileid, and none of 4.1's. */
import type { AttributeSet } from '../../nfs4/attributes.ts';
import { bitmapAnd, bitmapIsEmpty, bitmapWithout, EMPTY_BITMAP } from '../../nfs4/bitmap.ts';
import type { CreateArgs, CreateResult } from '../../nfs4/operations/create.ts';
import type { GetAttrArgs, GetAttrResult } from '../../nfs4/operations/get-attr.ts';
import type { ReadDirArgs, ReadDirResult } from '../../nfs4/operations/read-dir.ts';
import type { SetAttrArgs, SetAttrResult } from '../../nfs4/operations/set-attr.ts';
import type { VerifyArgs, VerifyResult } from '../../nfs4/operations/verify.ts';
import { NFS4ERR_ATTRNOTSUPP } from '../../nfs4/status.ts';
import { KNOWN_IN_0 } from '../attributes.ts';
import { serveCreate as create } from '../operations/create.ts';
import { serveGetAttr as getAttr } from '../operations/get-attr.ts';
import { serveNverify as nverify } from '../operations/nverify.ts';
import { serveReadDir as readDir } from '../operations/read-dir.ts';
import { serveSetAttr as setAttr } from '../operations/set-attr.ts';
import { serveVerify as verify } from '../operations/verify.ts';
import type { ServedOperation } from '../served-operation.ts';

/** False in a request to set or compare: ATTRNOTSUPP. */
export const knowsAttributes = ({ mask }: AttributeSet): boolean =>
  bitmapIsEmpty(bitmapWithout(mask, KNOWN_IN_0));

export const serveGetAttr: ServedOperation<GetAttrArgs, GetAttrResult> = {
  ...getAttr,
  serve: (compound, { attrRequest }) =>
    getAttr.serve(compound, { attrRequest: bitmapAnd(attrRequest, KNOWN_IN_0) }),
};

export const serveReadDir: ServedOperation<ReadDirArgs, ReadDirResult> = {
  ...readDir,
  serve: (compound, args) =>
    readDir.serve(compound, { ...args, attrRequest: bitmapAnd(args.attrRequest, KNOWN_IN_0) }),
};

export const serveSetAttr: ServedOperation<SetAttrArgs, SetAttrResult> = {
  ...setAttr,
  serve: (compound, args) =>
    knowsAttributes(args.objAttributes)
      ? setAttr.serve(compound, args)
      : { status: NFS4ERR_ATTRNOTSUPP, attrsSet: EMPTY_BITMAP },
};

export const serveCreate: ServedOperation<CreateArgs, CreateResult> = {
  ...create,
  serve: (compound, args) =>
    knowsAttributes(args.createAttrs) ? create.serve(compound, args) : { status: NFS4ERR_ATTRNOTSUPP },
};

const comparing = (
  operation: ServedOperation<VerifyArgs, VerifyResult>,
): ServedOperation<VerifyArgs, VerifyResult> => ({
  ...operation,
  serve: (compound, args) =>
    knowsAttributes(args.objAttributes) ? operation.serve(compound, args) : { status: NFS4ERR_ATTRNOTSUPP },
});

export const serveVerify = comparing(verify);
export const serveNverify = comparing(nverify);
