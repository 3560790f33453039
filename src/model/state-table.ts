/**
 * All states that were reached, each once, compared in full: an exploration that only kept hashes could
 * take two states for one and call itself exhaustive.
 */
const CHUNK_STATES = 1 << 16;

export class StateTable {
  readonly #size: number;
  readonly #chunks: Uint8Array[] = [];
  readonly #parents: Int32Array[] = [];
  /** Open addressing; 0 is empty, else index + 1. */
  #slots = new Uint32Array(1 << 20);
  #count = 0;

  constructor(stateBytes: number) {
    this.#size = stateBytes;
  }

  get count(): number {
    return this.#count;
  }

  /** What it takes now; twice its slots more while they grow. */
  get bytes(): number {
    return this.#chunks.length * CHUNK_STATES * (this.#size + 4) + this.#slots.length * 4;
  }

  /** A view into the table: do not write to it. */
  get(index: number): Uint8Array {
    const at = (index % CHUNK_STATES) * this.#size;
    return this.#chunks[Math.floor(index / CHUNK_STATES)]!.subarray(at, at + this.#size);
  }

  /** The state from which this one was first reached; -1 for the first of all. */
  parent(index: number): number {
    return this.#parents[Math.floor(index / CHUNK_STATES)]![index % CHUNK_STATES]!;
  }

  /** @returns the index of the state, new or known */
  add(state: Uint8Array, parent: number): number {
    if (this.#count * 2 > this.#slots.length) this.#grow();
    const mask = this.#slots.length - 1;
    for (let slot = hash(state) & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]!;
      if (entry === 0) {
        this.#slots[slot] = this.#count + 1;
        return this.#append(state, parent);
      }
      if (this.#equals(entry - 1, state)) return entry - 1;
    }
  }

  #append(state: Uint8Array, parent: number): number {
    const index = this.#count++;
    if (index % CHUNK_STATES === 0) {
      this.#chunks.push(new Uint8Array(CHUNK_STATES * this.#size));
      this.#parents.push(new Int32Array(CHUNK_STATES));
    }
    this.#chunks.at(-1)!.set(state, (index % CHUNK_STATES) * this.#size);
    this.#parents.at(-1)![index % CHUNK_STATES] = parent;
    return index;
  }

  #equals(index: number, state: Uint8Array): boolean {
    const chunk = this.#chunks[Math.floor(index / CHUNK_STATES)]!;
    const at = (index % CHUNK_STATES) * this.#size;
    for (let i = 0; i < this.#size; i++) if (chunk[at + i] !== state[i]) return false;
    return true;
  }

  #grow(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let index = 0; index < this.#count; index++) {
      let slot = hash(this.get(index)) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = index + 1;
    }
    this.#slots = slots;
  }
}

/** FNV-1a with a final mix, so that low bits depend on all bytes. */
function hash(state: Uint8Array): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < state.length; i++) h = Math.imul(h ^ state[i]!, 0x01000193);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  return (h ^ (h >>> 13)) >>> 0;
}
