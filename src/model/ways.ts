/** Where each state leads without a fault, and from which of them no such way reaches a good one. Numbers only: millions of lists would not fit. */
const CHUNK = 1 << 20;

export class Ways {
  readonly #targets: Uint32Array[] = [];
  #count = 0;
  /** Of each state, where its targets begin; they end where those of the next begin. */
  readonly #begins: Uint32Array[] = [];
  #states = 0;

  get bytes(): number {
    return (this.#targets.length + this.#begins.length) * CHUNK * Uint32Array.BYTES_PER_ELEMENT;
  }

  /** The targets of the next state, in the order in which states are numbered. */
  add(targets: readonly number[]): void {
    push(this.#begins, this.#states++, this.#count);
    for (const target of targets) push(this.#targets, this.#count++, target);
  }

  /** The states from which no way leads to one that `good` says yes to. */
  traps(good: (state: number) => boolean): number[] {
    const escapes = new Uint8Array(this.#states);
    for (let state = 0; state < this.#states; state++) if (good(state)) escapes[state] = 1;
    // Later states were reached later and mostly are nearer to the end, so that few rounds do.
    for (let changed = true; changed; ) {
      changed = false;
      for (let state = this.#states - 1; state >= 0; state--) {
        if (escapes[state] === 1 || !this.#leadsTo(escapes, state)) continue;
        escapes[state] = 1;
        changed = true;
      }
    }
    const traps: number[] = [];
    for (let state = 0; state < this.#states; state++) if (escapes[state] === 0) traps.push(state);
    return traps;
  }

  #leadsTo(escapes: Uint8Array, state: number): boolean {
    const end = state + 1 < this.#states ? at(this.#begins, state + 1) : this.#count;
    for (let way = at(this.#begins, state); way < end; way++)
      if (escapes[at(this.#targets, way)] === 1) return true;
    return false;
  }
}

function push(chunks: Uint32Array[], index: number, value: number): void {
  if (index % CHUNK === 0) chunks.push(new Uint32Array(CHUNK));
  chunks.at(-1)![index % CHUNK] = value;
}

const at = (chunks: readonly Uint32Array[], index: number): number =>
  chunks[Math.floor(index / CHUNK)]![index % CHUNK]!;
