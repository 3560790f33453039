/** Records on the wire (RFC 5531 section 11), well marked and not. */
import type { Lots } from './lots.ts';

const LAST = 0x8000_0000;

export interface Framed {
  readonly bytes: Buffer;
  /** What was done to the marks; null: nothing, or nothing that matters. */
  readonly what: string | null;
  /** Nothing that comes after it on this connection can be understood. */
  readonly spoils: boolean;
}

export const framed = (message: Buffer): Buffer => Buffer.concat([mark(message.length, true), message]);

function mark(bytes: number, isLast: boolean): Buffer {
  const word = Buffer.alloc(4);
  word.writeUInt32BE(((isLast ? LAST : 0) | bytes) >>> 0);
  return word;
}

/** In several fragments, of which some may be empty: as good as in one. */
export function inFragments(message: Buffer, lots: Lots): Framed {
  const parts: Buffer[] = [];
  let at = 0;
  for (let count = 1 + lots.below(6); count > 0; count -= 1) {
    const bytes = lots.happens(0.2) ? 0 : lots.below(message.length - at + 1);
    parts.push(mark(bytes, false), message.subarray(at, at + bytes));
    at += bytes;
  }
  parts.push(mark(message.length - at, true), message.subarray(at));
  return { bytes: Buffer.concat(parts), what: `in ${parts.length / 2} fragments`, spoils: false };
}

/** Marks that lie. */
export function misframed(message: Buffer, lots: Lots): Framed {
  const [bytes, what] = lots.pick([
    () => [
      Buffer.concat([mark(message.length + 1 + lots.below(5000), true), message]),
      'more announced than sent',
    ],
    () => [Buffer.concat([mark(0x7fff_ffff, true), message]), 'two gigabytes announced'],
    () => [Buffer.concat([mark(lots.below(message.length + 1), true), message]), 'less announced than sent'],
    () => [Buffer.concat([mark(message.length, false), message]), 'no last fragment'],
    () => [message, 'no mark'],
    () => [framed(message).subarray(0, lots.below(message.length + 4)), 'broken off'],
    () => [
      Buffer.concat([...Array(1 + lots.below(1000)).fill(mark(0, false)), framed(message)]),
      'empty fragments before',
    ],
    () => [Buffer.concat([mark(0, true), framed(message)]), 'an empty record before'],
    () => [lots.bytes(1 + lots.below(2000)), 'random bytes'],
  ] as readonly (() => [Buffer, string])[])();
  return { bytes, what, spoils: true };
}
