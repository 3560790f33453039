/** A kernel of Debian's for a guest, from its package, which is unpacked and not installed. */
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import path from 'node:path';
import { type Environment, mustRun, run } from '../namespace/tools.ts';

/** The smallest of Debian's kernels that has the clients of network filesystems, and virtio. */
const META_PACKAGE = 'linux-image-cloud-amd64';
const PREFIX = 'vmlinuz-';

export interface GuestKernel {
  /** For QEMU. */
  readonly file: string;
  readonly version: string;
  /** The unpacked package. */
  readonly tree: string;
}

/**
 * One that an earlier call left in `cache`, else the newest that apt offers.
 * @throws Error one sentence
 */
export async function guestKernel(cache: string, env: Environment): Promise<GuestKernel> {
  mkdirSync(cache, { recursive: true });
  const earlier = readdirSync(cache).find((name) => name.startsWith('linux-image-'));
  if (earlier !== undefined) return kernelIn(path.join(cache, earlier));
  const name = (await offered(env)) ?? (await updated(env));
  if (name === null) throw new Error(`apt offers no package ${META_PACKAGE}`);
  // Unpacked under another name: two may do it at once, and one that is cut off leaves no half of a kernel.
  const unpacking = mkdtempSync(path.join(cache, 'unpacking-'));
  try {
    const download = 'cd "$0" && apt-get download -q "$1" && dpkg -x ./*.deb tree';
    await mustRun(['sh', '-c', download, unpacking, name], { env });
    const kept = path.join(cache, name);
    if (!existsSync(kept)) renameSync(path.join(unpacking, 'tree'), kept);
    return kernelIn(kept);
  } finally {
    rmSync(unpacking, { recursive: true, force: true });
  }
}

function kernelIn(tree: string): GuestKernel {
  const boot = path.join(tree, 'boot');
  const name = readdirSync(boot).find((file) => file.startsWith(PREFIX));
  if (name === undefined) throw new Error(`${tree} has no kernel: remove it`);
  return { file: path.join(boot, name), version: name.slice(PREFIX.length), tree };
}

async function offered(env: Environment): Promise<string | null> {
  const { stdout } = await run(['apt-cache', 'depends', META_PACKAGE], { env: { ...env, LC_ALL: 'C' } });
  return /Depends: (linux-image-\S+)/.exec(stdout)?.[1] ?? null;
}

/** A fresh machine has no lists of packages, and only root can fetch them. */
async function updated(env: Environment): Promise<string | null> {
  try {
    accessSync('/var/lib/apt/lists', constants.W_OK);
  } catch {
    return null;
  }
  await mustRun(['apt-get', 'update', '-q'], { env });
  return offered(env);
}

/**
 * Copies modules, and says what each depends on: the package leaves that to its installation.
 * @param names directories and files below the modules' directory
 */
export async function copyModules(
  { tree, version }: GuestKernel,
  names: readonly string[],
  to: { readonly root: string; readonly env: Environment; readonly busybox: string },
): Promise<void> {
  const below = path.join('lib/modules', version, 'kernel');
  const lib = existsSync(path.join(tree, below)) ? '' : 'usr';
  for (const name of names) {
    const from = path.join(tree, lib, below, name);
    // Another version of the kernel may have it built in.
    if (existsSync(from)) cpSync(from, path.join(to.root, below, name), { recursive: true });
  }
  await mustRun([to.busybox, 'depmod', '-b', to.root, version], to);
}
