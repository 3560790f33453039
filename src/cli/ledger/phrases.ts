/** How sentences about ledgers name what they are about. */
import { asText } from '../../server/client-keys.ts';

const LONGEST_NAME = 64;
/** A sentence with a thousand names says less than one with a few. */
const MOST_NAMED = 12;

/** `a`, `a and b`, `a, b and c`; of many the first, and how many more there are. */
export function list(names: readonly string[], most = MOST_NAMED): string {
  const named = names.length <= most ? names : [...names.slice(0, most), `${names.length - most} more`];
  return named.length < 2 ? named.join('') : `${named.slice(0, -1).join(', ')} and ${named.at(-1)}`;
}

/** What people call a client. */
export const clientName = (ownerId: string): string => plainName(asText(ownerId), ownerId);

/**
 * Whoever connects chooses the bytes of its owner id, so what is no plain text, and could do something to a terminal, is shown in
 * hexadecimal digits.
 */
export function plainName(text: string, hex = Buffer.from(text).toString('hex')): string {
  const name = /[\p{C}\uFFFD]/u.test(text) || text.trim() === '' ? `0x${hex}` : text;
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
}

/** `250 ms`, `3 s`, `4 min 10 s`, `2 h 5 min`; whole units, rounded up: "in 0 s" would be wrong for all that is still to come. */
export function duration(ms: number): string {
  if (ms <= 0) return '0 s';
  if (ms < 1000) return `${Math.ceil(ms)} ms`;
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
