import type { XdrReader } from '../../xdr/reader.ts';
import type { XdrWriter } from '../../xdr/writer.ts';
import { type AttributeSet, decodeAttributes, encodeAttributeSet } from '../attributes.ts';
import { type Bitmap, decodeBitmap, encodeBitmap } from '../bitmap.ts';
import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import { decodeComponent, decodeVerifier, encodeVerifier } from '../types.ts';

/** READDIR: names and attributes of the objects in a directory. RFC 8881 section 18.23. */
export interface ReadDirArgs {
  /** Where the previous READDIR ended; 0 to start. 1 and 2 are reserved. */
  readonly cookie: bigint;
  readonly cookieVerf: Buffer;
  /** Hint: bytes of names and cookies. */
  readonly dirCount: number;
  /** Limit in bytes of all that READDIR4resok encodes to. */
  readonly maxCount: number;
  readonly attrRequest: Bitmap;
}

/** entry4 */
export interface DirEntry {
  readonly cookie: bigint;
  readonly name: string;
  readonly attrs: AttributeSet;
}

export type ReadDirResult = Outcome<{
  readonly cookieVerf: Buffer;
  readonly reply: { readonly entries: readonly DirEntry[]; readonly eof: boolean };
}>;

/** READDIR4resok without entries: verifier, end of the list, eof. For a server that must keep to `maxCount`. */
export const EMPTY_READ_DIR_BYTES = 16;

/** Writes one entry with the mark before it that says it is there. */
export function encodeDirEntry(w: XdrWriter, entry: DirEntry): void {
  w.bool(true);
  w.uint64(entry.cookie);
  w.utf8(entry.name);
  encodeAttributeSet(w, entry.attrs);
}

function decodeDirEntries(r: XdrReader): DirEntry[] {
  const entries: DirEntry[] = [];
  while (r.bool()) {
    entries.push({ cookie: r.uint64(), name: decodeComponent(r), attrs: decodeAttributes(r) });
  }
  return entries;
}

export const readDir: OperationCodec<ReadDirArgs, ReadDirResult> = {
  number: 26,
  name: 'READDIR',
  encodeArgs(w, args) {
    w.uint64(args.cookie);
    encodeVerifier(w, args.cookieVerf);
    w.uint32(args.dirCount);
    w.uint32(args.maxCount);
    encodeBitmap(w, args.attrRequest);
  },
  decodeArgs: (r) => ({
    cookie: r.uint64(),
    cookieVerf: decodeVerifier(r),
    dirCount: r.uint32(),
    maxCount: r.uint32(),
    attrRequest: decodeBitmap(r),
  }),
  ...okFields(
    (w, fields) => {
      encodeVerifier(w, fields.cookieVerf);
      for (const entry of fields.reply.entries) encodeDirEntry(w, entry);
      w.bool(false);
      w.bool(fields.reply.eof);
    },
    (r) => ({ cookieVerf: decodeVerifier(r), reply: { entries: decodeDirEntries(r), eof: r.bool() } }),
  ),
};
