/**
 * From zod's issues to sentences for a person: which file, line and column, which key, what is wrong,
 * what to write instead.
 */
import { type Document, isMap, isNode, type LineCounter } from 'yaml';
import type { z } from 'zod';
import { clusterKeys } from './cluster.ts';
import { nearest, suggestion } from './nearest.ts';
import { STEP_SCHEMAS, VERBS, type Verb } from './steps.ts';

/** A path into the document: keys and indexes. */
export type Path = readonly (string | number)[];

/** What is wrong at one place of the document. */
export interface Problem {
  readonly path: Path;
  /** Point at the key instead of at its value. */
  readonly atKey: boolean;
  readonly text: string;
}

const isVerb = (key: string): key is Verb => key in STEP_SCHEMAS;
const optionsOf = (verb: Verb): string[] => Object.keys(STEP_SCHEMAS[verb].in.shape);

/** Does the last index of this path count steps? In `steps: [..]`, and in the branches of `parallel: [[..], ..]`. */
const isStep = (path: Path): boolean =>
  typeof path.at(-1) === 'number' &&
  (path.at(-2) === 'steps' || (typeof path.at(-2) === 'number' && path.at(-3) === 'parallel'));

/** Keys that may stand in the mapping that this path leads to. */
function knownKeys(path: Path, value: unknown, top: readonly string[]): readonly string[] {
  if (path.length === 0) return top;
  if (isStep(path)) {
    const verb = verbOf(value);
    return isVerb(verb) ? optionsOf(verb) : VERBS;
  }
  return path[0] === 'cluster'
    ? [...Object.keys(clusterKeys), 'lease', 'grace']
    : path[0] === 'expect'
      ? ['checks', 'coverage']
      : ['node'];
}

/** The verb of a step, or what is wrong with its keys. */
function verbOf(step: unknown): Verb | string {
  if (typeof step !== 'object' || step === null || Array.isArray(step))
    return `a step is a mapping that begins with a verb, like "- lock: alice accounts 0..32"`;
  const keys = Object.keys(step);
  const [first, second] = keys.filter(isVerb);
  if (first !== undefined && second === undefined) return first;
  // `expect: OK` beside `lock` is an option; `loop` beside `lock` is a second verb.
  if (first !== undefined)
    return `a step has one verb, and this one has both "${first}" and "${second}"; make it two steps`;
  const meant = keys.map((key) => nearest(key, VERBS)).find((verb) => verb !== null);
  return meant
    ? `no verb is called "${keys.find((key) => nearest(key, VERBS) === meant)}"; did you mean "${meant}"?`
    : `a step needs a verb; known are ${VERBS.join(', ')}`;
}

const valueAt = (root: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (value, key) => (value as Record<string | number, unknown> | null | undefined)?.[key],
    root,
  );

const KINDS: Record<string, string> = {
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
};
const kindOf = (value: unknown): string =>
  Array.isArray(value)
    ? 'a list'
    : value === null
      ? 'nothing'
      : typeof value === 'object'
        ? 'a mapping'
        : JSON.stringify(value);

function plainText(issue: z.core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      if (value === undefined) return `"${String(issue.path.at(-1))}" is missing`;
      return issue.message.startsWith('Invalid input')
        ? `${KINDS[issue.expected] ?? issue.expected} belongs here, not ${kindOf(value)}`
        : issue.message;
    case 'invalid_value': {
      const known = issue.values.map(String);
      return `${kindOf(value)} is not known here${typeof value === 'string' ? suggestion(value, known) : `; known are ${known.join(', ')}`}`;
    }
    case 'too_small':
      return issue.origin === 'number' || issue.origin === 'int'
        ? `${kindOf(value)} is too small; the least is ${issue.minimum}`
        : 'something must stand here';
    case 'too_big':
      if (!issue.message.startsWith('Too big')) return issue.message;
      return issue.origin === 'number' || issue.origin === 'int'
        ? `${kindOf(value)} is too large; the most is ${issue.maximum}`
        : `this is longer than ${issue.maximum}`;
    default:
      return issue.message;
  }
}

