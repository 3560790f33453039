/** From the text of a YAML file to a {@link Scenario}, or to sentences that say what is wrong with it. */
import { readFile, stat } from 'node:fs/promises';
import { LineCounter, parseDocument, type YAMLParseError } from 'yaml';
import { FAULT_CATALOGUE, type FaultCatalogue } from './fault-catalogue.ts';
import { scenarioDocument } from './format/document.ts';
import { type Problem, problemsOf, sentences } from './format/problems.ts';
import { referenceProblems } from './format/references.ts';
import type { Scenario } from './scenario.ts';

/** A hand-written file is a few kilobytes; this keeps a wrong file from filling the memory. */
const LARGEST_FILE_BYTES = 1_000_000;
/** Sentences of one file; the rest follows from them most of the time. */
const MOST_PROBLEMS = 10;

export type Loaded =
  | { readonly ok: true; readonly scenario: Scenario }
  /** Each is `FILE:LINE:COLUMN: PATH: what is wrong.`, in the order of the file. */
  | { readonly ok: false; readonly problems: readonly string[] };

const refused = (...problems: string[]): Loaded => ({ ok: false, problems });

/** The parser's own words are for programmers where the text is YAML, but not one that it can deal with. */
function whyBroken({ code, message }: YAMLParseError): string {
  if (code === 'MULTIPLE_DOCS') return 'this is not a scenario: a file holds one, and here another begins';
  if (code === 'RESOURCE_EXHAUSTION') return 'this is not a scenario: it is nested too deeply';
  return `this is not YAML: ${message.replace(/\.?\s*$/, '')}`;
}

/** @param file how messages call it */
export function parseScenario(text: string, file: string, faults: FaultCatalogue = FAULT_CATALOGUE): Loaded {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [broken] = document.errors;
  if (broken) {
    const { line, col } = lines.linePos(broken.pos[0]);
    return refused(`${file}:${line}:${col}: ${whyBroken(broken)}.`);
  }
  let root: unknown;
  try {
    root = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const { message } = error as Error;
    const why = message.startsWith('Excessive alias count') ? 'its aliases make it too large' : message;
    return refused(`${file}:1:1: this is not a scenario: ${why}.`);
  }
  if (typeof root !== 'object' || root === null || Array.isArray(root))
    return refused(
      `${file}:1:1: this is not a scenario; it begins with "name:", "title:", "clients:" and "steps:".`,
    );

  const say = (problems: readonly Problem[]) =>
    refused(...sentences(file, document, lines, problems).slice(0, MOST_PROBLEMS));
  const written = scenarioDocument.safeParse(root, { reportInput: true });
  if (!written.success)
    return say(problemsOf(written.error.issues, root, Object.keys(scenarioDocument.in.shape)));
  const problems = referenceProblems(written.data, faults);
  return problems.length > 0 ? say(problems) : { ok: true, scenario: written.data };
}

const tooLarge = (path: string): string =>
  `${path}: it is too large for a scenario (more than ${LARGEST_FILE_BYTES} bytes).`;

/** Reads and parses one scenario file. Refuses a file that is missing, unreadable, a directory, or too large. */
export async function loadScenario(path: string, faults: FaultCatalogue = FAULT_CATALOGUE): Promise<Loaded> {
  let text: string;
  try {
    const found = await stat(path);
    if (found.isCharacterDevice() || found.isBlockDevice()) return refused(`${path}: it is a device.`);
    if (found.size > LARGEST_FILE_BYTES) return refused(tooLarge(path));
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EISDIR'
          ? 'it is a directory'
          : `it cannot be read (${code})`;
    return refused(`${path}: ${why}.`);
  }
  if (text.length > LARGEST_FILE_BYTES) return refused(tooLarge(path));
  return parseScenario(text, path, faults);
}
