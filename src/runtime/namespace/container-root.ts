/**
 * The root directory that all containers of a lab share: the machine's own files, read-only, with a few
 * directories of the lab's own in their place. Built once per lab, so that a boot mounts only what is its own.
 *
 * The host's root itself will not do. The places of the shared filesystem and of the stable storage may not
 * exist there and must not be made there; a container would be free to write wherever the lab may. So the
 * containers get a new root: a tmpfs whose entries are bind mounts of the host's entries of the same name.
 * Directories in which the lab needs a place of its own are opened: made anew, one bind mount for each of
 * the host's entries. Nothing of this hides anything from the lab's own process, which stays in the host's root.
 *
 * Read-only is a guard against accidents, not a border: the containers run the lab's own programs with the
 * lab's own rights. A mount that cannot be made read-only is therefore left as it is.
 */
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { NODE_PATHS } from '../runtime.ts';
import { readMounts } from './mountinfo.ts';
import { type Environment, mustRun, run } from './tools.ts';

/** Directories that each life of a container gets empty, on a tmpfs of its own. */
export const VOLATILE_DIRECTORIES = ['/run', '/tmp', '/dev/shm'] as const;

/** Empty in the root; boot or the program mount there, or nothing does. */
const MOUNT_POINTS = ['/proc', '/sys', '/run', '/tmp'];

/** Opened, so that the lab can add to them. */
const OPENED = ['/', '/srv', '/var', '/var/lib'];

/** Below these is the storage of the containers. Left out of an opened directory, since the lab has its own. */
export const STORAGE_PLACES = [
  NODE_PATHS.shared,
  dirname(NODE_PATHS.further('any')),
  NODE_PATHS.stable,
] as const;

const OWN_ENTRIES = new Set<string>([...OPENED, ...MOUNT_POINTS, ...STORAGE_PLACES]);

interface Bind {
  readonly source: string;
  readonly target: string;
}

/** What has to be made below the new root. Sources are host paths, everything else is a path in the new root. */
interface RootPlan {
  readonly directories: readonly string[];
  readonly files: readonly string[];
  readonly links: ReadonlyMap<string, string>;
  readonly binds: readonly Bind[];
}

/** Is `path` the directory `ancestor` or below it? */
export function isWithin(path: string, ancestor: string): boolean {
  return path === ancestor || path.startsWith(ancestor === '/' ? '/' : `${ancestor}/`);
}

/**
 * Lays out the new root by looking at the host's directories.
 * @param mountPoints further directories to make, for what a boot mounts
 */
export function planRoot(mountPoints: readonly string[]): RootPlan {
  const directories = new Set<string>([...OPENED, ...MOUNT_POINTS]);
  const files: string[] = [];
  const links = new Map<string, string>();
  const binds: Bind[] = [];
  for (const opened of OPENED) {
    for (const name of entriesOf(opened)) {
      const path = join(opened, name);
      if (OWN_ENTRIES.has(path)) continue;
      const entry = lstatSync(path, { throwIfNoEntry: false });
      if (entry === undefined) continue;
      if (entry.isSymbolicLink()) links.set(path, readlinkSync(path));
      else {
        if (entry.isDirectory()) directories.add(path);
        else files.push(path);
        binds.push({ source: path, target: path });
      }
    }
  }
  for (const path of mountPoints) directories.add(path);
  return { directories: [...directories], files, links, binds };
}

/** Names in a directory; none when there is no such directory, or it may not be read. */
function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Builds the root at `path`, an existing empty directory of the workshop. */
export async function buildRoot(
  path: string,
  plan: RootPlan,
  options: { readonly env: Environment },
): Promise<void> {
  // A mount of its own, so that it can be made read-only alone.
  await mustRun(['mount', '-n', '-t', 'tmpfs', '-o', 'mode=0755,size=4m', 'gracelab-root', path], options);
  for (const directory of plan.directories) mkdirSync(join(path, directory), { recursive: true });
  for (const file of plan.files) writeFileSync(join(path, file), '');
  for (const [link, target] of plan.links) symlinkSync(target, join(path, link));
  const table = plan.binds.map(({ source, target }) => tableLine(source, join(path, target)));
  // The containers' shells learn their process id from the lab's /proc, before they mount their own.
  table.push(tableLine('/proc', join(path, 'proc')));
  const tablePath = join(dirname(path), 'root.fstab');
  writeFileSync(tablePath, table.join(''));
  // One process for all of them: 0.15 ms a mount instead of 1.5. An entry that cannot be bound (a stale
  // network mount, say) stays empty, and whoever needs it will say so.
  await run(['mount', '-n', '-a', '-T', tablePath], options);
  await makeReadOnly(path, options);
}

/** One line of fstab(5) for a bind mount with all that is mounted below it. */
function tableLine(source: string, target: string): string {
  return `${escapeField(source)} ${escapeField(target)} none rbind 0 0\n`;
}

/** fstab(5) separates fields by white space: such characters are written in octal. */
export function escapeField(path: string): string {
  return path.replace(/[\s\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

/** Devices are to be written to, and /proc is covered by each container's own. */
const LEFT_WRITABLE = ['dev', 'proc'];

async function makeReadOnly(root: string, options: { readonly env: Environment }): Promise<void> {
  const lines: string[] = [];
  for (const mount of readMounts(readFileSync('/proc/self/mountinfo', 'utf8'))) {
    if (!isWithin(mount.point, root) || mount.flags.includes('ro')) continue;
    if (LEFT_WRITABLE.some((name) => isWithin(mount.point, join(root, name)))) continue;
    // In a user namespace flags like nosuid are locked: a remount that does not repeat them is refused.
    const flags = mount.flags.filter((flag) => flag !== 'rw');
    lines.push(`mount -n -o ${['remount', 'bind', 'ro', ...flags].join(',')} ${quote(mount.point)}`);
  }
  await run(['sh', '-s'], { ...options, input: `exec 2>/dev/null\n${lines.join('\n')}\n` });
}

/** One word for a shell, whatever is in it. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
