/**
 * The sandbox: one set of namespaces that holds a whole lab, so that the lab leaves nothing behind whatever
 * happens to it. Every process of the lab lives in the sandbox's pid namespace, every mount in its mount
 * namespace, every interface in its network namespace; all temporary files are on a tmpfs that is mounted
 * there. When pid 1 of the sandbox ends, for whatever reason, the kernel kills the rest and takes the
 * namespaces with what is in them. There is no clean-up code that could be skipped.
 *
 * The chain is `caller -> unshare -> pid 1`, and each link dies with the one before:
 * - caller -> unshare: PR_SET_PDEATHSIG, asked for by `setpriv`, which then becomes the `unshare`. The kernel
 *   forgets the request when a program gains privileges in `execve` or changes its user; `unshare` does
 *   neither (a new user namespace only narrows what its process may do outside).
 * - unshare -> pid 1: PR_SET_PDEATHSIG again, by `unshare --kill-child`.
 * - caller -> pid 1, directly: the tether (see tether.ts), which covers the moments before those requests.
 *
 * Pid 1 is the lab's own Node process, not a small init before it. An init would have two tasks: to reap
 * orphans, and to end when the lab ends. The second comes free when the lab is pid 1, without another
 * process that must be scheduled first. The first is rare by construction: a container dies by its own
 * init's death, which its `unshare` reaps; a process whose parent dies inside a container goes to the
 * container's init. What remains (someone kills a container's `unshare` from outside) is one zombie entry.
 *
 * The sandbox is a session of its own, so Ctrl-C reaches the caller alone and not each program of the lab in
 * the middle of its work. The caller passes it on (`passOnSignals`) or simply dies of it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { type Environment, withSystemPath } from './tools.ts';
import { type UnshareEnd, watchUnshare } from './unshare-end.ts';

/** What each of stdin, stdout and stderr is: nothing, a stream of the handle, the caller's own, or an open descriptor. */
export type StandardStream = 'ignore' | 'pipe' | 'inherit' | number;

export interface SandboxOptions {
  /** Absolute path of the script that becomes pid 1, JavaScript or TypeScript. */
  readonly script: string;
  readonly args?: readonly string[];
  /** The whole environment of the script. */
  readonly env: Environment;
  /** Options for Node itself, before the script. */
  readonly nodeOptions?: readonly string[];
  /** stdin, stdout, stderr; by default nothing, inherited, inherited. */
  readonly stdio?: readonly [StandardStream, StandardStream, StandardStream];
  readonly cwd?: string;
  /** True: the sandbox outlives its caller and its terminal, until it ends by itself or `killSandbox`. */
  readonly detached?: boolean;
  /** Whether to enter a user namespace: by default only when not root, who does not need one. */
  readonly userNamespace?: boolean;
}

/** How to find a sandbox again from another process. The start time guards against a process id used again. */
export interface SandboxIdentity {
  /** Of the outermost process, in the caller's pid namespace. */
  readonly pid: number;
  /** In clock ticks since the machine's boot: field 22 of /proc/PID/stat, see proc(5). */
  readonly startTicks: string;
}

export interface Sandbox {
  readonly identity: SandboxIdentity;
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** When everything in the sandbox is gone; with the exit of pid 1, or why it never came to be. */
  readonly exited: Promise<UnshareEnd>;
  /** Raises a signal in the lab as if it had come from outside. Nothing happens when detached or gone. */
  signal(signal: NodeJS.Signals): void;
  /** Ends the sandbox at once. Resolves when everything in it is gone. */
  kill(): Promise<void>;
}

/** The namespaces of a sandbox, as options of `unshare`. */
export function sandboxFlags(userNamespace: boolean): string[] {
  const user = userNamespace ? ['--user', '--map-root-user'] : [];
  return [
    ...user,
    '--net',
    '--mount',
    '--pid',
    '--uts',
    '--ipc',
    '--mount-proc',
    '--fork',
    '--kill-child=KILL',
  ];
}

/** Root needs no user namespace, and keeps more abilities without (block devices, all user ids). */
export function needsUserNamespace(): boolean {
  return process.getuid?.() !== 0;
}

/**
 * Starts `node script` as pid 1 of a new sandbox. The kernel ties it to the calling thread's life, so call it
 * from the main thread, not from a worker.
 * @throws one sentence when `setpriv` or `unshare` is missing. When the kernel refuses the namespaces, the
 * sandbox exits at once with 1 and a complaint (ask abilities.ts beforehand for the remedy).
 */
