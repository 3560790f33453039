/** Clients of our own beside those of the Linux kernel, in a process that may be in a container of a lab. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';

const PROGRAM = path.join(import.meta.dirname, 'programs', 'rival.ts');

/** A line to the program. */
export interface RivalOrder {
  /** The name of its lock owner, and what its owner id is made from. */
  readonly client: string;
  readonly host: string;
  readonly port: number;
  readonly do: 'open' | 'lock' | 'unlock' | 'read' | 'close' | 'abandon';
  readonly file: string;
  /** Default: true. */
  readonly create?: boolean;
  /** Default: none. */
  readonly retry?: 'none' | 'grace' | 'all';
  readonly timeoutMs?: number;
}

/**
 * No client of a lab is called that. Two lives with one owner id are one client that restarts again and again: each that introduces itself
 * ends the other, with its locks (RFC 8881 section 18.35.4, case 5).
 */
export const ownerIdOf = (client: string): string => `${client} of the test`;

interface ServedPlace {
  readonly host: string;
  readonly port: number;
  /** That the files are in, as `data/`; default: the root. */
  readonly directory?: string;
}

interface Outcome {
  /** Without the prefix NFS4ERR_. */
  readonly status: string;
  /** Of a read. */
  readonly text?: string;
}

/** All of them lock the first ten bytes. */
export const RANGE = { start: 0, end: 10 } as const;

export class Rival {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #place: ServedPlace;

  /** @param within a command that starts the program behind it where the server can be reached */
  constructor(t: Test, served: ServedPlace, within: readonly string[] = []) {
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', PROGRAM];
    const argv = ['--pdeathsig', 'KILL', ...within, ...node];
    this.#child = spawn('setpriv', argv, { stdio: ['pipe', 'pipe', 'inherit'] });
    if (this.#child.stdout === null) throw new Error('a rival without stdout');
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#place = served;
    t.teardown(() => this.#child.kill());
  }

  /** One at a time. */
  async ask(
    client: string,
    verb: RivalOrder['do'],
    file: string,
    options: Pick<RivalOrder, 'create' | 'retry' | 'timeoutMs'> = {},
  ): Promise<Outcome> {
    const { host, port, directory = '' } = this.#place;
    const order: RivalOrder = { client, host, port, do: verb, file: `${directory}${file}`, ...options };
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`the rival ended at ${JSON.stringify(order)}`);
    return JSON.parse(value) as Outcome;
  }
}
