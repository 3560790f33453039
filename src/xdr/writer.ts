const DEFAULT_CAPACITY_BYTES = 8192;
const UINT32_MAX = 0xffff_ffff;

/**
 * Writes XDR (RFC 4506) into one buffer that grows and is used again after {@link XdrWriter.reset}.
 * A value that its XDR type cannot hold is a mistake in our own code and throws a RangeError.
 */
export class XdrWriter {
  #buffer: Buffer;
  #view: DataView;
  #position = 0;

  constructor(capacityBytes = DEFAULT_CAPACITY_BYTES) {
    this.#buffer = Buffer.allocUnsafeSlow(capacityBytes);
    this.#view = new DataView(this.#buffer.buffer);
  }

  /** Bytes written so far; also the place of the next value, to be given to {@link patchUint32}. */
  get position(): number {
    return this.#position;
  }

  /** Forgets all that was written; the buffer stays. */
  reset(): void {
    this.#position = 0;
  }

  /** Forgets what was written from `position` on. */
  truncate(position: number): void {
    if (position < 0 || position > this.#position) throw new RangeError(`cannot truncate to ${position}`);
    this.#position = position;
  }

  uint32(value: number): void {
    if (value >>> 0 !== value) throw new RangeError(`${value} is not an unsigned 32-bit integer`);
    const at = this.#claim(4);
    this.#view.setUint32(at, value);
  }

  int32(value: number): void {
    if ((value | 0) !== value) throw new RangeError(`${value} is not a 32-bit integer`);
    const at = this.#claim(4);
    this.#view.setInt32(at, value);
  }

  uint64(value: bigint): void {
    if (BigInt.asUintN(64, value) !== value)
      throw new RangeError(`${value} is not an unsigned 64-bit integer`);
    const at = this.#claim(8);
    this.#view.setBigUint64(at, value);
  }

  int64(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw new RangeError(`${value} is not a 64-bit integer`);
    const at = this.#claim(8);
    this.#view.setBigInt64(at, value);
  }

  bool(value: boolean): void {
    const at = this.#claim(4);
    this.#view.setUint32(at, value ? 1 : 0);
  }

  /** Fixed-length opaque; `bytes` must be exactly `length` long. */
  opaqueFixed(bytes: Uint8Array, length: number): void {
    if (bytes.length !== length) throw new RangeError(`${bytes.length} bytes where the type has ${length}`);
    this.#bytes(bytes);
  }

  /** Variable-length opaque. */
  opaque(bytes: Uint8Array): void {
    this.uint32(bytes.length);
    this.#bytes(bytes);
  }

  /** A string as UTF-8. Lone surrogates become U+FFFD. */
  utf8(text: string): void {
    const lengthAt = this.#claim(4);
    const start = this.#position;
    // UTF-8 takes at most three bytes for each UTF-16 unit; claim the worst, then give back the rest.
    this.#claim(text.length * 3 + 3);
    const length = this.#buffer.write(text, start, 'utf8');
    this.#position = start + length;
    this.#view.setUint32(lengthAt, length);
    this.#pad(length);
  }

  /** Writes 0 as a placeholder and returns its position for {@link patchUint32}. */
  placeholder(): number {
    const position = this.#claim(4);
    this.#view.setUint32(position, 0);
    return position;
  }

  /** Overwrites the four bytes at `position`, which were written before. */
  patchUint32(position: number, value: number): void {
    if (position < 0 || position + 4 > this.#position) throw new RangeError(`nothing written at ${position}`);
    if (value >>> 0 !== value) throw new RangeError(`${value} is not an unsigned 32-bit integer`);
    this.#view.setUint32(position, value);
  }

  /**
   * A variable-length opaque whose content `write` writes; its length is put in afterwards. `write` must
   * write whole XDR units.
   */
  nested(write: (writer: XdrWriter) => void): void {
    const lengthAt = this.placeholder();
    const start = this.#position;
    write(this);
    this.patchUint32(lengthAt, this.#position - start);
  }

  /** A window on what was written; the next write or reset spoils it. */
  view(from = 0): Buffer {
    return this.#buffer.subarray(from, this.#position);
  }

  /** A copy of what was written, to be kept or handed to a socket. */
  copy(from = 0): Buffer {
    const copy = Buffer.allocUnsafe(this.#position - from);
    this.#buffer.copy(copy, 0, from, this.#position);
    return copy;
  }

  #bytes(bytes: Uint8Array): void {
    const start = this.#claim(bytes.length);
    this.#buffer.set(bytes, start);
    this.#pad(bytes.length);
  }

  /** Zeros up to the next XDR unit: rubbish there would be old content of this buffer on the wire. */
  #pad(length: number): void {
    const padding = -length & 3;
    if (padding === 0) return;
    const start = this.#claim(padding);
    for (let at = start; at < start + padding; at += 1) this.#buffer[at] = 0;
  }

  /** Makes room for `length` bytes and returns where they start. May replace buffer and view: read them after. */
  #claim(length: number): number {
    const start = this.#position;
    const end = start + length;
    if (end > this.#buffer.length) this.#grow(end);
    this.#position = end;
    return start;
  }

  #grow(needed: number): void {
    if (needed > UINT32_MAX) throw new RangeError(`${needed} bytes are more than a message can hold`);
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#position);
    this.#buffer = larger;
    this.#view = new DataView(larger.buffer);
  }
}
