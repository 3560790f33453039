import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { requiredPrograms } from '../src/bootstrap/system-packages.cjs';

const SYSTEM_DIRS = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];
/** What the runtime starts besides the programs of the list: its scripts are for `sh`. */
const BASICS = ['sh', 'chroot', 'env', 'cat', 'ls', 'ps', 'sleep'];
/** For people; an image without it works just as well. */
const OPTIONAL = new Set(['ps']);

/** A program of this machine that goes into the image. */
export interface ImageProgram {
  readonly name: string;
  readonly file: string;
}

/** @throws one sentence when a program that the lab needs is not installed here. */
export function programsOf(): ImageProgram[] {
  const listed = requiredPrograms('lab').map(({ program }) => program);
  const found = [...new Set([...BASICS, ...listed])].flatMap((name) => {
    const file = SYSTEM_DIRS.map((dir) => path.join(dir, name)).find((candidate) => existsSync(candidate));
    if (file !== undefined) return [{ name, file }];
    if (OPTIONAL.has(name)) return [];
    throw new Error(`${name} is not installed on this machine; \`npm test\` installs what is missing.`);
  });
  return [{ name: 'node', file: process.execPath }, ...found];
}

/** The libraries that the dynamic linker would load for any of these files, as absolute paths, each once. */
export function sharedLibraries(files: readonly string[]): string[] {
  const libraries = new Set<string>();
  for (const file of files) {
    const { stdout, status } = spawnSync('ldd', [file], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
    });
    // A program that is linked statically needs none.
    if (status !== 0) continue;
    for (const [, library] of stdout.matchAll(/(?:^|=>)\s+(\/\S+)\s+\(0x/gm))
      if (library !== undefined) libraries.add(library);
  }
  return [...libraries].sort();
}
