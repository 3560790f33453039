/**
 * What a test file has started may leave its process group on purpose, as a lab of `gracelab up` does. It is known by a word that the file has in
 * its environment, and that nobody else has.
 */
import { readdirSync, readFileSync } from 'node:fs';

const NAME = 'GRACELAB_TEST_FILE';

/** The environment of a test file. @param mark of this file in this run only */
export const marked = (env: NodeJS.ProcessEnv, mark: string): NodeJS.ProcessEnv => ({ ...env, [NAME]: mark });

/** Ends whatever that file has started and is still there. @returns how many that were */
export function endStrays(mark: string): number {
  const strays = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && isMarked(entry, mark));
  for (const pid of strays) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has gone with another one.
    }
  }
  return strays.length;
}

function isMarked(pid: string, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${NAME}=${mark}`);
  } catch {
    // Gone, or somebody else's: not of this run.
    return false;
  }
}
