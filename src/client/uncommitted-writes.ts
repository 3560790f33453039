import type { WriteOrder } from './data-transfer.ts';

/** What is kept for a possible repetition; beyond that writes are synchronous. */
const LIMIT_BYTES = 16 * 1024 * 1024;

interface Written {
  readonly order: WriteOrder;
  /** Null: it is on stable storage and is only here because it came after something that is not. */
  readonly verifier: Buffer | null;
}

/**
 * Writes that the server may still forget by losing power, in their order (RFC 8881 section 18.32.4).
 * From the first such write on every later one is kept too: repeating only the forgotten one could lay old
 * bytes over newer ones that were written to stable storage in between.
 */
export class UncommittedWrites {
  #writes: readonly Written[] = [];
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#writes.length === 0;
  }

  hasRoomFor(bytes: number): boolean {
    return this.#bytes + bytes <= LIMIT_BYTES;
  }

  /** `verifier`: of the WRITE's reply, or null when it was answered as committed. */
  add(order: WriteOrder, verifier: Buffer | null): void {
    if (verifier === null && this.isEmpty) return;
    this.#writes = [...this.#writes, { order, verifier }];
    this.#bytes += order.data.length;
  }

  /** What a COMMIT that is sent now covers. */
  covered(): readonly Written[] {
    return this.#writes;
  }

  /** `covered` was committed under `verifier`; returns what has to be written again, in this order. */
  settle(covered: readonly Written[], verifier: Buffer): readonly WriteOrder[] {
    this.#writes = this.#writes.filter((write) => !covered.includes(write));
    this.#bytes = this.#writes.reduce((bytes, { order }) => bytes + order.data.length, 0);
    const firstLost = covered.findIndex((write) => write.verifier?.equals(verifier) === false);
    return firstLost < 0 ? [] : covered.slice(firstLost).map(({ order }) => order);
  }
}
