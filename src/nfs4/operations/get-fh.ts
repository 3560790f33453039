import { NFS4_FHSIZE } from '../constants.ts';
import { type NoArgs, type OperationCodec, type Outcome, okFields, withoutArgs } from '../operation.ts';

/** GETFH: the current filehandle. RFC 8881 section 18.8. */
export type GetFhArgs = NoArgs;

export type GetFhResult = Outcome<{
  /** Up to 128 bytes. */
  readonly object: Buffer;
}>;

export const getFh: OperationCodec<GetFhArgs, GetFhResult> = {
  number: 10,
  name: 'GETFH',
  ...withoutArgs,
  ...okFields(
    (w, fields) => w.opaque(fields.object),
    (r) => ({ object: r.opaque(NFS4_FHSIZE) }),
  ),
};
