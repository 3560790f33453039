import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Environment } from '../frame.ts';
import type { Ability } from './ability.ts';

interface Wanted {
  readonly name: string;
  readonly about: string;
  /** Any of these files will do: a name is looked up on the PATH, a path is taken as it is. */
  readonly files: readonly string[];
  readonly remedy: string;
}

const debian = (name: string): string => `install it, on Debian with: apt-get install ${name}`;

const WANTED: readonly Wanted[] = [
  {
    name: 'docker',
    about: 'fencing of nodes that are Docker containers',
    files: ['dockerd', 'docker'],
    remedy: debian('docker.io'),
  },
  {
    name: 'qemu',
    about: 'fencing of nodes that are virtual machines; the Linux client of `gracelab kernel-client`',
    files: ['qemu-system-x86_64'],
    remedy: debian('qemu-system-x86'),
  },
  { name: 'etcd', about: 'a ledger for several machines', files: ['etcd'], remedy: debian('etcd-server') },
  {
    name: 'ganesha',
    about: 'NFS-Ganesha as the server under test',
    files: ['ganesha.nfsd'],
    remedy: debian('nfs-ganesha nfs-ganesha-vfs'),
  },
  {
    name: 'chromium',
    about: 'tests of the HTML report',
    files: ['chromium', 'chromium-browser', 'google-chrome'],
    remedy: debian('chromium'),
  },
];

/** An ordinary user's PATH often lacks these, and the lab looks there all the same. */
const SYSTEM_DIRS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

function find(file: string, env: Environment): string | undefined {
  if (path.isAbsolute(file)) return existsSync(file) ? file : undefined;
  const dirs = [...(env.PATH ?? '').split(':'), ...SYSTEM_DIRS];
  return dirs.map((dir) => path.join(dir, file)).find((candidate) => existsSync(candidate));
}

/** Programs and devices of the operating system that open further parts of the lab. */
export function optionalAbilities(env: Environment): Ability[] {
  return WANTED.map(({ files, remedy, ...wanted }) => {
    const found = files.map((file) => find(file, env)).find((file) => file !== undefined);
    return {
      ...wanted,
      need: 'optional',
      present: found !== undefined,
      detail: found ?? 'not installed',
      remedy: found === undefined ? remedy : null,
    };
  });
}
