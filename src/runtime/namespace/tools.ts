/**
 * Starting the system programs that the runtime stands on: util-linux (`unshare`, `nsenter`, `setpriv`,
 * `mount`) and iproute2 (`ip`). Namespaces are entered by starting programs through these and never by
 * `setns`/`unshare` inside Node: those move one thread only, and libuv's pool would stay behind.
 */
import { spawn } from 'node:child_process';

/** Variables of a process, as `process.env` has them; handed in, since only composition roots read their own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What is left of a program that ran to its end. `code` is 128 + n when signal n ended it, as a shell would say. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** More output than this from one program is refused: a run-away program must not fill the lab's memory. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

const SYSTEM_DIRECTORIES = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The exit status by which a shell reports an end by `signal`. */
export function exitStatusOf(code: number | null, signal: string | null): number {
  return code ?? 128 + (SIGNAL_NUMBERS[signal ?? ''] ?? 0);
}

/** `environment` with the directories of system programs on its PATH: an ordinary user's often lacks them. */
export function withSystemPath(environment: Environment): Environment {
  const path = (environment.PATH ?? '/usr/local/bin:/usr/bin:/bin').split(':');
  const missing = SYSTEM_DIRECTORIES.filter((directory) => !path.includes(directory));
  return { ...environment, PATH: [...path, ...missing].join(':') };
}

/**
 * Runs a program to its end and gathers what it wrote.
 * @throws when it cannot be started at all, or writes more than 64 MiB.
 */
export function run(
  argv: readonly string[],
  options: { readonly env: Environment; readonly input?: string },
): Promise<Outcome> {
  const [file, ...args] = argv;
  if (file === undefined) throw new Error('no program was named');
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env: withSystemPath(options.env), stdio: ['pipe', 'pipe', 'pipe'] });
    let bytes = 0;
    const gather = (into: Buffer[]) => (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_OUTPUT_BYTES) into.push(chunk);
      else child.kill('SIGKILL');
    };
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', gather(stdout));
    child.stderr.on('data', gather(stderr));
    // A program may end without reading its input: no error of ours.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.on('error', (error) => reject(new Error(`${file} could not be started: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (bytes > MAX_OUTPUT_BYTES) reject(new Error(`${file} wrote more than ${MAX_OUTPUT_BYTES} bytes`));
      else {
        resolve({
          code: exitStatusOf(code, signal),
          stdout: Buffer.concat(stdout).toString('utf8'),
          stderr: Buffer.concat(stderr).toString('utf8'),
        });
      }
    });
  });
}

/** Like `run`, for a program that must succeed. @throws one sentence with what it complained of. */
export async function mustRun(
  argv: readonly string[],
  options: { readonly env: Environment; readonly input?: string },
): Promise<string> {
  const outcome = await run(argv, options);
  if (outcome.code !== 0) {
    const complaint = outcome.stderr.trim().split('\n')[0] ?? '';
    throw new Error(`\`${argv.slice(0, 3).join(' ')}\` failed with status ${outcome.code}: ${complaint}`);
  }
  return outcome.stdout;
}
