/** One life of a container: from fresh namespaces to the moment when nothing of it is left. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { Duplex, Readable, Writable } from 'node:stream';
import type { Clock } from '../../core/clock.ts';
import type { Process, Program } from '../runtime.ts';
import { type InitPlan, initScript, UP } from './init-script.ts';
import { JsonLines } from './json-lines.ts';
import type { ContainerLog } from './log-sink.ts';
import type { Network } from './network.ts';
import { type Environment, withSystemPath } from './tools.ts';
import { type UnshareEnd, watchUnshare } from './unshare-end.ts';

const NAMESPACES = ['--net', '--mount', '--pid', '--uts', '--ipc'];
/** `unshare` takes whole seconds. */
const MS_PER_SECOND = 1000;
/** A time namespace takes its offset when it is made. Without one there is none to be made. */
const clockFlags = (aheadMs: number): string[] =>
  aheadMs === 0 ? [] : ['--time', `--monotonic=${aheadMs / MS_PER_SECOND}`];

/** Between two looks at a process that `unshare` no longer waits for. */
const LOOK_AGAIN_MS = 2;

export interface LifeOptions {
  readonly plan: InitPlan;
  readonly program: Program;
  /** By how much the monotonic clock of this life is ahead. */
  readonly clockAheadMs: number;
  /** Base environment; the program's own goes over it. */
  readonly env: Environment;
  readonly network: Network;
  readonly log: ContainerLog;
  readonly clock: Clock;
}

export class Life implements Process {
  /** Of the container's init, as the lab sees it. */
  readonly pid: number;
  /** Resolves when every process of the container is gone and its interface is parked. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  readonly #lines: JsonLines;
  #gone = false;

  private constructor(pid: number, lines: JsonLines, gone: Promise<UnshareEnd>, park: () => Promise<void>) {
    this.pid = pid;
    this.#lines = lines;
    this.exited = gone.then(async ({ code, signal }) => {
      this.#gone = true;
      await park();
      return { code, signal };
    });
  }

  /**
   * Makes the namespaces, plugs the interface in, and starts the program as init.
   * @throws one sentence when that fails; nothing of the attempt is left then.
   */
  static async begin(options: LifeOptions): Promise<Life> {
    const { plan, network, log, program } = options;
    const child = spawn(
      'unshare',
      [
        ...NAMESPACES,
        ...clockFlags(options.clockAheadMs),
        '--fork',
        '--kill-child=KILL',
        '--',
        'sh',
        '-c',
        initScript(plan),
        'init',
        ...program.argv,
      ],
      {
        env: withSystemPath({ ...options.env, ...program.env }),
        cwd: '/',
        stdio: ['pipe', 'pipe', 'pipe', 'pipe', log.stderr],
      },
    );
    const failedToStart = new Promise<never>((_, reject) => child.once('error', reject));
    failedToStart.catch(() => undefined);
    const stderr = child.stdio[4] as Readable | null;
    if (stderr !== null) log.follow(stderr);
    const ended = endOf(child);
    const lines = new JsonLines(child.stdin as Writable, child.stdout as Readable, (line) => log.write(line));
    const words = new Words(child.stdio[3] as Duplex);
    const brokenOff = Promise.race([
      failedToStart,
      ended.then(({ complaint, code }) => {
        throw new Error(complaint || `its init ended with status ${code}`);
      }),
    ]);
    brokenOff.catch(() => undefined);

    let netns: number | undefined;
    try {
      const pid = Number(await Promise.race([words.next(), brokenOff]));
      netns = openSync(`/proc/${pid}/ns/net`, 'r');
      await network.plug(plan.port, pid);
      words.say('plugged');
      const word = await Promise.race([words.next(), brokenOff]);
      if (word !== UP) throw new Error(`its init said "${word}"`);
      const held = netns;
      const gone = ended.then(async (end) => {
        await untilGone(pid, options.clock);
        return end;
      });
      return new Life(pid, lines, gone, () => parkAndForget(options, held));
    } catch (error) {
      child.kill('SIGKILL');
      const { complaint } = await ended;
      if (netns !== undefined) await parkAndForget(options, netns);
      throw new Error(`${plan.hostName} could not be booted: ${complaint || (error as Error).message}`);
    }
  }

  /** Have all processes ended? True a moment before `exited`, which waits for the interface too. */
  get gone(): boolean {
    return this.#gone;
  }

  send(message: object): void {
    this.#lines.send(message);
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#lines.onMessage(listener);
  }

  /** Signals init. Init is only hit by signals it handles, by SIGKILL, which ends the whole container, and by SIGSTOP. */
  signal(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): void {
    if (this.#gone) return;
    try {
      process.kill(this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/**
 * When `unshare` has ended and all output has been read. It ends after init, and the kernel lets the init of
 * a pid namespace end only after every other process in it, with their files closed and their locks released.
 */
function endOf(child: ChildProcess): Promise<UnshareEnd> {
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return Promise.all([watchUnshare(child), closed]).then(([end]) => end);
}

/**
 * Waits for an init whose `unshare` was killed by someone: it dies too, but nobody has waited for it. As an
 * orphan of the lab it stays a zombie, which has no files, memory or sockets left.
 */
async function untilGone(pid: number, clock: Clock): Promise<void> {
  while (stateOf(pid) !== null) await new Promise<void>((resolve) => clock.after(LOOK_AGAIN_MS, resolve));
}

function stateOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const state = stat.charAt(stat.lastIndexOf(')') + 2);
    return state === 'Z' || state === 'X' ? null : state;
  } catch {
    return null;
  }
}

/**
 * The lab's descriptor keeps the dead life's network namespace, and the interface in it, until it is parked.
 * That it cannot be parked is no reason to lose the lab: the next boot will fail and say why.
 */
async function parkAndForget({ network, plan, log }: LifeOptions, netns: number): Promise<void> {
  try {
    await network.park(plan.port, `/proc/${process.pid}/fd/${netns}`);
  } catch (error) {
    log.write(`the interface could not be parked: ${(error as Error).message}`);
  } finally {
    closeSync(netns);
  }
}

/** The line-wise talk with the init script. */
class Words {
  readonly #stream: Duplex;
  readonly #heard: string[] = [];
  #wanted: ((word: string) => void) | undefined;
  #unread = '';

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.setEncoding('utf8');
    stream.on('error', () => undefined);
    stream.on('data', (text: string) => {
      const lines = (this.#unread + text).split('\n');
      this.#unread = lines.pop() ?? '';
      for (const line of lines) this.#hear(line);
    });
  }

  /** The next line. One at a time. */
  next(): Promise<string> {
    return new Promise((resolve) => {
      const word = this.#heard.shift();
      if (word === undefined) this.#wanted = resolve;
      else resolve(word);
    });
  }

  say(word: string): void {
    this.#stream.write(`${word}\n`);
  }

  #hear(word: string): void {
    const wanted = this.#wanted;
    this.#wanted = undefined;
    if (wanted === undefined) this.#heard.push(word);
    else wanted(word);
  }
}
