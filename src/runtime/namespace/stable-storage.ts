/** The storage of one container's own, as the lab gets at it: a filesystem of its own, mounted into each life. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { NODE_PATHS, type StableStorage } from '../runtime.ts';
import { type Environment, mustRun } from './tools.ts';

export interface StableStorageParts {
  readonly name: string;
  /** Where the lab sees it. */
  readonly path: string;
  readonly env: Environment;
  readonly running: () => boolean;
  /** The command that starts a program inside the container's life, once that has come up; null when there is none. */
  readonly enter: () => Promise<readonly string[] | null>;
}

export function stableStorage({ name, path, env, running, enter }: StableStorageParts): StableStorage {
  return {
    async clear() {
      if (running()) throw new Error(`the storage of ${name} cannot be emptied while it runs`);
      for (const entry of readdirSync(path)) rmSync(join(path, entry), { recursive: true, force: true });
    },
    /**
     * A life's mount takes its flags from the lab's when it is made; one that exists is changed from inside. A life that is about to begin may have
     * made its own before the lab's was changed, and cannot be entered yet: it is waited for, or its storage would stay as it was.
     */
    async setReadOnly(on) {
      const options = `remount,bind,${on ? 'ro' : 'rw'}`;
      await mustRun(['mount', '-n', '-o', options, path], { env });
      const within = await enter();
      if (within !== null)
        await mustRun([...within, 'mount', '-n', '-o', options, NODE_PATHS.stable], { env });
    },
  };
}
