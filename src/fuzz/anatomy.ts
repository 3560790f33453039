/** Where the parts of a valid request are. */
import { decodeCompoundHeader } from '../nfs4/compound.ts';
import { OPERATIONS } from '../nfs4/operations/index.ts';
import { decodeCall } from '../rpc/call.ts';
import { XdrReader } from '../xdr/reader.ts';

const SEQUENCE = 53;

export interface OperationPlace {
  readonly name: string;
  /** Of its number; the arguments follow, up to `end`. */
  readonly at: number;
  readonly end: number;
}

export interface Anatomy {
  readonly minorVersion: number;
  readonly minorVersionAt: number;
  readonly tagAt: number;
  readonly countAt: number;
  readonly operations: readonly OperationPlace[];
  /** Where the session id is; the sequence id and the slot follow it. Null: no session. */
  readonly sessionAt: number | null;
}

const BY_NUMBER = new Map(OPERATIONS.map((operation) => [operation.number, operation]));

/** Of a whole RPC message with a COMPOUND. @throws Error for any other */
export function anatomyOf(message: Buffer): Anatomy {
  const r = new XdrReader(message);
  decodeCall(r);
  const tagAt = r.position;
  const { minorVersion, operationCount } = decodeCompoundHeader(r);
  const [minorVersionAt, countAt] = [r.position - 8, r.position - 4];
  const operations: OperationPlace[] = [];
  let sessionAt: number | null = null;
  for (let index = 0; index < operationCount; index += 1) {
    const at = r.position;
    const number = r.uint32();
    const codec = BY_NUMBER.get(number);
    if (codec === undefined) throw new Error(`a valid request has an operation ${number}`);
    if (number === SEQUENCE) sessionAt = r.position;
    codec.decodeArgs(r);
    operations.push({ name: codec.name, at, end: r.position });
  }
  return { minorVersion, minorVersionAt, tagAt, countAt, operations, sessionAt };
}

export const nameOf = ({ minorVersion, operations }: Anatomy): string =>
  [`4.${minorVersion}`, ...operations.map(({ name }) => name)].join(' ');
