import { isUtf8 } from 'node:buffer';
import { XdrError } from './xdr-error.ts';

/** Up to so many bytes are copied one by one: most opaques are ids of 8 to 32, and a call into native code takes longer than that. */
const SHORT_BYTES = 32;

/**
 * Reads XDR (RFC 4506) from one complete message. Every read is checked against the end of the message
 * and against the caller's limit before anything is allocated, so no input makes it allocate more than
 * the message is long. Throws {@link XdrError} and nothing else.
 */
export class XdrReader {
  readonly #buffer: Buffer;
  readonly #view: DataView;
  #position = 0;

  /** The reader does not copy `message`; it must not change while it is read. */
  constructor(message: Buffer) {
    this.#buffer = message;
    this.#view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  }

  /** Bytes consumed so far. */
  get position(): number {
    return this.#position;
  }

  /** Bytes left in the message. */
  get remaining(): number {
    return this.#buffer.length - this.#position;
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4));
  }

  uint64(): bigint {
    return this.#view.getBigUint64(this.#advance(8));
  }

  int64(): bigint {
    return this.#view.getBigInt64(this.#advance(8));
  }

  /** Anything but 0 and 1 is malformed (RFC 4506 section 4.4). */
  bool(): boolean {
    const value = this.uint32();
    if (value > 1) throw new XdrError(`boolean of value ${value}`);
    return value === 1;
  }

  /** An enum of which only `allowed` are values. `what` names it in the error. */
  oneOf<T extends number>(allowed: readonly T[], what: string): T {
    const value = this.uint32();
    if (!(allowed as readonly number[]).includes(value)) throw new XdrError(`${what} of value ${value}`);
    return value as T;
  }

  /**
   * The length of an array whose elements take at least `elementBytes` each. A count that the rest of
   * the message cannot hold is refused here, before the caller loops or allocates.
   */
  count(maxCount: number, elementBytes: number): number {
    const count = this.uint32();
    if (count > maxCount) throw new XdrError(`array of ${count} elements where ${maxCount} are allowed`);
    if (count * elementBytes > this.remaining) throw new XdrError(`array of ${count} elements is cut short`);
    return count;
  }

  /** Fixed-length opaque: a copy, so that keeping it does not keep the message alive. */
  opaqueFixed(length: number): Buffer {
    const start = this.#advance(paddedLength(length));
    return this.#copy(start, length);
  }

  /** Variable-length opaque of at most `maxLength` bytes: a copy. */
  opaque(maxLength: number): Buffer {
    const length = this.#opaqueLength(maxLength);
    return this.#copy(this.#advance(paddedLength(length)), length);
  }

  /** Variable-length opaque of at most `maxLength` bytes: a window on the message, for bulk data. */
  opaqueView(maxLength: number): Buffer {
    const length = this.#opaqueLength(maxLength);
    const start = this.#advance(paddedLength(length));
    return this.#buffer.subarray(start, start + length);
  }

  /** A UTF-8 string of at most `maxBytes` bytes. Other bytes throw with kind `utf8` (see {@link XdrError}). */
  utf8(maxBytes: number): string {
    const length = this.#opaqueLength(maxBytes);
    const start = this.#advance(paddedLength(length));
    const text = this.#buffer.toString('utf8', start, start + length);
    // Decoding never fails: it puts U+FFFD where a byte is wrong, and a peer may also have sent that
    // character itself. Only a text that holds one pays for the second look.
    if (text.includes('\uFFFD') && !isUtf8(this.#buffer.subarray(start, start + length))) {
      throw new XdrError('string is not UTF-8', 'utf8');
    }
    return text;
  }

  /** A reader of the next variable-length opaque's content; this reader moves past it. */
  nested(maxLength: number): XdrReader {
    return new XdrReader(this.opaqueView(maxLength));
  }

  /** Throws when bytes are left. */
  expectEnd(): void {
    if (this.remaining > 0) throw new XdrError(`${this.remaining} bytes after the end`);
  }

  #copy(start: number, length: number): Buffer {
    const buffer = this.#buffer;
    const copy = Buffer.allocUnsafe(length);
    if (length > SHORT_BYTES) buffer.copy(copy, 0, start, start + length);
    else for (let at = 0; at < length; at += 1) copy[at] = buffer[start + at]!;
    return copy;
  }

  #opaqueLength(maxLength: number): number {
    const length = this.uint32();
    if (length > maxLength) throw new XdrError(`opaque of ${length} bytes where ${maxLength} are allowed`);
    return length;
  }

  /** Moves past `length` bytes and returns where they start. */
  #advance(length: number): number {
    const start = this.#position;
    if (length > this.#buffer.length - start) {
      throw new XdrError(`message ends at byte ${this.#buffer.length}, ${length} more expected at ${start}`);
    }
    this.#position = start + length;
    return start;
  }
}

/**
 * `length` rounded up to whole XDR units of four bytes. The padding must be there; its value is not
 * looked at, since deployed peers leave rubbish in it and nothing hangs on it.
 */
function paddedLength(length: number): number {
  // Not a bit mask: lengths near 2^32 would turn negative and pass the bounds check.
  return Math.ceil(length / 4) * 4;
}
