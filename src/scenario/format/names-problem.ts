import { suggestion } from './nearest.ts';
import type { Path, Problem } from './problems.ts';

/** @returns the first of the names that nobody has, if there is one */
export function namesProblem(
  path: Path,
  what: string,
  names: readonly string[],
  known: readonly string[],
): Problem[] {
  const missing = names.find((name) => !known.includes(name));
  return missing === undefined
    ? []
    : [{ path, atKey: false, text: `no ${what} is called "${missing}"${suggestion(missing, known)}` }];
}
