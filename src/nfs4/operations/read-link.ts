import { LINK_TEXT_MAX_BYTES } from '../constants.ts';
import { type NoArgs, type OperationCodec, type Outcome, okFields, withoutArgs } from '../operation.ts';

/** READLINK: where a symbolic link points to. RFC 8881 section 18.24. */
export type ReadLinkArgs = NoArgs;
export type ReadLinkResult = Outcome<{ readonly link: string }>;

export const readLink: OperationCodec<ReadLinkArgs, ReadLinkResult> = {
  number: 27,
  name: 'READLINK',
  ...withoutArgs,
  ...okFields(
    (w, fields) => w.utf8(fields.link),
    (r) => ({ link: r.utf8(LINK_TEXT_MAX_BYTES) }),
  ),
};
