import { crc32 } from 'node:zlib';
import type { Clock } from '../../core/clock.ts';
import type { XdrWriter } from '../../xdr/writer.ts';

/** Requests whose answers are kept. */
const KEPT_REQUESTS = 1024;
/** Bytes of a request that go into its checksum: a WRITE of a megabyte is told from another by its head. */
const CHECKSUM_BYTES = 1024;

/** A COMPOUND that writes its reply. */
interface Run {
  /** A promise only when some operation had to wait. */
  run(): Promise<void> | undefined;
  /** Was something done that must not be done twice? */
  readonly changed: boolean;
}

interface Kept {
  readonly atMs: number;
  /** COMPOUND4res; a promise of it while it is being worked on; null: it has changed nothing, and may be done again. */
  reply: Buffer | null | Promise<Buffer | null>;
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

  /**
   * Runs it, or writes the answer of before at the writer's position.
   * @param begin makes the COMPOUND, which writes the head of its reply at once
   */
  answer(key: string, writer: XdrWriter, begin: () => Run): Promise<void> | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined || this.#clock.nowMs() - kept.atMs >= this.#ageMs)
      return this.#run(key, writer, begin);
    if (!(kept.reply instanceof Promise)) return repeatOrRun(writer, kept.reply, begin);
    return kept.reply.then((reply) => repeatOrRun(writer, reply, begin));
  }

  #run(key: string, writer: XdrWriter, begin: () => Run): Promise<void> | undefined {
    const start = writer.position;
    const compound = begin();
    const kept: Kept = { atMs: this.#clock.nowMs(), reply: null };
    const finish = (): Buffer | null => {
      const keep = compound.changed && writer.position - start <= this.#bytes;
      kept.reply = keep ? writer.copy(start) : null;
      return kept.reply;
    };
    const pending = compound.run();
    if (pending === undefined) {
      if (finish() !== null) this.#keep(key, kept);
      return undefined;
    }
    const done = pending.then(finish);
    kept.reply = done;
    this.#keep(key, kept);
    return done.then(() => {});
  }

  #keep(key: string, kept: Kept): void {
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_REQUESTS) break;
      this.#kept.delete(oldest);
    }
  }
}

function repeatOrRun(writer: XdrWriter, reply: Buffer | null, begin: () => Run): Promise<void> | undefined {
  if (reply === null) return begin().run();
  writer.opaqueFixed(reply, reply.length);
  return undefined;
}
