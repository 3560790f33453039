/**
 * The lab's own directory inside the sandbox: a tmpfs on top of a directory that every machine has and no lab
 * needs. It exists in the sandbox's mount namespace only, so it goes when the sandbox goes.
 */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isWithin } from './container-root.ts';
import { type Environment, mustRun } from './tools.ts';

/** Where it may be, best first: what is below is hidden from the lab's process. */
const PLACES = ['/dev/shm', '/mnt', '/media', '/opt', '/srv'];

/** Which filesystem the nodes share. */
export type SharedFilesystem =
  /** A tmpfs of the lab's own, gone with the lab. */
  | { readonly kind: 'tmpfs'; readonly sizeMiB?: number }
  /** A directory of the machine, bound in; what the lab writes there stays. */
  | { readonly kind: 'directory'; readonly path: string };

export interface Workshop {
  readonly path: string;
  /** Empty directory for the containers' root. */
  readonly root: string;
  /** The shared filesystem, as the lab sees it. */
  readonly shared: string;
  /** The stable storage of all nodes, one directory each. */
  readonly stable: string;
}

const SHARED_SIZE_MIB = 256;
const STABLE_SIZE_MIB = 256;

/** @param kept paths that must not be hidden. @throws one sentence when there is no place. */
export async function openWorkshop(
  shared: SharedFilesystem,
  kept: readonly string[],
  options: { readonly env: Environment },
): Promise<Workshop> {
  const needed = shared.kind === 'directory' ? [...kept, shared.path] : kept;
  const path = PLACES.find((place) => isDirectory(place) && !needed.some((other) => isWithin(other, place)));
  if (path === undefined)
    throw new Error(`the lab finds no directory for itself: ${PLACES.join(', ')} are all missing or in use`);
  const workshop = {
    path,
    root: join(path, 'root'),
    shared: join(path, 'shared'),
    stable: join(path, 'stable'),
  };
  await mustRun(['mount', '-n', '-t', 'tmpfs', '-o', 'mode=0755,size=16m', 'gracelab', path], options);
  // Unbindable: the containers' root binds /dev with all below it, but must not show the workshop in there.
  await mustRun(['mount', '-n', '--make-unbindable', path], options);
  for (const directory of [workshop.root, workshop.shared, workshop.stable]) mkdirSync(directory);
  await mustRun(
    [
      'mount',
      '-n',
      '-t',
      'tmpfs',
      '-o',
      `mode=0755,size=${STABLE_SIZE_MIB}m`,
      'gracelab-stable',
      workshop.stable,
    ],
    options,
  );
  await mountShared(shared, workshop.shared, options);
  mkdirSync(join(workshop.shared, 'export'), { recursive: true });
  mkdirSync(join(workshop.shared, '.gracelab'), { recursive: true, mode: 0o700 });
  return workshop;
}

async function mountShared(
  shared: SharedFilesystem,
  at: string,
  options: { readonly env: Environment },
): Promise<void> {
  if (shared.kind === 'tmpfs') {
    const size = `mode=0755,size=${shared.sizeMiB ?? SHARED_SIZE_MIB}m`;
    await mustRun(['mount', '-n', '-t', 'tmpfs', '-o', size, 'gracelab-shared', at], options);
    return;
  }
  if (!isDirectory(shared.path))
    throw new Error(`the directory to share, ${shared.path}, does not exist or is no directory`);
  await mustRun(['mount', '-n', '--bind', shared.path, at], options);
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
