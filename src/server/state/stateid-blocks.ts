import type { Client } from './clients.ts';

/** Indices from here on are of clients of version 4.0. Both halves of the range are large enough for any life of a server. */
const FIRST_INDEX = 2 ** 47;
/** Numbers of one block belong to one client. */
const BLOCK_NUMBERS = 2 ** 16;
const MAX_BLOCKS = 2 ** 30;

interface Run {
  readonly blocks: number[];
  /** Of the newest block: how many numbers are given out. */
  used: number;
}

/**
 * The indices of stateids of version 4.0. There a stateid comes without a client, and one whose client is gone must be told from
 * one that never was: EXPIRED, and the client introduces itself anew (RFC 7530 section 9.6.2), or BAD_STATEID. So each client gets indices in
 * blocks of its own, and what is remembered is which blocks have a client.
 *
 * Nor does anything else say that a stateid is its sender's. So numbers that follow each other give indices that lie far apart: a
 * stateid with a wrong bit in it is nobody's, and does not unlock what its neighbour holds.
 */
export class StateidBlocks {
  readonly #runs = new Map<Client, Run>();
  readonly #owners = new Map<number, Client>();
  readonly #key: number;
  #count = 0;

  /** @param key differs in every life of the server; 32 bits */
  constructor(key: number) {
    this.#key = key;
  }

  next(client: Client): number {
    let run = this.#runs.get(client);
    if (run === undefined) {
      run = { blocks: [], used: BLOCK_NUMBERS };
      this.#runs.set(client, run);
    }
    if (run.used === BLOCK_NUMBERS) {
      if (this.#count >= MAX_BLOCKS) throw new Error('this life of the server has used up its stateids');
      run.blocks.push(this.#count);
      this.#owners.set(this.#count, client);
      this.#count += 1;
      run.used = 0;
    }
    const number = (run.blocks.at(-1) as number) * BLOCK_NUMBERS + run.used;
    run.used += 1;
    return FIRST_INDEX + scatter(number, ROUNDS, this.#key);
  }

  /** The client is gone. */
  release(client: Client): void {
    for (const block of this.#runs.get(client)?.blocks ?? []) this.#owners.delete(block);
    this.#runs.delete(client);
  }

  /** Was this index given to a client that is gone? */
  isOfGoneClient(index: number): boolean {
    const block = this.#blockOf(index);
    return block !== null && !this.#owners.has(block);
  }

  /** Null: its client is gone, or there never was one. */
  clientOf(index: number): Client | null {
    const block = this.#blockOf(index);
    return block === null ? null : (this.#owners.get(block) ?? null);
  }

  /** Null: of no block that was ever given to anybody. */
  #blockOf(index: number): number | null {
    const place = index - FIRST_INDEX;
    if (place < 0 || place >= HALF * HALF) return null;
    const block = Math.floor(scatter(place, BACKWARDS, this.#key) / BLOCK_NUMBERS);
    return block < this.#count ? block : null;
  }
}

/** Numbers are two halves of 23 bits. */
const HALF = 2 ** 23;
const ROUNDS = [1, 2, 3, 4];
const BACKWARDS = ROUNDS.toReversed();

/** A permutation of all numbers of 46 bits (a Feistel network); with the rounds backwards, and the halves swapped, it is undone. */
function scatter(number: number, rounds: readonly number[], key: number): number {
  let left = Math.floor(number / HALF);
  let right = number % HALF;
  for (const round of rounds) [left, right] = [right, left ^ mix(right, round, key)];
  return right * HALF + left;
}

const mix = (half: number, round: number, key: number): number => {
  const mixed = Math.imul(half ^ key, 0x9e3779b1 + 2 * round);
  return Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b) >>> 9;
};
