/** Gives every distinct text a number, in the order of first use: what the page repeats a hundred thousand times travels once. */
export class Names {
  readonly #numbers = new Map<string, number>();

  /** The number of this text. */
  of(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(text, number);
    }
    return number;
  }

  get all(): string[] {
    return [...this.#numbers.keys()];
  }
}

/** The same for rows of numbers. */
export class Shapes {
  readonly #names = new Names();
  readonly #rows: (number | null)[][] = [];

  of(row: (number | null)[]): number {
    const number = this.#names.of(row.join());
    if (number === this.#rows.length) this.#rows.push(row);
    return number;
  }

  get all(): (number | null)[][] {
    return this.#rows;
  }
}

/** Microseconds since the run's origin; the page needs no finer time. */
export const us = (ns: number): number => Math.round(ns / 1e3);
