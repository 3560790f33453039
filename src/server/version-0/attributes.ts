/** Operations on attributes, with those that version 4.0 has (RFC 7530 section 5): to mounted_on_fileid, and none of 4.1's. */
import type { AttributeSet, FileAttributes } from '../../nfs4/attributes.ts';
import {
  type Bitmap,
  bitmapAnd,
  bitmapIsEmpty,
  bitmapOf,
  bitmapWithout,
  EMPTY_BITMAP,
} from '../../nfs4/bitmap.ts';
import type { CreateArgs, CreateResult } from '../../nfs4/operations/create.ts';
import type { GetAttrArgs, GetAttrResult } from '../../nfs4/operations/get-attr.ts';
import type { ReadDirArgs, ReadDirResult } from '../../nfs4/operations/read-dir.ts';
import type { SetAttrArgs, SetAttrResult } from '../../nfs4/operations/set-attr.ts';
import type { VerifyArgs, VerifyResult } from '../../nfs4/operations/verify.ts';
import { NFS4_OK, NFS4ERR_ATTRNOTSUPP } from '../../nfs4/status.ts';
import { serveCreate as create } from '../operations/create.ts';
import { serveGetAttr as getAttr } from '../operations/get-attr.ts';
import { serveNverify as nverify } from '../operations/nverify.ts';
import { serveReadDir as readDir } from '../operations/read-dir.ts';
import { serveSetAttr as setAttr } from '../operations/set-attr.ts';
import { serveVerify as verify } from '../operations/verify.ts';
import type { ServedOperation } from '../served-operation.ts';

const LAST_ATTRIBUTE = 55;
const KNOWN: Bitmap = bitmapOf(Array.from({ length: LAST_ATTRIBUTE + 1 }, (_, number) => number));

/** False in a request to set or compare: ATTRNOTSUPP. */
export const knowsAttributes = ({ mask }: AttributeSet): boolean => bitmapIsEmpty(bitmapWithout(mask, KNOWN));

/** What is answered says no more than this version knows. */
function asKnown({ mask, values }: AttributeSet): AttributeSet {
  const { supportedAttrs } = values;
  const known: FileAttributes =
    supportedAttrs === undefined ? values : { ...values, supportedAttrs: bitmapAnd(supportedAttrs, KNOWN) };
  return { mask, values: known };
}

export const serveGetAttr: ServedOperation<GetAttrArgs, GetAttrResult> = {
  ...getAttr,
  serve(compound, { attrRequest }) {
    const result = getAttr.serve(compound, { attrRequest: bitmapAnd(attrRequest, KNOWN) }) as GetAttrResult;
    return result.status === NFS4_OK ? { ...result, objAttributes: asKnown(result.objAttributes) } : result;
  },
};

export const serveReadDir: ServedOperation<ReadDirArgs, ReadDirResult> = {
  ...readDir,
  serve(compound, args) {
    const attrRequest = bitmapAnd(args.attrRequest, KNOWN);
    const result = readDir.serve(compound, { ...args, attrRequest }) as ReadDirResult;
    if (result.status !== NFS4_OK) return result;
    const entries = result.reply.entries.map((entry) => ({ ...entry, attrs: asKnown(entry.attrs) }));
    return { ...result, reply: { ...result.reply, entries } };
  },
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
