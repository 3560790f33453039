/** A server in a process of its own, which the test can end without warning and start again. It never outlives the test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer as createSocketServer } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import type { Test } from 'tap';
import { finish, ROOT } from '../cli/gracelab.ts';

const MAIN = path.join(ROOT, 'src/cli/main.ts');
const ASK = path.join(import.meta.dirname, 'programs', 'ask.ts');
const NODE = [process.execPath, '--disable-warning=ExperimentalWarning'] as const;
const WRONG_USAGE = 64;
const LOOK_MS = 20;

/** How a server is started, and what else can be done to it while it is away. */
export interface ServerUnderHand {
  readonly port: number;
  argv(): readonly string[];
  readonly loseRecords: () => void;
  /** Null: it cannot be. */
  readonly corruptRecords: (() => void) | null;
  readonly setLease: (seconds: number) => void;
}

export class ServerProcess {
  readonly #server: ServerUnderHand;
  #child: ChildProcess | null = null;

  private constructor(server: ServerUnderHand) {
    this.#server = server;
  }

  static async start(t: Test, server: ServerUnderHand): Promise<ServerProcess> {
    const running = new ServerProcess(server);
    t.teardown(() => running.#end());
    await running.#begin();
    return running;
  }

  /** A command for `--helper`. */
  async helper(t: Test, directory: string): Promise<string> {
    const socket = path.join(directory, 'helper');
    const listening = createSocketServer({ allowHalfOpen: true }, async (asked) => {
      asked.end(await this.#obey((await text(asked)).split(' ')));
    });
    t.teardown(() => listening.close());
    listening.listen(socket);
    await once(listening, 'listening');
    return [...NODE, ASK, socket].join(' ');
  }

  /** @returns the helper's exit status, and what it has to say */
  async #obey([verb, seconds]: readonly string[]): Promise<string> {
    const { loseRecords, corruptRecords, setLease } = this.#server;
    const changes: Readonly<Record<string, (() => void) | null>> = {
      reboot: () => {},
      'lose-records': loseRecords,
      'corrupt-records': corruptRecords,
      lease: () => setLease(Number(seconds)),
    };
    const change = changes[verb ?? ''];
    if (change === undefined || change === null) return `${WRONG_USAGE}`;
    try {
      await this.#end();
      change();
      await this.#begin();
      return '0';
    } catch (error) {
      return `1\n${(error as Error).message}`;
    }
  }

  async #begin(): Promise<void> {
    // Should the test be killed, the server goes with it.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...this.#server.argv()], { stdio: 'ignore' });
    this.#child = child;
    while (!(await answers(this.#server.port))) {
      if (child.exitCode !== null) throw new Error(`the server has ended with status ${child.exitCode}`);
      await pause(LOOK_MS);
    }
  }

  async #end(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

function answers(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1');
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

/** What `gracelab conformance --json` says of a row. */
export interface RowReport {
  readonly row: number;
  readonly outcome: string;
  readonly detail: string;
}

export interface Report {
  readonly status: number | null;
  readonly stderr: string;
  readonly versions: readonly string[];
  readonly rows: readonly RowReport[];
}

/** Types `gracelab conformance ARGS --json`. */
export async function conformance(...argv: readonly string[]): Promise<Report> {
  const { status, stdout, stderr } = await finish(NODE[0], [NODE[1], MAIN, 'conformance', ...argv, '--json']);
  if (stdout === '') throw new Error(`no report: ${stderr}`);
  return { status, stderr, ...(JSON.parse(stdout) as Omit<Report, 'status' | 'stderr'>) };
}

/** The rows with this outcome, each with what is said of it. */
export const rowsWith = (report: Report, outcome: string): Record<number, string> =>
  Object.fromEntries(
    report.rows.filter((row) => row.outcome === outcome).map(({ row, detail }) => [row, detail]),
  );
