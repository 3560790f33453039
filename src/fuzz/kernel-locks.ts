/** Record locks as the kernel lists them (proc_locks(5)). */
import { readFileSync, statSync } from 'node:fs';

/**
 * The locks on some files, one a line: kind, mode, first and last byte. Whose they are is not said: of locks that belong to an open file description,
 * as servers take them, the kernel does not know it.
 *
 * @param files as this machine has them
 */
export function kernelLocksOn(files: readonly string[]): string[] {
  const wanted = new Set(files.map(identityOf));
  const lines = readFileSync('/proc/locks', 'utf8').split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , , , file]) => file !== undefined && wanted.has(file))
    .filter(([, blocked]) => blocked !== '->')
    .map(([, kind, , mode, , file, first, last]) => `${kind} ${mode} ${file} ${first} ${last}`)
    .sort();
}

const identityOf = (file: string): string => {
  const { dev, ino } = statSync(file);
  const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)];
  const hex = (number: number) => number.toString(16).padStart(2, '0');
  return `${hex(major)}:${hex(minor)}:${ino}`;
};
