/** The control directory of a lock domain, on the shared filesystem beside the export and reachable by no client. */
import { linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const CONTROL_FILES = {
  ledger: 'ledger.sqlite',
  beacon: 'beacon',
  handleKey: 'handle-key',
  marks: 'marks',
  estate: 'estate',
} as const;

const KEY_BYTES = 32;

/**
 * The key that makes file handles of the domain unforgeable: the first node makes it, all others read it.
 * @throws Error one sentence, when it is there and unusable
 */
export function handleKey(control: string, random: (bytes: number) => Buffer): Buffer {
  const path = join(control, CONTROL_FILES.handleKey);
  for (;;) {
    try {
      const key = readFileSync(path);
      if (key.length !== KEY_BYTES)
        throw new Error(`${path} is not a key of ${KEY_BYTES} bytes: remove it while all nodes are down.`);
      return key;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    // Written aside, durably, and then linked: nobody ever reads half a key, not even after the machine lost its power,
    // and only one founder's key gets the name.
    const own = `${path}.${random(8).toString('hex')}`;
    writeFileSync(own, random(KEY_BYTES), { mode: 0o600, flag: 'wx', flush: true });
    try {
      linkSync(own, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      unlinkSync(own);
    }
  }
}
