/** What makes and sets things, with the attribute that is for new things only: mode_umask (RFC 8275). */
import { type AttributeSet, attributeBitmap } from '../../nfs4/attributes.ts';
import {
  type Bitmap,
  bitmapAnd,
  bitmapIsEmpty,
  bitmapOr,
  bitmapWithout,
  EMPTY_BITMAP,
} from '../../nfs4/bitmap.ts';
import { EXCLUSIVE4, EXCLUSIVE4_1, OPEN4_CREATE } from '../../nfs4/constants.ts';
import type { CreateArgs, CreateResult } from '../../nfs4/operations/create.ts';
import type { OpenArgs, OpenResult } from '../../nfs4/operations/open.ts';
import type { SetAttrArgs, SetAttrResult } from '../../nfs4/operations/set-attr.ts';
import { type Failure, NFS4ERR_INVAL } from '../../nfs4/status.ts';
import type { Compound } from '../compound.ts';
import { serveCreate as create } from '../operations/create.ts';
import { serveOpen as open } from '../operations/open.ts';
import { serveSetAttr as setAttr } from '../operations/set-attr.ts';
import type { ServedOperation } from '../served-operation.ts';
import { SETTABLE_IN_2, SUPPORTED_IN_2 } from './own-attributes.ts';

const MODE = attributeBitmap(['mode']);
const UMASK_BITS = 0o777;

const has = (mask: Bitmap, part: Bitmap): boolean => !bitmapIsEmpty(bitmapAnd(mask, part));

/**
 * The attributes of something new, as 4.1 says them. The umask is not for what gets an access control list from its directory: that is what
 * the client could not know (RFC 8275 section 1).
 */
function withPlainMode({ current, server }: Compound, set: AttributeSet): AttributeSet | Failure {
  if (!has(set.mask, SUPPORTED_IN_2)) return set;
  if (has(set.mask, bitmapWithout(SUPPORTED_IN_2, SETTABLE_IN_2)) || has(set.mask, MODE))
    return NFS4ERR_INVAL;
  const { modeUmask, ...values } = set.values;
  // What comes before it in the set is not known here: whoever looks at the mask says so.
  if (modeUmask === undefined) return set;
  const { filesystem } = server.settings;
  const inherits =
    filesystem.enforcesRights === true && current !== null && filesystem.xattrs.inheritsAccessList(current);
  const mode = inherits ? modeUmask.mode : modeUmask.mode & ~(modeUmask.umask & UMASK_BITS);
  const mask = bitmapOr(bitmapWithout(set.mask, SETTABLE_IN_2), MODE);
  return { mask, values: { ...values, mode } };
}

/** The answer says what was set as it was asked for. */
function asAsked<Result extends { readonly status: number; readonly attrSet?: Bitmap }>(
  asked: AttributeSet,
  result: Result,
): Result {
  const { attrSet } = result;
  if (attrSet === undefined || !has(asked.mask, SETTABLE_IN_2) || !has(attrSet, MODE)) return result;
  return { ...result, attrSet: bitmapOr(bitmapWithout(attrSet, MODE), SETTABLE_IN_2) };
}

export const serveCreate: ServedOperation<CreateArgs, CreateResult> = {
  ...create,
  serve(compound, args) {
    const createAttrs = withPlainMode(compound, args.createAttrs);
    if (typeof createAttrs === 'number') return { status: createAttrs };
    const result = create.serve(compound, { ...args, createAttrs });
    return result instanceof Promise
      ? result.then((settled) => asAsked(args.createAttrs, settled))
      : asAsked(args.createAttrs, result);
  },
};

export const serveOpen: ServedOperation<OpenArgs, OpenResult> = {
  ...open,
  serve(compound, args) {
    const asked = attributesIn(args);
    if (asked === null || !has(asked.mask, SUPPORTED_IN_2)) return open.serve(compound, args);
    const attributes = withPlainMode(compound, asked);
    if (typeof attributes === 'number') return { status: attributes };
    const result = open.serve(compound, withAttributes(args, attributes));
    return result instanceof Promise
      ? result.then((settled) => asAsked(asked, settled))
      : asAsked(asked, result);
  },
};

/** Null: it makes nothing, or nothing with attributes. */
function attributesIn({ openHow }: OpenArgs): AttributeSet | null {
  if (openHow.openType !== OPEN4_CREATE) return null;
  const { how } = openHow;
  if (how.mode === EXCLUSIVE4) return null;
  return how.mode === EXCLUSIVE4_1 ? how.createBoth.attrs : how.createAttrs;
}

function withAttributes(args: OpenArgs, attrs: AttributeSet): OpenArgs {
  const { openHow } = args;
  if (openHow.openType !== OPEN4_CREATE || openHow.how.mode === EXCLUSIVE4) return args;
  const { how } = openHow;
  const changed =
    how.mode === EXCLUSIVE4_1
      ? { ...how, createBoth: { ...how.createBoth, attrs } }
      : { ...how, createAttrs: attrs };
  return { ...args, openHow: { ...openHow, how: changed } };
}

/** Of this version's own attributes there is none to be set later (RFC 8275 section 4.3). */
export const serveSetAttr: ServedOperation<SetAttrArgs, SetAttrResult> = {
  ...setAttr,
  serve: (compound, args) =>
    compound.current !== null && has(args.objAttributes.mask, SUPPORTED_IN_2)
      ? { status: NFS4ERR_INVAL, attrsSet: EMPTY_BITMAP }
      : setAttr.serve(compound, args),
};
