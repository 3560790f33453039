import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { Command, Option } from 'commander';
import { exitStatusOf, withSystemPath } from '../../runtime/namespace/tools.ts';
import {
  type GuestImage,
  guestArguments,
  guestRefusal,
  packGuest,
  QEMU,
} from '../../runtime/vm/guest-image.ts';
import { guestKernel } from '../../runtime/vm/guest-kernel.ts';
import { EXIT, type ExitStatus, Refusal } from '../exit-status.ts';
import type { Environment, Frame } from '../frame.ts';
import { SHELL_INIT } from '../kernel-client/init.ts';
import { NFS_MODULES } from '../kernel-client/modules.ts';
import { askLab, type LabStatus } from '../living/control.ts';
import { enterContainerArgv } from '../living/enter-container.ts';
import { findLab } from '../living/place.ts';

const HELP = `
The machine boots one of Debian's kernels (its package is fetched once, with apt, and not installed), is
in the network of that client, and has its node mounted at /mnt/NODE. In its shell, \`mount-node NODE
[VERSION [OPTIONS]]\` mounts others, and \`exit\` ends it. Several can run, each beside a client of its own;
break nodes meanwhile from another terminal, with \`gracelab fault\`.`;

interface KernelClientOptions {
  readonly name?: string;
  readonly vers: string;
}

/** `gracelab kernel-client CLIENT`: Linux's own NFS client in the lab. */
export function kernelClient(frame: Frame): Command {
  return new Command('kernel-client')
    .description('a shell in a virtual machine whose Linux kernel mounts nodes of the lab')
    .argument('<client>', 'a client of the lab, in whose network it is')
    .option('--name <name>', 'which lab')
    .addOption(
      new Option('--vers <version>', 'of the protocol').choices(['4.0', '4.1', '4.2']).default('4.2'),
    )
    .addHelpText('after', HELP)
    .action(async (client: string, { name, vers }: KernelClientOptions) => {
      const refusal = guestRefusal();
      if (refusal !== null) throw new Refusal(EXIT.machineCannot, refusal);
      const place = findLab(name, frame.env);
      const status = await askLab<LabStatus>(place, { command: 'status' });
      const commandLine = commandLineFor(client, vers, status);
      const enter = await enterContainerArgv(place, client);
      const directory = mkdtempSync(path.join(tmpdir(), 'gracelab-guest-'));
      try {
        const image = await imageIn(directory, frame);
        frame.conclude(await runGuest(enter, image, commandLine, frame.env));
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    });
}

function commandLineFor(client: string, vers: string, { clients, nodes }: LabStatus): string {
  const found = clients.find(({ name }) => name === client);
  if (found === undefined) {
    const names = clients.map(({ name }) => name).join(', ');
    const known =
      names === '' ? 'it has none: give it some with `clients:` in its file' : `there are ${names}`;
    throw new Refusal(EXIT.wrongUsage, `there is no client "${client}" in this lab; ${known}.`);
  }
  const addresses = nodes.map(({ name, serviceAddress }) => `${name}:${serviceAddress}`).join(',');
  return `console=ttyS0 loglevel=3 guest=${client} nodes=${addresses} mount=${found.node} vers=${vers}`;
}

async function imageIn(directory: string, { env, terminal }: Frame): Promise<GuestImage> {
  const cache = path.join(env.XDG_CACHE_HOME || path.join(env.HOME || homedir(), '.cache'), 'gracelab', 'vm');
  mkdirSync(cache, { recursive: true });
  terminal.progress('preparing the virtual machine');
  try {
    const kernel = await guestKernel(cache, env);
    return await packGuest(kernel, { init: SHELL_INIT, modules: NFS_MODULES }, { directory, env });
  } catch (error) {
    const why = (error as Error).message.replace(/\.$/, '');
    throw new Refusal(EXIT.machineCannot, `the virtual machine cannot be prepared: ${why}.`, {
      cause: error,
    });
  } finally {
    terminal.progress('');
  }
}

/** The terminal is the guest's serial line: Ctrl-C is for its shell. */
async function runGuest(
  enter: readonly string[],
  { kernel, initrd }: GuestImage,
  commandLine: string,
  env: Environment,
): Promise<ExitStatus> {
  // The client's container has a /tmp of its own; what is open here can be opened again there.
  const descriptors = [kernel, initrd].map((file) => openSync(file, 'r'));
  const image = { kernel: '/proc/self/fd/3', initrd: '/proc/self/fd/4' };
  const [file = '', ...args] = [
    ...enter,
    ...[QEMU, ...guestArguments(image, commandLine)],
    ...['-chardev', 'stdio,id=terminal,signal=off', '-serial', 'chardev:terminal'],
  ];
  const child = spawn(file, args, {
    stdio: ['inherit', 'inherit', 'inherit', ...descriptors],
    env: withSystemPath(env),
  });
  for (const descriptor of descriptors) closeSync(descriptor);
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  const { promise, resolve, reject } = Promise.withResolvers<ExitStatus>();
  child.once('error', reject);
  child.once('exit', (code, signal) => resolve(exitStatusOf(code, signal)));
  return promise;
}
