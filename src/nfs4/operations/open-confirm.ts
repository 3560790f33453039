import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import { decodeStateid, encodeStateid, type Stateid } from '../types.ts';

/** OPEN_CONFIRM: an open-owner that is new to the server means it. Version 4.0 only; RFC 7530 section 16.18. */
export interface OpenConfirmArgs {
  readonly openStateid: Stateid;
  readonly seqid: number;
}

export type OpenConfirmResult = Outcome<{ readonly openStateid: Stateid }>;

export const openConfirm: OperationCodec<OpenConfirmArgs, OpenConfirmResult> = {
  number: 20,
  name: 'OPEN_CONFIRM',
  encodeArgs(w, args) {
    encodeStateid(w, args.openStateid);
    w.uint32(args.seqid);
  },
  decodeArgs: (r) => ({ openStateid: decodeStateid(r), seqid: r.uint32() }),
  ...okFields(
    (w, fields) => encodeStateid(w, fields.openStateid),
    (r) => ({ openStateid: decodeStateid(r) }),
  ),
};
