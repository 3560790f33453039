/** A connection that carries whole RPC messages; the seam at which tests put a network of their own. */

export interface Channel {
  /** Hands one message over. After `close`, or once the other side is gone, it is dropped. */
  send(message: Buffer): void;
  /** Ends the connection at once; no event is delivered afterwards. */
  close(): void;
}

export interface ChannelEvents {
  message(message: Buffer): void;
  /** The connection ended by itself; `reason` is for people. Called at most once, and nothing follows it. */
  ended(reason: string): void;
}

/**
 * Opens a fresh connection. Resolves to null when that was refused or took longer than `timeoutMs`
 * (a server without power does not even refuse).
 */
export type Dial = (events: ChannelEvents, timeoutMs: number) => Promise<Channel | null>;
