import {
  type NoArgs,
  type OperationCodec,
  type StatusResult,
  statusOnly,
  withoutArgs,
} from '../operation.ts';

/** PUTPUBFH: makes the public filehandle the current one. RFC 8881 section 18.20. */
export type PutPubFhArgs = NoArgs;
export type PutPubFhResult = StatusResult;

export const putPubFh: OperationCodec<PutPubFhArgs, PutPubFhResult> = {
  number: 23,
  name: 'PUTPUBFH',
  ...withoutArgs,
  ...statusOnly,
};
