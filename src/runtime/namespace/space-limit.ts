import { statfsSync } from 'node:fs';
import { type Environment, mustRun } from './tools.ts';

/** More than a filesystem that is in use may grow between the look and the limit, in blocks. */
const TRIES = 20;

/**
 * Makes a tmpfs just as large as what is in it: the next block that anybody wants is refused with ENOSPC. What is there stays, and can be
 * overwritten in place.
 * @returns gives it the size back that it had
 */
export async function fillUp(path: string, env: Environment): Promise<() => Promise<void>> {
  const before = statfsSync(path);
  for (let attempt = 1; ; attempt++) {
    const { blocks, bfree, bsize } = statfsSync(path);
    try {
      // Of an empty one a block: a size of 0 would mean no limit at all.
      await resize(path, Math.max(1, blocks - bfree) * bsize, env);
      break;
    } catch (error) {
      // Somebody has just written: it holds more than it is to hold.
      if (attempt === TRIES) throw error;
    }
  }
  return () => resize(path, before.blocks * before.bsize, env);
}

async function resize(path: string, bytes: number, env: Environment): Promise<void> {
  // With a source and no helper: mount would look for both elsewhere, and finds nothing where it is root of a user namespace only.
  await mustRun(['mount', '-n', '-i', '-o', `remount,size=${bytes}`, 'tmpfs', path], { env });
}
