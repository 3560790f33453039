import {
  type NoArgs,
  type OperationCodec,
  type StatusResult,
  statusOnly,
  withoutArgs,
} from '../operation.ts';

/** LOOKUPP: makes the parent directory the current filehandle. RFC 8881 section 18.14. */
export type LookuppArgs = NoArgs;
export type LookuppResult = StatusResult;

export const lookupp: OperationCodec<LookuppArgs, LookuppResult> = {
  number: 16,
  name: 'LOOKUPP',
  ...withoutArgs,
  ...statusOnly,
};
