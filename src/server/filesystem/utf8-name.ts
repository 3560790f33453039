/** `ignoreBOM`: three bytes of a name that look like a byte order mark are three bytes of that name. */
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The name, or null when its bytes are not UTF-8, which no component4 can express (RFC 8881 section 14). */
export function utf8Name(bytes: Buffer): string | null {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return null;
  }
}
