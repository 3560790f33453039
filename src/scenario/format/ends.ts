/** What a step must end with, and how soon: options of most verbs. */
import { z } from 'zod';
import { duration } from './words.ts';

/** Of a step that does not say. */
export const DEFAULT_WITHIN_MS = 10_000;

/** One of these outcomes, or a list of them. */
export function outcomes(known: readonly [string, ...string[]], description: string) {
  const outcome = z.enum(known);
  return z
    .union([outcome, z.array(outcome).min(1)])
    .transform((one): string[] => (typeof one === 'string' ? [one] : one))
    .meta({ description });
}

export const within = duration(1)
  .optional()
  .meta({ description: 'The step fails after this long; 10s by default' });

/** The options as they come out of the schema. */
export interface WrittenEnd {
  readonly expect?: string[] | undefined;
  readonly within?: number | undefined;
}

/** The same with nothing left out. */
export const ended = ({ expect, within: withinMs }: WrittenEnd) => ({
  expect: expect ?? ['OK'],
  withinMs: withinMs ?? DEFAULT_WITHIN_MS,
});
