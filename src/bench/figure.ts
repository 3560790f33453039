/** What a measurement has to show: numbers, and where there is none, why. */

/** Never 0 for what did not happen: `absent` says in half a sentence what was missing. */
export type Figure = { readonly value: number } | { readonly absent: string };

export const figure = (value: number): Figure => ({ value });
export const absent = (why: string): Figure => ({ absent: why });

/** Of several runs, in order of size. */
export interface Spread {
  readonly least: number;
  readonly median: number;
  readonly most: number;
  readonly runs: number;
}

/** Null: none of them has a value. */
export function spreadOf(figures: readonly Figure[]): Spread | null {
  const values = figures.flatMap((each) => ('value' in each ? [each.value] : [])).sort((a, b) => a - b);
  if (values.length === 0) return null;
  const middle = values.length / 2;
  const median = Number.isInteger(middle)
    ? (values[middle - 1]! + values[middle]!) / 2
    : values[Math.floor(middle)]!;
  return { least: values[0]!, median, most: values.at(-1)!, runs: values.length };
}

/** Why there is none, each reason once. */
export const absences = (figures: readonly Figure[]): string[] => [
  ...new Set(figures.flatMap((each) => ('absent' in each ? [each.absent] : []))),
];
