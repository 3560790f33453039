/** What a lab could leave on the machine that it ran on, from outside of its sandbox. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const PLACES = ['/tmp', '/run', '/dev/shm', '/srv', '/mnt', '/media', '/opt', '/var/lib', '/var/tmp'];
/** What a lab makes for itself inside its sandbox. */
const OWN_NAMES = /^(root|shared|stable|gracelab|.*\.fstab)$/;

export interface HostTraces {
  readonly mounts: string;
  readonly interfaces: string;
  readonly entries: readonly string[];
}

/** @param mark text that is in the name of every file that the lab's programs write */
export function hostTraces(mark: string): HostTraces {
  return {
    mounts: readFileSync('/proc/self/mountinfo', 'utf8'),
    interfaces: execFileSync('ip', ['-brief', 'link'], {
      encoding: 'utf8',
      env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    }),
    // Other programs come and go in these places, so only names that a lab would leave count.
    entries: PLACES.flatMap((place) =>
      valueOr([], () => readdirSync(place))
        .filter((name) => name.includes(mark) || OWN_NAMES.test(name))
        .map((name) => `${place}/${name}`),
    ),
  };
}

/**
 * All but zombies. An orphan becomes one when it dies, and is a mere entry until init of the host reads its exit
 * status, which in some containers takes seconds.
 */
const processes = (startedBy = Number.POSITIVE_INFINITY): string[] =>
  readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    const fields = statOf(name);
    return fields !== null && fields[STATE] !== 'Z' && Number(fields[START_TIME]) <= startedBy;
  });

/** proc_pid_stat(5), counted from the field after the program's name, which may contain anything. */
const STATE = 0;
const START_TIME = 19;

function statOf(pid: string): readonly string[] | null {
  const stat = valueOr('', () => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return stat === '' ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** The moment, as the start times of processes count it: clock ticks since the machine booted. */
export function ticksNow(): number {
  const newcomer = spawnSync('cat', ['/proc/self/stat'], { encoding: 'utf8' }).stdout;
  return Number(newcomer.slice(newcomer.lastIndexOf(')') + 2).split(' ')[START_TIME]);
}

/** Processes whose environment holds `mark`: it is inherited by everything that a lab starts. */
export function markedProcesses(mark: string): string[] {
  return processes().filter((pid) =>
    valueOr('', () => readFileSync(`/proc/${pid}/environ`, 'utf8')).includes(mark),
  );
}

/** The namespaces that these processes are in, `net:[4026532]` for example, but for those that the asker is in too. */
export function namespacesOf(pids: readonly string[]): Set<string> {
  const own = new Set(namespaceLinks('self'));
  return new Set(pids.flatMap(namespaceLinks).filter((link) => !own.has(link)));
}

/**
 * All namespaces that a process is in, or that a mount keeps.
 * @param startedBy a moment of {@link ticksNow}; who started later does not count: the kernel gives the number of a namespace that has gone to
 * the next one that anybody makes
 */
export function allNamespaces(startedBy: number): Set<string> {
  const kept = [...readFileSync('/proc/self/mountinfo', 'utf8').matchAll(/ (\w+:\[\d+\]) /g)].map(
    ([, link]) => link ?? '',
  );
  return new Set([...processes(startedBy).flatMap(namespaceLinks), ...kept]);
}

function namespaceLinks(pid: string): string[] {
  const directory = `/proc/${pid}/ns`;
  return valueOr([], () => readdirSync(directory)).flatMap((name) =>
    valueOr([], () => [readlinkSync(`${directory}/${name}`)]),
  );
}

/** Processes come and go while they are looked at. */
function valueOr<T>(other: T, look: () => T): T {
  try {
    return look();
  } catch {
    return other;
  }
}
