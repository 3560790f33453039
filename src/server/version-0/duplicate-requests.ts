import { crc32 } from 'node:zlib';
import type { Clock } from '../../core/clock.ts';

/** Requests whose answers are kept. */
const KEPT_REQUESTS = 1024;
/** Bytes of a request that go into its checksum: a WRITE of a megabyte is told from another by its head. */
const CHECKSUM_BYTES = 1024;

interface Kept {
  readonly atMs: number;
  /** COMPOUND4res; null: it is being worked on. */
  reply: Buffer | null;
  /** Resolves when it has been worked on. */
  readonly done: Promise<void>;
  readonly finish: () => void;
}

/**
 * What was answered to the newest requests that changed something. Version 4.0 has no slots, and the seqids of owners cover opens and locks only: a
 * client whose connection broke sends its MKDIR again, with the xid of before, and must not be told EXIST (RFC 7530 section 3.1.1 leaves
 * that to a duplicate request cache, as NFSv3 does). As good as such a cache is: it forgets, and nothing about state hangs on it.
 */
export class DuplicateRequests {
  readonly #clock: Clock;
  /** Milliseconds for which an answer is good. */
  readonly #ageMs: number;
  readonly #bytes: number;
  readonly #kept = new Map<string, Kept>();

  /** @param bytes of one answer, at most */
  constructor(clock: Clock, ageMs: number, bytes: number) {
    this.#clock = clock;
    this.#ageMs = ageMs;
    this.#bytes = bytes;
  }

  /** What a request is recognised by: the same bytes, with the same xid, from the same principal. */
  keyOf(principal: string, xid: number, message: Buffer): string {
    return `${xid} ${message.length} ${crc32(message.subarray(0, CHECKSUM_BYTES))} ${principal}`;
  }

  /** Undefined: it was not seen, or long ago. */
  find(key: string): Kept | undefined {
    const kept = this.#kept.get(key);
    return kept !== undefined && this.#clock.nowMs() - kept.atMs < this.#ageMs ? kept : undefined;
  }

  begin(key: string): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#kept.delete(key);
    this.#kept.set(key, { atMs: this.#clock.nowMs(), reply: null, done: promise, finish: resolve });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_REQUESTS) break;
      this.#kept.delete(oldest);
    }
  }

  /** @param reply null: it has changed nothing, and may be done again */
  end(key: string, reply: Buffer | null): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    if (reply === null || reply.length > this.#bytes) this.#kept.delete(key);
    else kept.reply = reply;
    kept.finish();
  }
}
