/** A kernel of Debian's and a file system in memory for it, from packages that are unpacked and not installed. */
import { execFile } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { ROOT } from '../cli/gracelab.ts';

const run = promisify(execFile);
const CACHE = path.join(ROOT, 'node_modules/.cache/gracelab/vm');
const PROGRAMS = path.join(import.meta.dirname, 'programs');
/** The smallest of Debian's kernels that has the NFS client and virtio. */
const META_PACKAGE = 'linux-image-cloud-amd64';
/** What the guest loads, and what that depends on: of the kernel's modules. */
const MODULES = [
  ...['drivers/virtio', 'drivers/net/virtio_net.ko', 'drivers/net/net_failover.ko', 'net/core'],
  ...['net/sunrpc', 'net/dns_resolver', 'fs/fscache', 'fs/netfs', 'fs/lockd', 'fs/nfs', 'fs/nfs_common'],
];
const BUSYBOX = '/bin/busybox';
const PERL = '/usr/bin/perl';
const QEMU = '/usr/bin/qemu-system-x86_64';
const NEEDED = [QEMU, BUSYBOX, PERL, '/usr/bin/cpio', '/usr/bin/dpkg', '/usr/bin/apt-get'];

export interface GuestImage {
  readonly kernel: string;
  readonly initrd: string;
}

/** Null where a guest can run, else why not. */
function guestRefusal(): string | null {
  if (process.arch !== 'x64') return 'the guest is an x86-64 machine, and its programs come from this one';
  if (process.geteuid?.() !== 0) return 'only as root does the server act for the users of the guest';
  const missing = NEEDED.filter((file) => !existsSync(file));
  return missing.length > 0 ? `not installed: ${missing.join(', ')}` : null;
}

/**
 * Packs it. The files are in the cache: below the project's own directory, which the containers of a lab see, too.
 * @returns one that is removed after the test, or one sentence on why there is none
 */
export async function guestImage(t: Test): Promise<GuestImage | string> {
  const refusal = guestRefusal();
  if (refusal !== null) return refusal;
  const kept = await keptKernel().catch((error: Error) => error);
  if (kept instanceof Error) return `no kernel for the guest: ${kept.message.trim().split('\n').at(-1)}`;
  const directory = mkdtempSync(path.join(CACHE, 'guest-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const initrd = path.join(directory, 'initrd');
  await packFileSystem(kept, initrd);
  return { kernel: kernelIn(kept), initrd };
}

const kernelIn = (unpacked: string): string => {
  const name = readdirSync(path.join(unpacked, 'boot')).find((file) => file.startsWith('vmlinuz-'));
  if (name === undefined) throw new Error(`${unpacked} has no kernel: remove it`);
  return path.join(unpacked, 'boot', name);
};

/** The unpacked kernel package: one that an earlier run left, else the newest that apt offers. */
async function keptKernel(): Promise<string> {
  mkdirSync(CACHE, { recursive: true });
  const earlier = readdirSync(CACHE).find((name) => name.startsWith('linux-image-'));
  if (earlier !== undefined) return path.join(CACHE, earlier);
  const name = (await offeredKernel()) ?? (await updated(offeredKernel));
  if (name === null) throw new Error(`apt offers no ${META_PACKAGE}`);
  // Unpacked under another name: two runs may do it at once, and one that is cut off leaves no half of a kernel.
  const unpacking = mkdtempSync(path.join(CACHE, 'unpacking-'));
  try {
    await run('apt-get', ['download', '-q', name], { cwd: unpacking });
    const file = readdirSync(unpacking).find((one) => one.endsWith('.deb')) ?? name;
    await run('dpkg', ['-x', file, 'tree'], { cwd: unpacking });
    const kept = path.join(CACHE, name);
    if (!existsSync(kept)) renameSync(path.join(unpacking, 'tree'), kept);
    return kept;
  } finally {
    rmSync(unpacking, { recursive: true, force: true });
  }
}

async function offeredKernel(): Promise<string | null> {
  const { stdout } = await run('apt-cache', ['depends', META_PACKAGE], {
    env: { ...process.env, LC_ALL: 'C' },
  }).catch(() => ({ stdout: '' }));
  return /Depends: (linux-image-\S+)/.exec(stdout)?.[1] ?? null;
}

/** A fresh machine has no lists of packages. */
async function updated(look: () => Promise<string | null>): Promise<string | null> {
  accessSync('/var/lib/apt/lists', constants.W_OK);
  await run('apt-get', ['update', '-q']);
  return look();
}

async function packFileSystem(unpacked: string, initrd: string): Promise<void> {
  const root = mkdtempSync(path.join(tmpdir(), 'gl-initrd-'));
  try {
    for (const file of [BUSYBOX, PERL, ...(await librariesOf(PERL))]) copyInto(root, file, file);
    for (const name of readdirSync(PROGRAMS)) copyInto(root, path.join(PROGRAMS, name), `/programs/${name}`);
    copyInto(root, path.join(PROGRAMS, 'init.sh'), '/init');
    chmodSync(path.join(root, 'init'), 0o755);
    await copyModules(unpacked, root);
    const { stdout } = await run('find', ['.', '-mindepth', '1'], { cwd: root, maxBuffer: 64 << 20 });
    await archive(root, stdout, initrd);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function archive(root: string, names: string, initrd: string): Promise<void> {
  const child = execFile('cpio', ['-o', '-H', 'newc', '--quiet', '-R', '0:0', '-O', initrd], { cwd: root });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  if (child.stdin === null) throw new Error('cpio has no stdin');
  await pipeline(Readable.from([names]), child.stdin);
  if ((await ended) !== 0) throw new Error('cpio failed');
}

function copyInto(root: string, from: string, to: string): void {
  const target = path.join(root, to);
  mkdirSync(path.dirname(target), { recursive: true });
  copyFileSync(from, target);
}

async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await run('ldd', [program]);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].flatMap(([, file]) => file ?? []);
}

/** The package leaves the modules' dependencies to depmod, which would have run at its installation. */
async function copyModules(unpacked: string, root: string): Promise<void> {
  const version = path.basename(kernelIn(unpacked)).slice('vmlinuz-'.length);
  const below = path.join('lib/modules', version, 'kernel');
  const lib = existsSync(path.join(unpacked, below)) ? '' : 'usr';
  for (const name of MODULES) {
    const from = path.join(unpacked, lib, below, name);
    // Another version of the kernel may have it built in.
    if (existsSync(from)) cpSync(from, path.join(root, below, name), { recursive: true });
  }
  await run(BUSYBOX, ['depmod', '-b', root, version]);
}
