import type { XdrReader } from '../xdr/reader.ts';
import { XdrError } from '../xdr/xdr-error.ts';
import * as numbers from './status-numbers.ts';

export * from './status-numbers.ts';

/** An nfsstat4. */
export type Status = (typeof numbers)[keyof typeof numbers];
/** Every status but NFS4_OK. */
export type Failure = Exclude<Status, typeof numbers.NFS4_OK>;

const NAMES = new Map<number, string>(
  Object.entries(numbers).map(([name, number]) => [number, name.replace(/^NFS4(ERR)?_/, '')]),
);

/** The name without prefix: `OK`, `GRACE`, `RECLAIM_BAD`. A number that is no status: `STATUS_<number>`. */
export function statusName(status: number): string {
  return NAMES.get(status) ?? `STATUS_${status}`;
}

/** Throws XdrError for a number that no minor version defines. */
export function decodeStatus(r: XdrReader): Status {
  const number = r.uint32();
  if (!NAMES.has(number)) throw new XdrError(`nfsstat4 of value ${number}`);
  return number as Status;
}
