/**
 * The small words of the scenario language: durations, byte ranges, names, and the line that says whom
 * a step is about (`alice/backup accounts 0..32`). Each is a zod schema, so the same text is what the
 * loader refuses with and what the JSON Schema shows an editor.
 */
import { z } from 'zod';
import type { ByteSpan } from '../../history/events.ts';
import type { Pause, Target } from '../scenario.ts';

const NAME = '[a-z][a-z0-9-]*';
/** Container names are host and interface names: the kernel allows 15 characters. */
const MOST_NAME_CHARACTERS = 15;
/** The NFS limit is 2^64; numbers in a YAML file are exact up to here. */
const LARGEST_OFFSET = Number.MAX_SAFE_INTEGER;
const LONGEST_MS = 600_000;

const UNIT_MS = { ms: 1, s: 1000, m: 60_000 } as const;

export interface Refusal {
  readonly refused: string;
}
const isRefusal = (value: object | string | number): value is Refusal =>
  typeof value === 'object' && 'refused' in value;

/** Turns a parser that returns a value or a refusal into a zod transform that reports the refusal in its words. */
export function parsed<T extends object | string | number>(parse: (text: string) => T | Refusal) {
  return (text: string, context: z.RefinementCtx<string>): T => {
    const outcome = parse(text);
    if (!isRefusal(outcome)) return outcome as T;
    context.addIssue({ code: 'custom', message: outcome.refused });
    return z.NEVER;
  };
}

/** `250ms`, `1.5s`, `2m`; at most ten minutes. @returns milliseconds */
export function parseDuration(text: string): number | Refusal {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text);
  if (!match) return { refused: `"${text}" is not a duration; write it like 250ms, 1.5s or 2m` };
  // Without what binary fractions add to 1.1 s.
  const ms = Number((Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]).toFixed(6));
  if (ms > LONGEST_MS) return { refused: `${text} is too long; the longest duration is 10m` };
  return ms;
}

/** `60s`, or `1500ms`: what {@link parseDuration} reads as the same length. */
export const durationWords = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);

/** `1 node`, `3 nodes`. */
export const counted = (count: number, what: string): string => `${count} ${plural(count, what)}`;

/** `node`, `nodes`; `history`, `histories`. */
export const plural = (count: number, what: string): string =>
  count === 1 ? what : `${what.replace(/([^aeiou])y$/, '$1ie')}s`;

/** `250ms`, or `100ms..400ms` for anything between the two, as the seed has it. */
export function parsePause(text: string): Pause | Refusal {
  const [least = '', most = least, ...rest] = text.trim().split('..');
  if (rest.length > 0)
    return { refused: `"${text}" is not a range of durations; write it like 100ms..400ms` };
  const leastMs = parseDuration(least);
  const mostMs = parseDuration(most);
  if (typeof leastMs !== 'number') return leastMs;
  if (typeof mostMs !== 'number') return mostMs;
  if (mostMs < leastMs) return { refused: `the range ${text} ends before it begins` };
  return { leastMs, mostMs };
}

/** A duration between two bounds, in milliseconds, both allowed. */
export function duration(leastMs: number, mostMs: number = LONGEST_MS) {
  return z
    .string({ error: () => 'a duration is a text like 250ms, 1.5s or 2m' })
    .transform(
      parsed((text) => {
        const ms = parseDuration(text);
        if (typeof ms !== 'number') return ms;
        if (ms < leastMs)
          return { refused: `${text} is too short; the shortest allowed here is ${leastMs}ms` };
        if (ms > mostMs) return { refused: `${text} is too long; the longest allowed here is ${mostMs}ms` };
        return ms;
      }),
    )
    .meta({ description: 'A duration: 250ms, 1.5s, 2m' });
}

/** `0..32` is the bytes 0 to 31; `100..` reaches to the end of the file, wherever that will be. */
export function parseSpan(text: string): ByteSpan | Refusal {
  const match = /^(-?\d+)\.\.(-?\d+)?$/.exec(text);
  if (!match)
    return { refused: `"${text}" is not a byte range; write it like 0..32, or 100.. for "to the end"` };
  const start = Number(match[1]);
  const end = match[2] === undefined ? null : Number(match[2]);
  if (start < 0 || (end !== null && end < 0))
    return { refused: `the byte range ${text} is negative; offsets begin at 0` };
  if (start > LARGEST_OFFSET || (end !== null && end > LARGEST_OFFSET))
    return { refused: `the byte range ${text} is too large; the largest offset is ${LARGEST_OFFSET}` };
  if (end !== null && end < start) return { refused: `the byte range ${text} ends before it begins` };
  if (end === start)
    return { refused: `the byte range ${text} is empty; the end is the first byte that is not in it` };
  return { start, end };
}

