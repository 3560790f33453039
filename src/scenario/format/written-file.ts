/** What all files that people write share, scenarios and labs: how they are read, parsed, and complained about. */
import { readFile, stat } from 'node:fs/promises';
import { LineCounter, parseDocument, type YAMLParseError } from 'yaml';
import type { z } from 'zod';
import { type Problem, problemsOf, sentences } from './problems.ts';

/** A hand-written file is a few kilobytes; this keeps a wrong file from filling the memory. */
const LARGEST_FILE_BYTES = 1_000_000;
/** Sentences of one file; the rest follows from them most of the time. */
const MOST_PROBLEMS = 10;

/** One kind of file. */
export interface FileFormat<Written> {
  /** With its article: `a scenario`. */
  readonly what: string;
  /** Said of text that is no mapping: what is in such a file. */
  readonly looks: string;
  readonly schema: z.ZodType<Written>;
  /** Keys of the outermost mapping. */
  readonly keys: readonly string[];
  /** A file with nothing in it is one without keys, not a mistake. */
  readonly mayBeEmpty: boolean;
  /** What the schema cannot say. */
  readonly problems: (written: Written) => readonly Problem[];
}

export type Parsed<Written> =
  | { readonly ok: true; readonly written: Written }
  /** Each is `FILE:LINE:COLUMN: PATH: what is wrong.`, in the order of the file. */
  | { readonly ok: false; readonly problems: readonly string[] };

type Refused = Extract<Parsed<never>, { ok: false }>;

const refused = (...problems: string[]): Refused => ({ ok: false, problems });

/** The parser's own words are for programmers where the text is YAML, but not one that it can deal with. */
function whyBroken({ code, message }: YAMLParseError, what: string): string {
  if (code === 'MULTIPLE_DOCS') return `this is not ${what}: a file holds one, and here another begins`;
  if (code === 'RESOURCE_EXHAUSTION') return `this is not ${what}: it is nested too deeply`;
  return `this is not YAML: ${message.replace(/\.?\s*$/, '')}`;
}

/** @param file how messages call it */
export function parseWritten<Written>(
  text: string,
  file: string,
  { what, looks, schema, keys, mayBeEmpty, problems: problemsIn }: FileFormat<Written>,
): Parsed<Written> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const [broken] = document.errors;
  if (broken) {
    const { line, col } = lines.linePos(broken.pos[0]);
    return refused(`${file}:${line}:${col}: ${whyBroken(broken, what)}.`);
  }
  let root: unknown;
  try {
    root = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const { message } = error as Error;
    const why = message.startsWith('Excessive alias count') ? 'its aliases make it too large' : message;
    return refused(`${file}:1:1: this is not ${what}: ${why}.`);
  }
  if (mayBeEmpty) root ??= {};
  if (typeof root !== 'object' || root === null || Array.isArray(root))
    return refused(`${file}:1:1: this is not ${what}; ${looks}.`);

  const say = (problems: readonly Problem[]) =>
    refused(...sentences(file, document, lines, problems).slice(0, MOST_PROBLEMS));
  const checked = schema.safeParse(root, { reportInput: true });
  if (!checked.success) return say(problemsOf(checked.error.issues, root, keys));
  const problems = problemsIn(checked.data);
  return problems.length > 0 ? say(problems) : { ok: true, written: checked.data };
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'it is not permitted',
  EPERM: 'it is not permitted',
  ELOOP: 'its symbolic links lead nowhere',
  EIO: 'its disk has failed',
};

/** Why a file was not read, for a person: `there is no such file`. */
export function whyUnreadable(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return UNREADABLE[code ?? ''] ?? `the system says ${code ?? message}`;
}

/** Reads and parses one file. Refuses one that is missing, unreadable, a directory, or too large. */
export async function readWritten<Written>(
  path: string,
  format: FileFormat<Written>,
): Promise<Parsed<Written>> {
  const tooLarge = refused(
    `${path}: it is too large for ${format.what} (more than ${LARGEST_FILE_BYTES} bytes).`,
  );
  let text: string;
  try {
    const found = await stat(path);
    if (found.isCharacterDevice() || found.isBlockDevice()) return refused(`${path}: it is a device.`);
    if (found.size > LARGEST_FILE_BYTES) return tooLarge;
    text = await readFile(path, 'utf8');
  } catch (error) {
    return refused(`${path}: ${whyUnreadable(error)}.`);
  }
  if (text.length > LARGEST_FILE_BYTES) return tooLarge;
  return parseWritten(text, path, format);
}
