/** What a guest boots: a kernel, and a file system in memory with busybox and whatever else it is to have. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Environment, mustRun } from '../namespace/tools.ts';
import { copyModules, type GuestKernel } from './guest-kernel.ts';

const BUSYBOX = '/bin/busybox';
export const QEMU = '/usr/bin/qemu-system-x86_64';
const NEEDED: readonly (readonly [file: string, debianPackage: string])[] = [
  [QEMU, 'qemu-system-x86'],
  [BUSYBOX, 'busybox-static'],
  ['/usr/bin/cpio', 'cpio'],
  ['/usr/bin/dpkg', 'dpkg'],
  ['/usr/bin/apt-get', 'apt'],
];

/** Of the kernel's modules, what any guest loads: a network card. */
const MODULES = ['drivers/virtio', 'drivers/net/virtio_net.ko', 'drivers/net/net_failover.ko', 'net/core'];

export interface GuestImage {
  readonly kernel: string;
  readonly initrd: string;
}

export interface GuestContents {
  /** A script for busybox' shell: all that the guest does with its life. */
  readonly init: string;
  /** Further modules, and directories of them. */
  readonly modules: readonly string[];
  /** By path in the guest: path here. */
  readonly files?: Readonly<Record<string, string>>;
  /** Programs of this machine, which get the same path there, with the libraries that they need. */
  readonly programs?: readonly string[];
}

/** Null where guests can run; else one sentence: why not, and what to do. */
export function guestRefusal(): string | null {
  if (process.arch !== 'x64') return 'guests are x86-64 machines, and their programs come from this one.';
  const missing = NEEDED.filter(([file]) => !existsSync(file));
  if (missing.length === 0) return null;
  const files = missing.map(([file]) => file).join(', ');
  return `not installed: ${files}; on Debian, apt-get install ${missing.map(([, name]) => name).join(' ')}.`;
}

/** @param directory where the file system goes; the kernel is used where it is */
export async function packGuest(
  kernel: GuestKernel,
  { init, modules, files = {}, programs = [] }: GuestContents,
  { directory, env }: { readonly directory: string; readonly env: Environment },
): Promise<GuestImage> {
  const root = mkdtempSync(path.join(directory, 'root-'));
  const initrd = path.join(directory, 'initrd');
  try {
    for (const [there, here] of Object.entries(files)) put(root, here, there);
    for (const program of [BUSYBOX, ...programs]) {
      for (const file of [program, ...(await librariesOf(program, env))]) put(root, file, file);
    }
    writeFileSync(path.join(root, 'init'), init);
    chmodSync(path.join(root, 'init'), 0o755);
    await copyModules(kernel, [...MODULES, ...modules], { root, env, busybox: BUSYBOX });
    const pack = 'cd "$0" && find . -mindepth 1 | cpio -o -H newc --quiet -R 0:0 -O "$1"';
    await mustRun(['sh', '-c', pack, root, initrd], { env });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  return { kernel: kernel.file, initrd };
}

function put(root: string, from: string, to: string): void {
  const target = path.join(root, to);
  mkdirSync(path.dirname(target), { recursive: true });
  copyFileSync(from, target);
}

/** None of a program that is linked statically. */
async function librariesOf(program: string, env: Environment): Promise<string[]> {
  const text = await mustRun(['sh', '-c', 'ldd "$0" 2>&1 || true', program], { env });
  return [...text.matchAll(/(\/\S+) \(0x/g)].flatMap(([, file]) => file ?? []);
}

/**
 * Arguments of QEMU that every guest has. Without acceleration: it is not there in a virtual machine, as a rule.
 *
 * @param openPort a TCP port at which the guest is reached by way of the machine, or the network namespace, that QEMU runs in; null: nothing comes in
 */
export const guestArguments = (
  { kernel, initrd }: GuestImage,
  commandLine: string,
  openPort: number | null = null,
): readonly string[] => [
  ...['-accel', 'tcg', '-cpu', 'max', '-m', '512', '-display', 'none', '-nodefaults', '-no-reboot'],
  ...['-kernel', kernel, '-initrd', initrd],
  // On a busy machine the timer comes late, which at the start the kernel would take for one that does not work.
  ...['-append', `panic=-1 quiet no_timer_check ${commandLine}`],
  // Whatever the programs beside QEMU reach, the guest does.
  ...[
    '-nic',
    `user,model=virtio-net-pci${openPort === null ? '' : `,hostfwd=tcp::${openPort}-:${openPort}`}`,
  ],
];

/** Of QEMU's user networking. */
export const GUEST_ADDRESS = '10.0.2.15';
/** Where the guest finds the machine, or the network namespace, that QEMU runs in. */
export const HOST_SEEN_BY_GUEST = '10.0.2.2';
