/**
 * The bytes of a peer do not follow their XDR description (RFC 4506). The only class that decoders
 * throw; it is caught where a message ends (RPC: GARBAGE_ARGS, COMPOUND: NFS4ERR_BADXDR).
 */
export class XdrError extends Error {
  override readonly name = 'XdrError';
  /**
   * `utf8`: the layout is right, but a string that must be UTF-8 is not; NFSv4 has a status of its own
   * for that (RFC 8881 section 14.5). `malformed`: everything else.
   */
  readonly kind: 'malformed' | 'utf8';

  constructor(message: string, kind: 'malformed' | 'utf8' = 'malformed') {
    super(message);
    this.kind = kind;
  }
}
