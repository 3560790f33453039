/** A virtual machine with a kernel of Debian's, which does what it is told over a serial line. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import {
  GUEST_ADDRESS,
  type GuestImage,
  guestArguments,
  HOST_SEEN_BY_GUEST,
  QEMU,
} from '../../../src/runtime/vm/guest-image.ts';

const NFS_PORT = 2049;
/** Where the guest's kernel listens for callbacks of 4.0. By itself it takes any port that is free. */
const CALLBACK_PORT = 20490;
const BOOT_LIMIT_MS = 120_000;
/** A tree of files takes a minute on a machine that has other things to do. */
const COMMAND_LIMIT_MS = 240_000;

/** A command in the guest, and what it has written so far. */
export class GuestProcess {
  readonly lines: string[] = [];
  /** Null: it runs. */
  status: number | null = null;
  readonly #send: (verb: string, text?: string) => void;
  readonly #name: string;
  #read = 0;
  #changed: () => void = () => undefined;

  constructor(name: string, send: (verb: string, text?: string) => void) {
    this.#name = name;
    this.#send = send;
  }

  hear(verb: string, text: string): void {
    if (verb === 'out') this.lines.push(text);
    if (verb === 'end') this.status = Number(text);
    this.#changed();
  }

  /** Its next line. */
  async line(): Promise<string> {
    await this.#until(() => this.lines.length > this.#read || this.status !== null);
    this.#read += 1;
    return this.lines[this.#read - 1] ?? `(it has ended with ${this.status})`;
  }

  /** Writes a line to it, and waits for the next of its own. */
  ask(text: string): Promise<string> {
    this.tell(text);
    return this.line();
  }

  tell(text: string): void {
    this.#send('in', text);
  }

  /** No more input; waits for the end. */
  async ended(): Promise<{ readonly status: number; readonly output: string }> {
    this.#send('eof');
    await this.#until(() => this.status !== null);
    return { status: this.status ?? -1, output: this.lines.join('\n') };
  }

  async #until(fulfilled: () => boolean): Promise<void> {
    const limit = AbortSignal.timeout(COMMAND_LIMIT_MS);
    while (!fulfilled()) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.#changed = resolve;
      const late = () => reject(new Error(`${this.#name}: nothing more after ${this.lines.join(' | ')}`));
      limit.addEventListener('abort', late);
      await promise.finally(() => limit.removeEventListener('abort', late));
    }
  }
}

interface GuestOptions {
  readonly image: GuestImage;
  /** Its host name, by which servers tell clients of the Linux kernel apart. */
  readonly name: string;
  /** A command that starts the program behind it in some network; none: in that of this process. */
  readonly within?: readonly string[];
  /** Where servers can connect to it, for callbacks of 4.0: the address of the network that it is in. Left out: nowhere. */
  readonly reachedAt?: string;
}

/** Which export, and how. */
export interface MountOrder {
  readonly version: string;
  /** Default: the machine that QEMU runs on. */
  readonly address?: string;
  /** Default: 2049. */
  readonly port?: number;
  readonly path?: string;
  /** Further ones of mount.nfs4, each with a comma before it. */
  readonly options?: string;
}

export class Guest implements AsyncDisposable {
  readonly #messages: string;
  readonly #qemu: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #processes = new Map<string, GuestProcess>();
  readonly #reachedAt: string;
  readonly #ready = Promise.withResolvers<void>();
  #commands = 0;

  private constructor({ image, name, within = [], reachedAt }: GuestOptions) {
    this.#reachedAt = reachedAt ?? GUEST_ADDRESS;
    const openPort = reachedAt === undefined ? null : CALLBACK_PORT;
    this.#messages = path.join(path.dirname(image.initrd), name);
    const options = [
      ...guestArguments(image, `console=ttyS1 guest=${name}`, openPort),
      // The first serial line is for commands, the second for what the kernel says.
      ...['-serial', 'stdio', '-add-fd', 'fd=3,set=1'],
      ...['-chardev', 'file,id=console,path=/dev/fdset/1,append=on', '-serial', 'chardev:console'],
    ];
    // A file: what QEMU opens anew has to be as writable as what it is given.
    const messages = openSync(this.#messages, 'a');
    // Ended by the kernel at the latest, with this process or with what it is within.
    const tied = ['--pdeathsig', 'KILL', ...within, 'sh', '-c', 'exec "$@" 3>&2', 'sh', QEMU, ...options];
    this.#qemu = spawn('setpriv', tied, { stdio: ['pipe', 'pipe', messages] });
    closeSync(messages);
    // What it is within may outlive it, and hold the streams.
    this.#exited = once(this.#qemu, 'exit').then(() => this.#ready.reject(new Error(this.console())));
    const { stdin, stdout } = this.#qemu;
    if (stdin === null || stdout === null) throw new Error('QEMU has no streams');
    // Whoever talks to a guest that has ended hears of its end.
    stdin.on('error', () => undefined);
    createInterface({ input: stdout }).on('line', (line) => this.#hear(line));
  }

  /** @returns a guest that awaits commands */
  static async start(options: GuestOptions): Promise<Guest> {
    const guest = new Guest(options);
    const limit = setTimeout(
      () => guest.#ready.reject(new Error(`the guest does not start: ${guest.console()}`)),
      BOOT_LIMIT_MS,
    );
    try {
      await guest.#ready.promise;
      await guest.run(`echo ${CALLBACK_PORT} >/sys/module/nfs/parameters/callback_tcpport`);
      return guest;
    } catch (error) {
      await guest[Symbol.asyncDispose]();
      throw error;
    } finally {
      clearTimeout(limit);
    }
  }

  /** What the guest's kernel, and QEMU, have said. */
  console(): string {
    return readFileSync(this.#messages, 'utf8');
  }

  /** Starts a shell command, of one line. */
  start(command: string): GuestProcess {
    this.#commands += 1;
    const id = String(this.#commands);
    const process = new GuestProcess(command, (verb, text = '') =>
      this.#qemu.stdin?.write(`${id} ${verb} ${text}\n`),
    );
    this.#processes.set(id, process);
    this.#qemu.stdin?.write(`${id} run ${command}\n`);
    return process;
  }

  /** Runs a shell command to its end. */
  run(command: string): Promise<{ readonly status: number; readonly output: string }> {
    return this.start(command).ended();
  }

  /** Empty: it is mounted, else what mount(2) says. */
  async mount(directory: string, order: MountOrder): Promise<string> {
    const {
      address = HOST_SEEN_BY_GUEST,
      port = NFS_PORT,
      version,
      path: exported = '/',
      options = '',
    } = order;
    const all = `vers=${version},port=${port},addr=${address},clientaddr=${this.#reachedAt},proto=tcp${options}`;
    const { output } = await this.run(
      `mkdir -p ${directory} && perl /programs/mount.pl ${address}:${exported} ${directory} ${all}`,
    );
    return output;
  }

  #hear(line: string): void {
    if (line === 'ready') this.#ready.resolve();
    const [, id = '', verb = '', text = ''] = /^(\d+) (\w+) ?(.*)$/.exec(line) ?? [];
    this.#processes.get(id)?.hear(verb, text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ready.promise.catch(() => undefined);
    this.#qemu.kill('SIGKILL');
    await this.#exited;
    for (const stream of [this.#qemu.stdin, this.#qemu.stdout]) stream?.destroy();
  }
}
