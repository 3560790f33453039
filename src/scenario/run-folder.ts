/** The folder that a run leaves: `<out>/<scenario>/<time>/`, and `<out>/latest`, which points at the newest. */
import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, rmdir, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { writeFailure } from '../history/write-failure.ts';

/** The run folder cannot be written: full disk, no permission, a file in the way. One sentence for a person. */
export class RunFolderError extends Error {
  override readonly name = 'RunFolderError';
}

function failure(path: string, error: unknown): RunFolderError {
  return new RunFolderError(`cannot write ${path}: ${writeFailure(error)}; choose another place with --out`);
}

/** `20260102T030405Z`, the name of a run's folder: sorts by time, and no filesystem minds it. */
export const folderTime = (began: Date): string =>
  `${began.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;

export class RunFolder {
  readonly path: string;
  /** What its processes wrote to stderr. */
  readonly logs: string;
  /** When the run began, as the folder is named. */
  readonly time: string;
  readonly #out: string;
  /** Directories around it that this run made, outermost first. */
  readonly #made: readonly string[];
  /** Settles when nothing is being written. */
  #written: Promise<unknown> = Promise.resolve();
  #removed = false;

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
    let own: string | null = null;
    try {
      for (const missing of await missingLevels(parent)) if (await makeNew(missing)) made.push(missing);
      for (let number = 1; ; number += 1) {
        const path = join(parent, number === 1 ? time : `${time}-${number}`);
        if (!(await makeNew(path))) continue;
        own = path;
        const folder = new RunFolder(out, path, time, made);
        await mkdir(folder.logs);
        return folder;
      }
    } catch (error) {
      await removeAll(own, made);
      throw failure(parent, error);
    }
  }

  /** @throws RunFolderError */
  write(name: string, text: string): Promise<void> {
    const path = join(this.path, name);
    return this.#inTurn(path, () => writeFile(path, text));
  }

  /** `latest` is swapped in one step: whoever reads it sees the old run or this one. @throws RunFolderError */
  becomeLatest(): Promise<void> {
    const latest = join(this.#out, 'latest');
    // Not by the process id: every lab has a numbering of its own, and two may end at the same moment.
    const fresh = `${latest}.${randomBytes(6).toString('hex')}`;
    return this.#inTurn(latest, async () => {
      try {
        await symlink(relative(this.#out, this.path), fresh);
        await rename(fresh, latest);
      } catch (error) {
        await rm(fresh, { force: true });
        throw error;
      }
    });
  }

  /** Leaves nothing of this run, and no directory that was made for it alone; what is written later is refused. */
  async remove(): Promise<void> {
    this.#removed = true;
    await this.#written;
    await removeAll(this.path, this.#made);
  }

  /** One thing is written at a time, and nothing once the folder is to go. @throws RunFolderError */
  async #inTurn(path: string, write: () => Promise<void>): Promise<void> {
    const turn = this.#written.then(async () => {
      if (this.#removed) throw new RunFolderError(`cannot write ${path}: its run was given up`);
      await write();
    });
    this.#written = turn.catch(() => undefined);
    try {
      await turn;
    } catch (error) {
      throw error instanceof RunFolderError ? error : failure(path, error);
    }
  }
}

/**
 * The directories to be made for `path`, outermost first. Node's own recursive mkdir never ends where a
 * filesystem answers ENOENT for what it does not let anyone make (/proc).
 */
async function missingLevels(path: string): Promise<string[]> {
  const missing: string[] = [];
  for (let at = path; !(await isThere(at)); at = dirname(at)) missing.unshift(at);
  return missing;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
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

/** The run's own folder with all that is in it; those around it only when nothing else is in them. */
async function removeAll(own: string | null, made: readonly string[]): Promise<void> {
  if (own !== null) await rm(own, { recursive: true, force: true });
  for (const directory of [...made].reverse()) await rmdir(directory).catch(() => {});
}
