import {
  type NoArgs,
  type OperationCodec,
  type StatusResult,
  statusOnly,
  withoutArgs,
} from '../operation.ts';

/** RESTOREFH: makes the saved filehandle (and stateid) the current one. RFC 8881 section 18.27. */
export type RestoreFhArgs = NoArgs;
export type RestoreFhResult = StatusResult;

export const restoreFh: OperationCodec<RestoreFhArgs, RestoreFhResult> = {
  number: 31,
  name: 'RESTOREFH',
  ...withoutArgs,
  ...statusOnly,
};
