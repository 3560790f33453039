/** A virtual machine with a kernel of Debian's, which does what it is told over a serial line. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type GuestImage, guestImage } from './guest-image.ts';

const QEMU = 'qemu-system-x86_64';
/** Where the guest sees the machine that it runs on. */
export const HOST_SEEN_BY_GUEST = '10.0.2.2';
const GUEST_ADDRESS = '10.0.2.15';
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

export class Guest implements AsyncDisposable {
  readonly #directory: string;
  readonly #qemu: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #processes = new Map<string, GuestProcess>();
  readonly #ready = Promise.withResolvers<void>();
  #commands = 0;

  private constructor(directory: string, image: GuestImage) {
    this.#directory = directory;
    const options = [
      ...['-accel', 'tcg', '-cpu', 'max', '-m', '512', '-display', 'none', '-nodefaults', '-no-reboot'],
      ...['-kernel', image.kernel, '-initrd', image.initrd],
      ...['-append', 'console=ttyS1 panic=-1 quiet'],
      // The first serial line is for commands, the second for what the kernel says.
      ...['-serial', 'stdio', '-serial', `file:${path.join(directory, 'console')}`],
      ...['-nic', 'user,model=virtio-net-pci'],
    ];
    const messages = openSync(path.join(directory, 'qemu'), 'w');
    // Ended by the kernel at the latest, with this process.
    this.#qemu = spawn('setpriv', ['--pdeathsig', 'KILL', QEMU, ...options], {
      stdio: ['pipe', 'pipe', messages],
    });
    closeSync(messages);
    this.#exited = once(this.#qemu, 'close').then(() => this.#ready.reject(new Error(this.console())));
    if (this.#qemu.stdout === null) throw new Error('QEMU has no stdout');
    createInterface({ input: this.#qemu.stdout }).on('line', (line) => this.#hear(line));
  }

  /** @returns a guest that awaits commands, or one sentence on why there is none */
  static async start(): Promise<Guest | string> {
    const directory = mkdtempSync(path.join(tmpdir(), 'gl-guest-'));
    const image = await guestImage(directory);
    if (typeof image === 'string') {
      rmSync(directory, { recursive: true, force: true });
      return image;
    }
    const guest = new Guest(directory, image);
    const limit = setTimeout(
      () => guest.#ready.reject(new Error(`the guest does not start: ${guest.console()}`)),
      BOOT_LIMIT_MS,
    );
    try {
      await guest.#ready.promise;
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
    return ['qemu', 'console'].map((name) => readFileSync(path.join(this.#directory, name), 'utf8')).join('');
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

  /** Mounts the root of a server on this machine. Empty: it is mounted, else what mount(2) says. */
  async mount(directory: string, port: number, version: string, options = ''): Promise<string> {
    const all = `vers=${version},port=${port},addr=${HOST_SEEN_BY_GUEST},clientaddr=${GUEST_ADDRESS},proto=tcp${options}`;
    const { output } = await this.run(
      `mkdir -p ${directory} && perl /programs/mount.pl ${HOST_SEEN_BY_GUEST}:/ ${directory} ${all}`,
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
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