/** The branch of a union that the writer meant: of a step its verb's, else the one that got furthest. */
function meantBranch(issue: z.core.$ZodIssueInvalidUnion, verb: Verb | null): readonly z.core.$ZodIssue[] {
  if (verb !== null) return issue.errors[VERBS.indexOf(verb)] ?? [];
  const depth = (branch: readonly z.core.$ZodIssue[]) =>
    branch[0]?.code === 'invalid_type' && branch[0].path.length === 0 ? 0 : 1;
  return [...issue.errors].sort((a, b) => depth(b) - depth(a))[0] ?? [];
}

/**
 * @param root the document as plain values
 * @param top the keys that the outermost mapping may have
 * @param base where the issues' paths begin
 */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  root: unknown,
  top: readonly string[],
  base: Path = [],
): Problem[] {
  return issues.flatMap((issue): Problem[] => {
    const path = [...base, ...(issue.path as Path)];
    const value = valueAt(root, path);
    switch (issue.code) {
      case 'unrecognized_keys':
        return issue.keys.map((key) => ({
          path: [...path, key],
          atKey: true,
          text: `no key is called "${key}" here${suggestion(key, knownKeys(path, value, top))}`,
        }));
      case 'invalid_key':
      case 'invalid_element': {
        const atKey = issue.code === 'invalid_key';
        return issue.issues.map((inner) => ({ path, atKey, text: plainText(inner, path.at(-1)) }));
      }
      case 'invalid_union': {
        if (!isStep(path)) return problemsOf(meantBranch(issue, null), root, top, path);
        const verb = verbOf(value);
        return isVerb(verb)
          ? problemsOf(meantBranch(issue, verb), root, top, path)
          : [{ path, atKey: false, text: verb }];
      }
      default:
        return value === undefined && isMisspelt(path, root, top)
          ? []
          : [{ path, atKey: value === undefined, text: plainText(issue, value) }];
    }
  });
}

/** Is the missing key there under a wrong spelling? That one is complained about already. */
function isMisspelt(path: Path, root: unknown, top: readonly string[]): boolean {
  const parentPath = path.slice(0, -1);
  const parent = valueAt(root, parentPath);
  if (typeof parent !== 'object' || parent === null) return false;
  const known = knownKeys(parentPath, parent, top);
  return Object.keys(parent).some((key) => !known.includes(key) && nearest(key, known) === path.at(-1));
}

/** `steps[3].lock` */
export const pathText = (path: Path): string =>
  path.map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? key : `.${key}`)).join('');

/** Where in the text the problem stands; of the nearest thing above it, when it stands nowhere itself. */
function offsetOf(document: Document, problem: Problem): number {
  const nodeAt = (path: Path) => (path.length === 0 ? document.contents : document.getIn(path, true));
  if (problem.atKey) {
    const parent = nodeAt(problem.path.slice(0, -1));
    const key = String(problem.path.at(-1));
    const pair = isMap(parent)
      ? parent.items.find((item) => isNode(item.key) && String(item.key) === key)
      : undefined;
    if (isNode(pair?.key) && pair.key.range) return pair.key.range[0];
  }
  for (let length = problem.path.length; length >= 0; length -= 1) {
    const node = nodeAt(problem.path.slice(0, length));
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

/** `FILE:LINE:COLUMN: PATH: what is wrong`, one for each problem, in the order of the file. */
export function sentences(
  file: string,
  document: Document,
  lines: LineCounter,
  problems: readonly Problem[],
): string[] {
  return problems
    .map((problem) => ({ ...problem, offset: offsetOf(document, problem) }))
    .sort((a, b) => a.offset - b.offset)
    .map(({ path, text, offset }) => {
      const { line, col } = lines.linePos(offset);
      const where = path.length === 0 ? '' : `${pathText(path)}: `;
      return `${file}:${line}:${col}: ${where}${text}${/[.?]$/.test(text) ? '' : '.'}`;
    });
}
