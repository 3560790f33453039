/** Where a server keeps what has to outlive it: ledger, records, beacon, the key of its file handles, and who it is. */
import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Environment } from '../frame.ts';

/**
 * One for each exported directory, so that two servers of one directory meet in it, and the second is refused (C14).
 * @param directory its real path
 */
export function defaultStateDirectory(directory: string, env: Environment): string {
  const home = env.XDG_STATE_HOME;
  const base =
    home !== undefined && path.isAbsolute(home) ? home : path.join(env.HOME || homedir(), '.local', 'state');
  const key = createHash('sha256').update(directory).digest('hex').slice(0, 12);
  return path.join(base, 'gracelab', 'serve', `${path.basename(directory) || 'root'}-${key}`);
}

/** The real path of a directory that is to be exported. @throws {Refusal} when there is none */
export function exportedDirectory(directory: string): string {
  const what = whyNoDirectory(directory);
  if (what === null) return realpathSync(directory);
  throw new Refusal(EXIT.wrongUsage, `${directory} ${what}: name a directory to serve.`);
}

function whyNoDirectory(directory: string): string | null {
  try {
    const found = statSync(directory, { throwIfNoEntry: false });
    if (found === undefined) return 'does not exist';
    return found.isDirectory() ? null : 'is not a directory';
  } catch (error) {
    return `cannot be looked at (${(error as NodeJS.ErrnoException).code})`;
  }
}

/**
 * Makes it, closed to others: with the key that lies in it, anybody could make file handles.
 * @param named the user chose the place
 * @returns its real path, and whether clients can see it
 * @throws {Refusal} when it cannot be made, or would be seen by clients without anybody having asked for that
 */
export function prepareStateDirectory(
  state: string,
  directory: string,
  named: boolean,
): { readonly path: string; readonly exported: boolean } {
  const hint = 'name another place with --state.';
  if (!named && isWithin(state, directory))
    throw new Refusal(EXIT.wrongUsage, `the state directory ${state} would be a part of the export: ${hint}`);
  try {
    makeDirectories(state);
    const real = realpathSync(state);
    const exported = isWithin(real, directory);
    if (exported && !named)
      throw new Refusal(EXIT.wrongUsage, `the state directory ${state} is a part of the export: ${hint}`);
    return { path: real, exported };
  } catch (error) {
    if (error instanceof Refusal) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Refusal(
      EXIT.machineCannot,
      `cannot make the state directory ${state} (${code ?? message}): ${hint}`,
    );
  }
}

/** Node's recursive mkdir never ends where nothing can be made (/proc). */
function makeDirectories(directory: string): void {
  const found = statSync(directory, { throwIfNoEntry: false });
  if (found?.isDirectory()) return;
  if (found !== undefined) throw Object.assign(new Error(`${directory} is a file`), { code: 'ENOTDIR' });
  const parent = path.dirname(directory);
  if (parent !== directory) makeDirectories(parent);
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    // Another server may be quicker.
    if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}

export function isWithin(inner: string, outer: string): boolean {
  const way = path.relative(outer, inner);
  return way === '' || (way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way));
}
