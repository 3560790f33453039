import { NFS4_FHSIZE } from '../constants.ts';
import { type OperationCodec, type StatusResult, statusOnly } from '../operation.ts';
import { decodeStateid, encodeStateid, type Stateid } from '../types.ts';

/** CB_RECALL: the delegation is wanted back. RFC 8881 section 20.2, RFC 7530 section 16.41. */
export interface CbRecallArgs {
  readonly stateid: Stateid;
  /** The file is about to be cut to nothing: what the client has not written yet need not be written. */
  readonly truncate: boolean;
  readonly fh: Buffer;
}

export type CbRecallResult = StatusResult;

export const cbRecall: OperationCodec<CbRecallArgs, CbRecallResult> = {
  number: 4,
  name: 'CB_RECALL',
  encodeArgs(w, args) {
    encodeStateid(w, args.stateid);
    w.bool(args.truncate);
    w.opaque(args.fh);
  },
  decodeArgs: (r) => ({ stateid: decodeStateid(r), truncate: r.bool(), fh: r.opaque(NFS4_FHSIZE) }),
  ...statusOnly,
};
