/** Which message a relay acts on, and how. Plain data: it is sent to the relay as it is. */
export interface MessageRule {
  readonly direction: 'call' | 'reply';
  /** The operation that its COMPOUND must have, like `LOCK`; null: whatever it has. */
  readonly operation: string | null;
  /** The first one of those that it acts on, counted from 1 since the rule began. */
  readonly nth: number;
  /** On so many of them, from that one on. */
  readonly times: number;
  /** The other end, by its address; null: anybody. */
  readonly peer: string | null;
  readonly act: MessageAct;
}

export type MessageAct =
  /** It never arrives; the connection lives. */
  | { readonly kind: 'drop' }
  /** It arrives later, and what follows it does not wait. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** It arrives twice. */
  | { readonly kind: 'duplicate' }
  /** It arrives behind the next message in its direction, which is waited for so long. */
  | { readonly kind: 'reorder'; readonly patienceMs: number }
  /** It never arrives, and both connections end at once. */
  | { readonly kind: 'reset' };

/** A relay has acted. */
export interface RelayReport {
  /** `drop the reply to LOCK 3 of 10.77.1.1`. */
  readonly what: string;
}
