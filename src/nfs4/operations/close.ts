import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import { decodeStateid, encodeStateid, type Stateid } from '../types.ts';

/** CLOSE: gives up an open and its share reservation. RFC 8881 section 18.2. */
export interface CloseArgs {
  /** Not used in 4.1 and later. */
  readonly seqid: number;
  readonly openStateid: Stateid;
}

export type CloseResult = Outcome<{ readonly openStateid: Stateid }>;

export const close: OperationCodec<CloseArgs, CloseResult> = {
  number: 4,
  name: 'CLOSE',
  encodeArgs(w, args) {
    w.uint32(args.seqid);
    encodeStateid(w, args.openStateid);
  },
  decodeArgs: (r) => ({ seqid: r.uint32(), openStateid: decodeStateid(r) }),
  ...okFields(
    (w, fields) => encodeStateid(w, fields.openStateid),
    (r) => ({ openStateid: decodeStateid(r) }),
  ),
};
