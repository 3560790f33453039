/** The files of a server as somebody on its machine changes them, behind its back: what delegations and clients' caches must notice. */
import { chmodSync, linkSync, realpathSync, renameSync, unlinkSync } from 'node:fs';
import path from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import { EXIT, Refusal } from '../exit-status.ts';
import type { ServeOrder } from './order.ts';
import { isWithin } from './state-directory.ts';

/**
 * Where a path leads: as clients see it, below the export's name, or as the server's machine has it. Symbolic links on the way may
 * not lead out of the export; at its end they are not followed.
 */
export function servedFile(given: string, { directory, exportName }: ServeOrder): string {
  const absolute = path.resolve('/', given);
  const root = `/${exportName ?? ''}`;
  const inside = isWithin(absolute, directory)
    ? path.relative(directory, absolute)
    : path.relative(root, absolute);
  const file = path.join(directory, inside);
  const stranger = new Refusal(
    EXIT.wrongUsage,
    `${given} is not below ${root}: name a file that clients can see.`,
  );
  if (!isWithin(file, directory) || file === directory) throw stranger;
  const parent = attempt(given, () => realpathSync(path.dirname(file)));
  if (!isWithin(parent, directory)) throw stranger;
  return path.join(parent, path.basename(file));
}

export const FILE_COMMANDS: Readonly<
  Record<string, (order: ServeOrder, ...paths: readonly string[]) => void>
> = {
  unlink: (order, file = '') => attempt(file, () => unlinkSync(servedFile(file, order))),
  rename: (order, from = '', to = '') =>
    attempt(from, () => renameSync(servedFile(from, order), servedFile(to, order))),
  link: (order, from = '', to = '') =>
    attempt(from, () => linkSync(servedFile(from, order), servedFile(to, order))),
  chmod: (order, mode = '', file = '') => {
    if (!/^[0-7]{1,4}$/.test(mode))
      throw new Refusal(EXIT.wrongUsage, `${mode} is not a mode: give it in octal, as 644.`);
    attempt(file, () => chmodSync(servedFile(file, order), Number.parseInt(mode, 8)));
  },
};

function attempt<T>(file: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof Refusal) throw error;
    const { code, errno } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new Refusal(EXIT.wrongUsage, `there is no ${file}: name a file that is there.`);
    const why = errno === undefined ? String(error) : getSystemErrorMessage(errno);
    throw new Refusal(EXIT.machineCannot, `${file}: ${why}.`);
  }
}
