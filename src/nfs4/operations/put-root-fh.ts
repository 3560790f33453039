import {
  type NoArgs,
  type OperationCodec,
  type StatusResult,
  statusOnly,
  withoutArgs,
} from '../operation.ts';

/** PUTROOTFH: makes the root of the export the current filehandle. RFC 8881 section 18.21. */
export type PutRootFhArgs = NoArgs;
export type PutRootFhResult = StatusResult;

export const putRootFh: OperationCodec<PutRootFhArgs, PutRootFhResult> = {
  number: 24,
  name: 'PUTROOTFH',
  ...withoutArgs,
  ...statusOnly,
};
