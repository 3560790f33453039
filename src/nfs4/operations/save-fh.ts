import {
  type NoArgs,
  type OperationCodec,
  type StatusResult,
  statusOnly,
  withoutArgs,
} from '../operation.ts';

/** SAVEFH: saves the current filehandle (and stateid). RFC 8881 section 18.28. */
export type SaveFhArgs = NoArgs;
export type SaveFhResult = StatusResult;

export const saveFh: OperationCodec<SaveFhArgs, SaveFhResult> = {
  number: 32,
  name: 'SAVEFH',
  ...withoutArgs,
  ...statusOnly,
};
