import type { Operation } from './operations.ts';

/**
 * Which writes may be the one that a cell holds, followed through time. Fed with everything that
 * concerns the cell in the order in which it was sent and answered.
 *
 * A finished write replaces every write that was answered before it was sent. What is left is the set of
 * values that a correct filesystem may show: usually one, more where writes overlapped or where one of
 * them has an unknown outcome.
 */
export class Cell {
  /** Finished or of unknown outcome, and not certainly replaced. */
  #standing: Operation[] = [];
  readonly #inFlight = new Set<Operation>();
  /** By request in flight: what the cell may have held when it was sent. */
  readonly #seenBefore = new Map<Operation, ReadonlySet<string | undefined>>();
  /** Before the first finished write the cell holds something that only a reader can tell. */
  #initial: { value: string | null } | null = { value: null };

  sent(operation: Operation): void {
    this.#seenBefore.set(operation, this.#explainable());
    if (operation.op === 'write') this.#inFlight.add(operation);
  }

  answered(operation: Operation): void {
    this.#seenBefore.delete(operation);
    if (operation.op !== 'write') return;
    this.#inFlight.delete(operation);
    if (operation.outcome === 'info') this.#standing.push(operation);
    if (operation.outcome !== 'ok') return;
    this.#initial = null;
    this.#standing = this.#standing.filter((write) => write.repliedAt >= operation.invokedAt);
    this.#standing.push(operation);
  }

  /**
   * May the cell have held `value` when `by` came to it? That may have been at any time between its sending and its answer. A write
   * as well: an answer that was lost on its way comes again when the client asks again, and by then its lock may have run out
   * and another one's write have replaced it.
   * The first look at a cell that nobody has written yet says what was there from the start.
   * @param by the request that saw it; a write is not explained by itself. null: the harness looked.
   */
  explains(value: string, by: Operation | null): boolean {
    const seenBefore = by === null ? undefined : this.#seenBefore.get(by);
    if (seenBefore?.has(value) || this.#explainable(by).has(value)) return true;
    const untouched = this.#initial !== null || seenBefore?.has(UNTOUCHED);
    if (!untouched || (this.#initial !== null && this.#initial.value !== null)) return false;
    if (this.#initial !== null) this.#initial = { value };
    return true;
  }

  /** The writes that the cell may hold, for explanations. */
  possible(): readonly Operation[] {
    return this.#standing;
  }

  #explainable(besides: Operation | null = null): ReadonlySet<string | undefined> {
    const values = new Set<string | undefined>();
    if (this.#initial !== null) values.add(this.#initial.value ?? UNTOUCHED);
    for (const write of [...this.#standing, ...this.#inFlight])
      if (write !== besides) values.add(write.value);
    return values;
  }
}

/** Stands for "whatever was there from the start"; no write has an undefined value. */
const UNTOUCHED = undefined;
