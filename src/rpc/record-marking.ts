/**
 * Record marking (RFC 5531 section 11): on a byte stream each message is a record of one or more
 * fragments, each after a word that holds its length and, in the highest bit, whether it is the last.
 */

import type { XdrWriter } from '../xdr/writer.ts';
import { XdrError } from '../xdr/xdr-error.ts';

const LAST_FRAGMENT = 0x8000_0000;
const MARK_BYTES = 4;
/** Smaller ones are had quickly enough. */
const KEPT_BYTES = 128 * 1024;
/** Memory for a record grows by this factor, so that little is copied twice. */
const GROWTH = 4;

/** Reserves room for the record's mark; write the message, then call {@link endRecord} with what this returns. */
export function beginRecord(w: XdrWriter): number {
  return w.placeholder();
}

/** Closes the record that began at `mark` as a single fragment. */
export function endRecord(w: XdrWriter, mark: number): void {
  w.patchUint32(mark, (w.position - mark - MARK_BYTES + LAST_FRAGMENT) >>> 0);
}

/**
 * Memory for large records, used again and again: a WRITE of a megabyte would else cost a megabyte of fresh memory, which takes longer
 * than to write it. What it keeps is bounded, and taking from that costs nobody anything.
 */
export class RecordBuffers {
  readonly #mostKept: number;
  readonly #kept: Buffer[] = [];
  /** Those that somebody has; anything else is not ours to keep. */
  readonly #lent = new WeakSet<ArrayBufferLike>();

  /** @param mostKept buffers, of the size of the largest record each */
  constructor(mostKept: number) {
    this.#mostKept = mostKept;
  }

  /** @returns at least `least` bytes, and `wanted` where that is free */
  take(least: number, wanted: number): Buffer {
    const at = this.#kept.findIndex((buffer) => buffer.length >= wanted);
    const [kept] = at < 0 ? [] : this.#kept.splice(at, 1);
    const buffer = kept ?? Buffer.allocUnsafeSlow(least);
    this.#lent.add(buffer.buffer);
    return buffer;
  }

  /** Nobody may look at the record, or any part of it, any more. */
  give(record: Buffer): void {
    const { buffer } = record;
    if (!this.#lent.delete(buffer)) return;
    if (buffer.byteLength < KEPT_BYTES) return;
    this.#kept.push(Buffer.from(buffer));
    if (this.#kept.length <= this.#mostKept) return;
    // The large ones serve everybody.
    const smallest = this.#kept.reduce((least, each) => (each.length < least.length ? each : least));
    this.#kept.splice(this.#kept.indexOf(smallest), 1);
  }
}

export interface RecordReading {
  /** Where memory for large records comes from. */
  readonly buffers?: RecordBuffers;
  /** Are chunks overwritten once they were pushed? Then no record is a window on one. Default: no. */
  readonly chunksAreReused?: boolean;
}

/**
 * Cuts a stream into records. Feed it what the connection delivers, in order. A record that lies whole
 * in one chunk is a window on that chunk; else it is put together in memory of its own. Either way it is
 * never written to again before it is given to the buffers, so it may be kept.
 */
export class RecordReader {
  readonly #maxRecordBytes: number;
  readonly #buffers: RecordBuffers;
  readonly #chunksAreReused: boolean;
  /** Bytes of a mark that is cut in two by a chunk's end. */
  readonly #mark = Buffer.alloc(MARK_BYTES);
  #markBytes = 0;
  /** What is still to come of the current fragment; null: a mark comes next. */
  #fragmentLeft: number | null = null;
  #isLast = false;
  /** The record so far, when it did not come in one piece. */
  #partial: Buffer | null = null;
  #partialBytes = 0;

  /** Has a record begun to arrive that is not complete? */
  get isAmid(): boolean {
    return this.#markBytes > 0 || this.#fragmentLeft !== null || this.#partial !== null;
  }

  /** Bytes of memory that the incomplete record takes. */
  get heldBytes(): number {
    return this.#partial?.length ?? 0;
  }

  /** `maxRecordBytes`: a record that announces more is refused before it is received. */
  constructor(maxRecordBytes: number, { buffers, chunksAreReused = false }: RecordReading = {}) {
    this.#maxRecordBytes = maxRecordBytes;
    this.#buffers = buffers ?? new RecordBuffers(0);
    this.#chunksAreReused = chunksAreReused;
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
      if (isComplete && this.#partial === null) records.push(this.#keep(taken));
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

  #keep(record: Buffer): Buffer {
    if (!this.#chunksAreReused) return record;
    if (record.length < KEPT_BYTES) return Buffer.from(record);
    const own = this.#buffers.take(record.length, record.length).subarray(0, record.length);
    record.copy(own);
    return own;
  }

  /** Memory grows with what arrived, not with what was announced: announcing is free. */
  #append(bytes: Buffer): void {
    const needed = this.#partialBytes + bytes.length;
    if (this.#partial === null || needed > this.#partial.length) {
      const wanted = needed + (this.#fragmentLeft ?? 0);
      // Doubled at least: a record may come in a thousand fragments that say nothing of what follows.
      const least = Math.max(needed, this.#partialBytes * 2, Math.min(wanted, needed * GROWTH));
      const larger = this.#buffers.take(least, wanted);
      this.#partial?.copy(larger, 0, 0, this.#partialBytes);
      if (this.#partial !== null) this.#buffers.give(this.#partial);
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
