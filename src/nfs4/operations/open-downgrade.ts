import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import { decodeStateid, encodeStateid, type Stateid } from '../types.ts';

/** OPEN_DOWNGRADE: keeps an open with less access or less denial. RFC 8881 section 18.18. */
export interface OpenDowngradeArgs {
  readonly openStateid: Stateid;
  /** Not used in 4.1 and later. */
  readonly seqid: number;
  readonly shareAccess: number;
  readonly shareDeny: number;
}

export type OpenDowngradeResult = Outcome<{ readonly openStateid: Stateid }>;

export const openDowngrade: OperationCodec<OpenDowngradeArgs, OpenDowngradeResult> = {
  number: 21,
  name: 'OPEN_DOWNGRADE',
  encodeArgs(w, args) {
    encodeStateid(w, args.openStateid);
    w.uint32(args.seqid);
    w.uint32(args.shareAccess);
    w.uint32(args.shareDeny);
  },
  decodeArgs: (r) => ({
    openStateid: decodeStateid(r),
    seqid: r.uint32(),
    shareAccess: r.uint32(),
    shareDeny: r.uint32(),
  }),
  ...okFields(
    (w, fields) => encodeStateid(w, fields.openStateid),
    (r) => ({ openStateid: decodeStateid(r) }),
  ),
};