export async function enterSandbox(options: SandboxOptions): Promise<Sandbox> {
  const detached = options.detached ?? false;
  const tether = new URL('./tether.ts', import.meta.url).href;
  const argv = [
    ...(detached ? [] : ['setpriv', '--pdeathsig', 'KILL', '--']),
    'unshare',
    ...sandboxFlags(options.userNamespace ?? needsUserNamespace()),
    '--',
    // `unshare` keeps descriptor 2 for its own complaints; the script's stderr is passed in as 4.
    ...['sh', '-c', 'exec 2>&4 4>&-; exec "$@"', 'sandbox'],
    process.execPath,
    ...(options.nodeOptions ?? []),
    ...(detached ? [] : ['--import', tether]),
    options.script,
    ...(options.args ?? []),
  ];
  const [file = '', ...args] = argv;
  const [stdin, stdout, stderr] = options.stdio ?? ['ignore', 'inherit', 'inherit'];
  const child = spawn(file, args, {
    env: withSystemPath(options.env),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    // Its own session, see above; for Node this does not mean that the caller stops waiting for it.
    detached: true,
    stdio: [stdin, stdout, 'pipe', detached ? 'ignore' : 'pipe', stderr === 'inherit' ? 2 : stderr],
  });
  await started(child, file);
  const sandbox = new RunningSandbox(child);
  if (detached) {
    child.unref();
    (child.stderr as Socket | null)?.unref();
  }
  return sandbox;
}

function started(child: ChildProcess, file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'ENOENT' ? 'it is not installed (it is part of util-linux)' : error.message;
      reject(new Error(`${file} could not be started: ${why}`));
    });
  });
}

class RunningSandbox implements Sandbox {
  readonly identity: SandboxIdentity;
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  readonly exited: Sandbox['exited'];
  readonly #tether: Writable | null;

  constructor(child: ChildProcess) {
    const pid = child.pid ?? 0;
    this.identity = identityOf(pid);
    this.stdin = child.stdin;
    this.stdout = child.stdout;
    this.stderr = (child.stdio[4] as Readable | null | undefined) ?? null;
    this.#tether = (child.stdio[3] as Writable | null | undefined) ?? null;
    // The other end goes away with the sandbox; what was not delivered then is of no use to anyone.
    this.#tether?.on('error', () => undefined);
    this.exited = watchUnshare(child).then((end) => {
      this.#tether?.destroy();
      return end;
    });
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#tether?.writable) this.#tether.write(`${signal}\n`);
  }

  async kill(): Promise<void> {
    killSandbox(this.identity);
    await this.exited;
  }
}

/** Is the sandbox that was started under this identity still there? */
export function sandboxLives(identity: SandboxIdentity): boolean {
  return startTicksOf(identity.pid) === identity.startTicks;
}

/** Pid 1 of the sandbox as the caller numbers it; null when it has not come to be yet, or is gone. */
export function initOf(identity: SandboxIdentity): number | null {
  if (!sandboxLives(identity)) return null;
  const children = readOrNull(`/proc/${identity.pid}/task/${identity.pid}/children`)?.trim().split(' ') ?? [];
  const init = Number(children[0] ?? 0);
  return init > 0 ? init : null;
}

/** How to find a process again that may be gone by then. */
export function identityOf(pid: number): SandboxIdentity {
  return { pid, startTicks: startTicksOf(pid) ?? '' };
}

/**
 * Kills a sandbox, also one that another process started. Its pid 1 is aimed at, not the `unshare` before
 * it: that one then reaps pid 1, which the kernel lets die only after all the rest, so that the end of
 * `unshare` says that everything is gone. The `unshare` itself is the target only while it has no child yet.
 */
export function killSandbox(identity: SandboxIdentity): void {
  if (!sandboxLives(identity)) return;
  try {
    process.kill(initOf(identity) ?? identity.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Hands the signals by which a person or a supervisor ends the caller on to the lab, so that it can say how
 * far it came; the second one ends it at once. Returns the way to stop that.
 */
export function passOnSignals(sandbox: Sandbox): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  let warned = false;
  const passOn = (signal: NodeJS.Signals) => {
    if (warned) void sandbox.kill();
    else sandbox.signal(signal);
    warned = true;
  };
  for (const signal of signals) process.on(signal, passOn);
  return () => {
    for (const signal of signals) process.off(signal, passOn);
  };
}

function startTicksOf(pid: number): string | undefined {
  const stat = readOrNull(`/proc/${pid}/stat`);
  // The name in parentheses may hold spaces; field 3 comes after the last parenthesis. A zombie counts as gone,
  // and so does what its reaper is just removing.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields?.[0] === 'Z' || fields?.[0] === 'X' ? undefined : fields?.[19];
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
