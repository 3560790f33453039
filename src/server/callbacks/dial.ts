/** The seam between calls to clients of version 4.0 and the network that they go over. */

export interface DialTarget {
  readonly host: string;
  readonly port: number;
  /** Of ours, that the client has asked: where addresses move it knows us by this one. */
  readonly localAddress: string;
}

export interface DialEvents {
  /** A whole RPC message. */
  message(message: Buffer): void;
  /** The connection ended by itself. Called at most once, and nothing follows it. */
  ended(): void;
}

export interface DialledConnection {
  /** A whole RPC message; false when it cannot be sent any more. */
  send(message: Buffer): boolean;
  /** Ends the connection at once; no event is delivered afterwards. */
  close(): void;
}

/** Opens a connection to a client. Null: it was refused, or took longer than `timeoutMs`. Never rejects. */
export type DialBack = (
  to: DialTarget,
  events: DialEvents,
  timeoutMs: number,
) => Promise<DialledConnection | null>;
