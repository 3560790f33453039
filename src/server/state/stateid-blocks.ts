import type { Client } from './clients.ts';

/** Indices from here on are of clients of version 4.0. Both halves of the range are large enough for any life of a server. */
const FIRST_INDEX = 2 ** 47;
/** Indices of one block belong to one client. */
const BLOCK_INDICES = 2 ** 16;
const MAX_BLOCKS = 2 ** 31;

interface Run {
  readonly blocks: number[];
  /** Of the newest block: how many indices are given out. */
  used: number;
}

/**
 * The indices of stateids of version 4.0. There a stateid comes without a client, and one whose client is gone must be told from
 * one that never was: EXPIRED, and the client introduces itself anew (RFC 7530 section 9.6.2), or BAD_STATEID. So each client gets indices in
 * blocks of its own, and what is remembered is which blocks have a client.
 */
export class StateidBlocks {
  readonly #runs = new Map<Client, Run>();
  readonly #owned = new Set<number>();
  #count = 0;

  next(client: Client): number {
    let run = this.#runs.get(client);
    if (run === undefined) {
      run = { blocks: [], used: BLOCK_INDICES };
      this.#runs.set(client, run);
    }
    if (run.used === BLOCK_INDICES) {
      if (this.#count >= MAX_BLOCKS) throw new Error('this life of the server has used up its stateids');
      run.blocks.push(this.#count);
      this.#owned.add(this.#count);
      this.#count += 1;
      run.used = 0;
    }
    const index = FIRST_INDEX + (run.blocks.at(-1) as number) * BLOCK_INDICES + run.used;
    run.used += 1;
    return index;
  }

  /** The client is gone. */
  release(client: Client): void {
    for (const block of this.#runs.get(client)?.blocks ?? []) this.#owned.delete(block);
    this.#runs.delete(client);
  }

  /** Was this index given to a client that is gone? */
  isOfGoneClient(index: number): boolean {
    const block = Math.floor((index - FIRST_INDEX) / BLOCK_INDICES);
    return block >= 0 && block < this.#count && !this.#owned.has(block);
  }
}
