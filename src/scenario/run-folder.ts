/** The folder that a run leaves: `<out>/<scenario>/<time>/`, and `<out>/latest`, which points at the newest. */
import { mkdir, rename, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

/** The run folder cannot be written: full disk, no permission, a file in the way. One sentence for a person. */
export class RunFolderError extends Error {
  override readonly name = 'RunFolderError';
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'it is not permitted',
  EPERM: 'it is not permitted',
  EROFS: 'the filesystem is read-only',
  ENOTDIR: 'a file stands in its way',
  EEXIST: 'something stands in its way',
  EMFILE: 'too many files are open',
};

function failure(path: string, error: unknown): RunFolderError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new RunFolderError(
    `cannot write ${path}: ${REASONS[code ?? ''] ?? message}; choose another place with --out`,
  );
}

export class RunFolder {
  readonly path: string;
  /** What its processes wrote to stderr. */
  readonly logs: string;
  /** When the run began, as the folder is named. */
  readonly time: string;
  readonly #out: string;
  /** Directories that this run made, outermost first. */
  readonly #made: readonly string[];

  private constructor(out: string, path: string, time: string, made: readonly string[]) {
    this.#out = out;
    this.path = path;
    this.time = time;
    this.logs = join(path, 'logs');
    this.#made = made;
  }

  /**
   * @param time names the folder; another run of the same moment gets a number behind it
   * @throws RunFolderError; nothing is left then
   */
  static async create(out: string, scenario: string, time: string): Promise<RunFolder> {
    const parent = join(out, scenario);
    const made: string[] = [];
    try {
      const first = await mkdir(parent, { recursive: true });
      if (first !== undefined) made.push(...levels(first, parent));
      for (let number = 1; ; number += 1) {
        const path = join(parent, number === 1 ? time : `${time}-${number}`);
        if (!(await makeNew(path))) continue;
        made.push(path);
        const folder = new RunFolder(out, path, time, made);
        await mkdir(folder.logs);
        return folder;
      }
    } catch (error) {
      await removeAll(made);
      throw failure(parent, error);
    }
  }

  /** @throws RunFolderError */
  async write(name: string, text: string): Promise<void> {
    const path = join(this.path, name);
    try {
      await writeFile(path, text);
    } catch (error) {
      throw failure(path, error);
    }
  }

  /** `latest` is swapped in one step: whoever reads it sees the old run or this one. @throws RunFolderError */
  async becomeLatest(): Promise<void> {
    const latest = join(this.#out, 'latest');
    const fresh = `${latest}.${process.pid}`;
    try {
      await rm(fresh, { force: true });
      await symlink(relative(this.#out, this.path), fresh);
      await rename(fresh, latest);
    } catch (error) {
      await rm(fresh, { force: true });
      throw failure(latest, error);
    }
  }

  /** Leaves nothing of this run, and no directory that was made for it alone. */
  async remove(): Promise<void> {
    await removeAll(this.#made);
  }
}

/** Every directory from `first` down to `last`, both included. */
function levels(first: string, last: string): string[] {
  const path: string[] = [];
  for (let at = last; at !== first; at = dirname(at)) path.unshift(at);
  return [first, ...path];
}

/** @returns false when it exists already */
async function makeNew(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** The innermost with all that is in it; those around it only when nothing else is in them. */
async function removeAll(made: readonly string[]): Promise<void> {
  const [innermost, ...around] = [...made].reverse();
  if (innermost === undefined) return;
  await rm(innermost, { recursive: true, force: true });
  for (const directory of around) await rmdir(directory).catch(() => {});
}
