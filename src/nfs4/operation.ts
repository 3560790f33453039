import type { XdrReader } from '../xdr/reader.ts';
import type { XdrWriter } from '../xdr/writer.ts';
import { decodeStatus, type Failure, NFS4_OK, type Status } from './status.ts';

/**
 * One NFSv4 operation on the wire, both directions: the server decodes arguments and encodes results,
 * the client does the opposite. Fields are named as in RFC 5662, in camel case without the prefix.
 * Decoders throw XdrError only. Encoders throw RangeError for a value that its XDR type cannot hold.
 */
export interface OperationCodec<Args, Result> {
  /** nfs_opnum4. */
  readonly number: number;
  /** `LOCK` for OP_LOCK. */
  readonly name: string;
  encodeArgs(w: XdrWriter, args: Args): void;
  decodeArgs(r: XdrReader): Args;
  /** Writes the status and what belongs to it; the operation number before it is the COMPOUND's. */
  encodeResult(w: XdrWriter, result: Result): void;
  decodeResult(r: XdrReader): Result;
}

/** Any operation, where its types do not matter. */
export type AnyOperation = OperationCodec<unknown, StatusResult>;

/** An operation without arguments. */
export type NoArgs = Readonly<Record<never, never>>;

/** A result that is a status and no more; every result has one. */
export interface StatusResult {
  readonly status: Status;
}

/** A failure that carries nothing but its status. */
export interface Failed {
  readonly status: Failure;
}

/** A result whose fields exist when the status is NFS4_OK. */
export type Outcome<Fields> = ({ readonly status: typeof NFS4_OK } & Fields) | Failed;

type ArgsCodec<Args> = Pick<OperationCodec<Args, never>, 'encodeArgs' | 'decodeArgs'>;
type ResultCodec<Result> = Pick<OperationCodec<never, Result>, 'encodeResult' | 'decodeResult'>;

const NO_ARGS: NoArgs = Object.freeze({});

/** Spread into the codec of an operation without arguments. */
export const withoutArgs: ArgsCodec<NoArgs> = {
  encodeArgs() {},
  decodeArgs() {
    return NO_ARGS;
  },
};

/** Spread into the codec of an operation whose result is a status. */
export const statusOnly: ResultCodec<StatusResult> = {
  encodeResult(w, result) {
    w.uint32(result.status);
  },
  decodeResult(r) {
    return { status: decodeStatus(r) };
  },
};

type OkPart<Result> = Extract<Result, { readonly status: typeof NFS4_OK }>;

/** Spread into the codec of an operation whose result has fields on NFS4_OK and nothing otherwise. */
export function okFields<Result extends StatusResult>(
  encodeFields: (w: XdrWriter, fields: OkPart<Result>) => void,
  decodeFields: (r: XdrReader) => Omit<OkPart<Result>, 'status'>,
): ResultCodec<Result> {
  return {
    encodeResult(w, result) {
      w.uint32(result.status);
      if (result.status === NFS4_OK) encodeFields(w, result as OkPart<Result>);
    },
    decodeResult(r) {
      const status = decodeStatus(r);
      // The compiler cannot see that Result is Outcome of these fields; the parameter types say so.
      return (status === NFS4_OK ? { status, ...decodeFields(r) } : { status }) as Result;
    },
  };
}
