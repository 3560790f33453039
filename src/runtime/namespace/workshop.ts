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
  /** A further shared filesystem of each name, as the lab sees it. */
  readonly further: ReadonlyMap<string, string>;
  /** Where the stable storage of a container is, once it is open. */
  stableOf(container: string): string;
}

const SHARED_SIZE_MIB = 256;
/** Memory is taken only for what is written. etcd lays out two logs of 64 MiB before it writes anything. */
const STABLE_SIZE_MIB = 512;

/**
 * @param further names of the further shared filesystems, each a tmpfs of its own
 * @param kept paths that must not be hidden
 * @throws one sentence when there is no place
 */
export async function openWorkshop(
  shared: SharedFilesystem,
  further: readonly string[],
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
    further: new Map(further.map((name) => [name, join(path, 'further', name)])),
    stableOf: (container: string) => join(path, 'stable', container),
  };
  await mustRun(['mount', '-n', '-t', 'tmpfs', '-o', 'mode=0755,size=16m', 'gracelab', path], options);
  // Unbindable: the containers' root binds /dev with all below it, but must not show the workshop in there.
  await mustRun(['mount', '-n', '--make-unbindable', path], options);
  mkdirSync(workshop.root);
  await openShared(shared, workshop.shared, options);
  for (const at of workshop.further.values()) await openShared({ kind: 'tmpfs' }, at, options);
  return workshop;
}

/** Mounts the stable storage of one container: its own, so that filling it up is that container's trouble alone. */
export async function openStable(at: string, options: { readonly env: Environment }): Promise<void> {
  mkdirSync(at, { recursive: true });
  await mountTmpfs('gracelab-stable', STABLE_SIZE_MIB, at, options);
}

/** Mounts a shared filesystem at `at`, which is made, with the two directories that each has. */
async function openShared(
  shared: SharedFilesystem,
  at: string,
  options: { readonly env: Environment },
): Promise<void> {
  mkdirSync(at, { recursive: true });
  await mountShared(shared, at, options);
  mkdirSync(join(at, 'export'), { recursive: true });
  mkdirSync(join(at, '.gracelab'), { recursive: true, mode: 0o700 });
}

async function mountShared(
  shared: SharedFilesystem,
  at: string,
  options: { readonly env: Environment },
): Promise<void> {
  if (shared.kind === 'tmpfs') {
    await mountTmpfs('gracelab-shared', shared.sizeMiB ?? SHARED_SIZE_MIB, at, options);
    return;
  }
  if (!isDirectory(shared.path))
    throw new Error(`the directory to share, ${shared.path}, does not exist or is no directory`);
  await mustRun(['mount', '-n', '--bind', shared.path, at], options);
}

async function mountTmpfs(
  source: string,
  sizeMiB: number,
  at: string,
  options: { readonly env: Environment },
): Promise<void> {
  const size = `mode=0755,size=${sizeMiB}m`;
  await mustRun(['mount', '-n', '-t', 'tmpfs', '-o', size, source, at], options);
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