/** A name of a node, a client, a loop: 1 to 15 characters of a-z, 0-9 and dashes, a letter first. */
export const name = z
  .string({ error: () => 'a name is a text of 1 to 15 characters of a-z, 0-9 and dashes' })
  .regex(new RegExp(`^${NAME}$`), {
    error: (issue) => `"${issue.input}" is not a name; use a-z, 0-9 and dashes, a letter first`,
  })
  .max(MOST_NAME_CHARACTERS, {
    error: (issue) => `"${issue.input}" is longer than the ${MOST_NAME_CHARACTERS} characters of a name`,
  });

/** A path below the export: no leading slash, no empty, `.` or `..` component. */
function parseFile(text: string): string | Refusal {
  const components = text.split('/');
  if (text.length > 200 || components.some((part) => part === '' || part === '.' || part === '..'))
    return { refused: `"${text}" is not a file of the export; write a path like accounts or logs/today` };
  return text;
}

/**
 * `CLIENT[/OWNER] FILE [RANGE]`: whom and what a step is about.
 *
 * Without an owner the client's own name is the lock owner; without a range it is the whole file.
 */
export function parseTarget(text: string): Target | Refusal {
  const [who = '', file, range, ...rest] = text.trim().split(/\s+/);
  if (file === undefined || rest.length > 0)
    return { refused: `"${text}" does not say CLIENT FILE RANGE; write it like "alice accounts 0..32"` };
  const [client = '', owner = client, ...more] = who.split('/');
  if (more.length > 0 || !new RegExp(`^${NAME}$`).test(client) || !/^[a-z0-9-]{1,40}$/.test(owner))
    return {
      refused: `"${who}" is not a client; write its name, or NAME/OWNER for another lock owner of it`,
    };
  const path = parseFile(file);
  if (typeof path !== 'string') return path;
  const span = range === undefined ? { start: 0, end: null } : parseSpan(range);
  if (isRefusal(span)) return span;
  return { client, owner, file: path, span };
}

const TARGET_PATTERN = `^\\s*${NAME}(/[a-z0-9-]+)?\\s+\\S+(\\s+\\d+\\.\\.\\d*)?\\s*$`;

/** What a person wrote, and what it means: messages repeat the former. */
export interface Phrase<T> {
  readonly said: string;
  readonly meaning: T;
}

/** A text with a grammar of its own. `ask` is the message when it is not a text at all. */
export function phrase<T extends object | string | number>(
  ask: string,
  parse: (text: string) => T | Refusal,
) {
  const convert = parsed((text): Phrase<T> | Refusal => {
    const meaning = parse(text);
    return isRefusal(meaning) ? meaning : { said: text, meaning: meaning as T };
  });
  return z.string({ error: () => ask }).transform(convert);
}

/** See {@link parseTarget}. */
export const target = phrase(
  'write whom and what it is about, like "alice accounts 0..32"',
  parseTarget,
).meta({ description: 'CLIENT[/OWNER] FILE [RANGE], e.g. "alice accounts 0..32"', pattern: TARGET_PATTERN });

/** One name or several, separated by spaces, none twice. */
export function parseNames(what: string) {
  return (text: string): readonly string[] | Refusal => {
    const listed = text.trim().split(/\s+/);
    const bad = listed.find((one) => !new RegExp(`^${NAME}$`).test(one));
    if (bad !== undefined) return { refused: `"${bad}" is not the name of ${what}` };
    if (new Set(listed).size < listed.length) return { refused: `"${text}" names ${what} twice` };
    return listed;
  };
}

/** See {@link parseNames}. */
export const names = (what: string) =>
  phrase(`write the name of ${what}`, parseNames(what)).meta({
    description: `The name of ${what}, or several, with spaces between`,
  });
