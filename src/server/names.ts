import {
  type Failure,
  NFS4ERR_BADCHAR,
  NFS4ERR_BADNAME,
  NFS4ERR_INVAL,
  NFS4ERR_NAMETOOLONG,
} from '../nfs4/status.ts';

/** Bytes of UTF-8 in one component. */
export const MAX_NAME_BYTES = 255;

/** What is wrong with a name of a directory entry (RFC 8881 sections 14.5 and 18.13.4); null: nothing. */
export function judgeName(name: string): Failure | null {
  if (name.length === 0) return NFS4ERR_INVAL;
  if (name === '.' || name === '..') return NFS4ERR_BADNAME;
  if (name.includes('/') || name.includes('\0')) return NFS4ERR_BADCHAR;
  // A UTF-16 unit takes one to three bytes; only in between is a count needed.
  const long = name.length * 3 > MAX_NAME_BYTES && Buffer.byteLength(name, 'utf8') > MAX_NAME_BYTES;
  return long ? NFS4ERR_NAMETOOLONG : null;
}
