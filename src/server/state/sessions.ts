import type { BackChannel } from '../callbacks/back-channel.ts';
import type { BootIdentity } from './boot-identity.ts';
import type { Client } from './clients.ts';
import { newSlot, type Slot } from './slots.ts';

/** `channel_attrs4` as agreed (RFC 8881 section 18.36.3). Sizes are bytes of a whole RPC message without record marking. */
export interface ChannelLimits {
  readonly headerPadSize: number;
  readonly maxRequestSize: number;
  readonly maxResponseSize: number;
  readonly maxResponseSizeCached: number;
  readonly maxOperations: number;
  readonly maxRequests: number;
}

/** Of a slot itself, and what is always kept in it: the reply to a lone SEQUENCE. */
const SLOT_BYTES = 512;

/** What one slot may take of our memory. */
export const slotBytes = ({ maxResponseSizeCached }: Pick<ChannelLimits, 'maxResponseSizeCached'>): number =>
  SLOT_BYTES + maxResponseSizeCached;

export class Session {
  readonly id: Buffer;
  readonly index: number;
  readonly client: Client;
  readonly fore: ChannelLimits;
  readonly slots: readonly Slot[];
  /** Calls to the client; null: it cannot be called through this session. */
  back: BackChannel | null = null;
  destroyed = false;

  constructor(id: Buffer, index: number, client: Client, fore: ChannelLimits) {
    this.id = id;
    this.index = index;
    this.client = client;
    this.fore = fore;
    this.slots = Array.from({ length: fore.maxRequests }, (_, slot) => newSlot(slot));
  }
}

/** All sessions of this life. */
export class SessionTable {
  readonly #identity: BootIdentity;
  readonly #byIndex = new Map<number, Session>();
  #lastIndex = 0;
  #slotBytes = 0;

  constructor(identity: BootIdentity) {
    this.#identity = identity;
  }

  get size(): number {
    return this.#byIndex.size;
  }

  /** Bytes that the slots of all sessions may take, whether they do or not. */
  get slotBytes(): number {
    return this.#slotBytes;
  }

  create(client: Client, fore: ChannelLimits): Session {
    this.#lastIndex += 1;
    const session = new Session(this.#identity.sessionId(this.#lastIndex), this.#lastIndex, client, fore);
    this.#byIndex.set(session.index, session);
    this.#slotBytes += fore.maxRequests * slotBytes(fore);
    client.sessions.add(session);
    return session;
  }

  /** Undefined: BADSESSION (row 1). */
  byId(id: Buffer): Session | undefined {
    const session = this.#byIndex.get(this.#identity.sessionIndex(id));
    // Of an earlier life, or of another node, with a number that is given out in this one as well.
    return session?.id.equals(id) ? session : undefined;
  }

  destroy(session: Session): void {
    if (session.destroyed) return;
    this.#slotBytes -= session.fore.maxRequests * slotBytes(session.fore);
    session.destroyed = true;
    session.back?.close();
    session.client.sessions.delete(session);
    this.#byIndex.delete(session.index);
  }
}
