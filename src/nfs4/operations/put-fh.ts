import { NFS4_FHSIZE } from '../constants.ts';
import { type OperationCodec, type StatusResult, statusOnly } from '../operation.ts';

/** PUTFH: makes `object` the current filehandle. RFC 8881 section 18.19. */
export interface PutFhArgs {
  /** Up to 128 bytes. */
  readonly object: Buffer;
}

export type PutFhResult = StatusResult;

export const putFh: OperationCodec<PutFhArgs, PutFhResult> = {
  number: 22,
  name: 'PUTFH',
  encodeArgs(w, args) {
    w.opaque(args.object);
  },
  decodeArgs: (r) => ({ object: r.opaque(NFS4_FHSIZE) }),
  ...statusOnly,
};
