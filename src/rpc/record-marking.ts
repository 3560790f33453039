/**
 * Record marking (RFC 5531 section 11): on a byte stream each message is a record of one or more
 * fragments, each after a word that holds its length and, in the highest bit, whether it is the last.
 */

import type { XdrWriter } from '../xdr/writer.ts';
import { XdrError } from '../xdr/xdr-error.ts';

const LAST_FRAGMENT = 0x8000_0000;
const MARK_BYTES = 4;

/** Reserves room for the record's mark; write the message, then call {@link endRecord} with what this returns. */
export function beginRecord(w: XdrWriter): number {
  return w.placeholder();
}

/** Closes the record that began at `mark` as a single fragment. */
export function endRecord(w: XdrWriter, mark: number): void {
  w.patchUint32(mark, (w.position - mark - MARK_BYTES + LAST_FRAGMENT) >>> 0);
}

/**
 * Cuts a stream into records. Feed it what the connection delivers, in order. A record that lies whole
 * in one chunk is a window on that chunk; else it is put together in memory of its own. Either way it is
 * never written to again, so it may be kept.
 */
export class RecordReader {
  readonly #maxRecordBytes: number;
  /** Bytes of a mark that is cut in two by a chunk's end. */
  readonly #mark = Buffer.alloc(MARK_BYTES);
  #markBytes = 0;
  /** What is still to come of the current fragment; null: a mark comes next. */
  #fragmentLeft: number | null = null;
  #isLast = false;
  /** The record so far, when it did not come in one piece. */
  #partial: Buffer | null = null;
  #partialBytes = 0;

  /** `maxRecordBytes`: a record that announces more is refused before it is received. */
  constructor(maxRecordBytes: number) {
    this.#maxRecordBytes = maxRecordBytes;
  }

  /**
   * The records that `chunk` completes. Throws XdrError for a record that is too large; the stream is
   * lost then, since nobody knows where the next record starts: close the connection.
   */
  push(chunk: Buffer): Buffer[] {
    const records: Buffer[] = [];
    let at = 0;
    while (at < chunk.length || this.#fragmentLeft === 0) {
      if (this.#fragmentLeft === null) {
        at = this.#readMark(chunk, at);
        continue;
      }
      const taken = chunk.subarray(at, at + this.#fragmentLeft);
      at += taken.length;
      this.#fragmentLeft -= taken.length;
      const isComplete = this.#fragmentLeft === 0 && this.#isLast;
      if (isComplete && this.#partial === null) records.push(taken);
      else this.#append(taken);
      if (isComplete && this.#partial !== null) records.push(this.#takePartial());
      if (this.#fragmentLeft === 0) this.#fragmentLeft = null;
    }
    return records;
  }

  #readMark(chunk: Buffer, at: number): number {
    const copied = chunk.copy(this.#mark, this.#markBytes, at);
    this.#markBytes += copied;
    if (this.#markBytes < MARK_BYTES) return at + copied;
    this.#markBytes = 0;
    const mark = this.#mark.readUInt32BE();
    const length = (mark & ~LAST_FRAGMENT) >>> 0;
    if (length + this.#partialBytes > this.#maxRecordBytes) {
      throw new XdrError(`record of more than ${this.#maxRecordBytes} bytes`);
    }
    this.#isLast = mark >= LAST_FRAGMENT;
    this.#fragmentLeft = length;
    return at + copied;
  }

  /** Memory grows with what arrived, not with what was announced: announcing is free. */
  #append(bytes: Buffer): void {
    const needed = this.#partialBytes + bytes.length;
    if (this.#partial === null || needed > this.#partial.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#partialBytes * 2));
      this.#partial?.copy(larger, 0, 0, this.#partialBytes);
      this.#partial = larger;
    }
    bytes.copy(this.#partial, this.#partialBytes);
    this.#partialBytes = needed;
  }

  #takePartial(): Buffer {
    const record = this.#partial?.subarray(0, this.#partialBytes) ?? Buffer.alloc(0);
    this.#partial = null;
    this.#partialBytes = 0;
    return record;
  }
}
