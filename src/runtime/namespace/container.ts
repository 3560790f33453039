/** A container of the namespace runtime: what stays the same over its lives, and how a life is begun and ended. */
import type { Clock } from '../../core/clock.ts';
import type {
  BootOptions,
  Container,
  ContainerRole,
  ContainerSpec,
  PortRules,
  Process,
  Program,
  StableStorage,
} from '../runtime.ts';
import { startBeside } from './beside.ts';
import type { InitPlan } from './init-script.ts';
import { Life } from './life.ts';
import type { ContainerLog } from './log-sink.ts';
import type { Network } from './network.ts';
import { portRules } from './port-rules.ts';
import { stableStorage } from './stable-storage.ts';
import { type Environment, run } from './tools.ts';

export interface ContainerParts {
  readonly spec: ContainerSpec;
  readonly plan: InitPlan;
  readonly serviceAddress: string | null;
  readonly network: Network;
  readonly log: ContainerLog;
  readonly clock: Clock;
  readonly env: Environment;
  /** How long the kernel may take to end a killed container. */
  readonly killPatienceMs: number;
  /** Where the lab sees its own storage; null: it has none. */
  readonly stablePath: string | null;
}

export class NamespaceContainer implements Container {
  readonly name: string;
  readonly role: ContainerRole;
  readonly address: string;
  readonly serviceAddress: string | null;
  readonly port: PortRules;
  readonly stable: StableStorage | undefined;
  readonly #parts: ContainerParts;
  /** The life that is being begun, from the call of `boot` to its end. */
  #beginning: Promise<Life> | undefined;
  #life: Life | undefined;

  constructor(parts: ContainerParts) {
    this.name = parts.spec.name;
    this.role = parts.spec.role;
    this.address = parts.plan.port.address;
    this.serviceAddress = parts.serviceAddress;
    this.#parts = parts;
    this.port = portRules(
      (argv, options) => this.exec(argv, options),
      () => this.#life,
    );
    const { stablePath: path, env } = parts;
    if (path !== null)
      this.stable = stableStorage({
        name: this.name,
        path,
        env,
        running: () => this.running,
        enter: async () => {
          const life = await this.#current();
          return life === undefined ? null : enterArgv(life.pid);
        },
      });
  }

  get running(): boolean {
    return this.#life !== undefined && !this.#life.gone;
  }

  async boot(program: Program, { clockAheadMs = 0 }: BootOptions = {}): Promise<Process> {
    if (this.#beginning !== undefined || this.running) throw new Error(`${this.name} is already running`);
    this.#beginning = this.#begin(program, clockAheadMs);
    try {
      return await this.#beginning;
    } finally {
      this.#beginning = undefined;
    }
  }

  async powerCut(): Promise<void> {
    const life = await this.#current();
    if (life === undefined) return;
    // Silence comes first: the kernel ends a dying process's connections with FIN or RST, and nobody may hear that.
    await this.#parts.network.silence(this.#parts.plan.port);
    await this.#end(life);
  }

  async kill(): Promise<void> {
    const life = await this.#current();
    if (life !== undefined) await this.#end(life);
  }

  async stop(patienceMs: number): Promise<void> {
    const life = await this.#current();
    if (life === undefined) return;
    life.signal('SIGTERM');
    if (!(await this.#isGoneWithin(life, patienceMs))) await this.#end(life);
  }

  pause(): void {
    this.#life?.signal('SIGSTOP');
  }

  resume(): void {
    this.#life?.signal('SIGCONT');
  }

  async exec(
    argv: readonly string[],
    options: { readonly input?: string } = {},
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const life = this.#life;
    if (life === undefined) throw new Error(`${this.name} is not running`);
    return await run([...enterArgv(life.pid), ...argv], { env: this.#parts.env, ...options });
  }

  async beside(program: Program): Promise<Process> {
    const life = this.#life;
    if (life === undefined) throw new Error(`${this.name} is not running`);
    const { env, log } = this.#parts;
    return startBeside(enterArgv(life.pid), program, env, log);
  }

  /**
   * SIGKILL also ends what is stopped, but a process in uninterruptible sleep (on a device or filesystem that does not
   * answer, or frozen by cgroup) has to wake first, if it ever does. Whoever needs the end must hear that it is not known.
   */
  async #end(life: Life): Promise<void> {
    life.signal('SIGKILL');
    const { killPatienceMs } = this.#parts;
    if (await this.#isGoneWithin(life, killPatienceMs)) return;
    throw new Error(
      `${this.name} was killed ${killPatienceMs} ms ago and is not gone: the kernel does not let go of one of its processes`,
    );
  }

  async #isGoneWithin(life: Life, patienceMs: number): Promise<boolean> {
    let cancel: () => void = () => undefined;
    const late = new Promise<false>((resolve) => {
      cancel = this.#parts.clock.after(patienceMs, () => resolve(false));
    });
    const gone = await Promise.race([life.exited.then(() => true), late]);
    cancel();
    return gone;
  }

  async #begin(program: Program, clockAheadMs: number): Promise<Life> {
    // The last life may be gone while its interface is not parked yet.
    await this.#life?.exited;
    const life = await Life.begin({ ...this.#parts, program, clockAheadMs });
    this.#life = life;
    // Before anyone else hears of the end, so that whoever awaits it can boot again at once.
    void life.exited.then(() => {
      if (this.#life === life) this.#life = undefined;
    });
    return life;
  }

  /** What a fault hits. It is let come up first: a container half made has nothing that could be cut off. */
  async #current(): Promise<Life | undefined> {
    if (this.#beginning === undefined) return this.#life;
    return await this.#beginning.catch(() => undefined);
  }
}

/**
 * The command that starts the program behind it beside init `pid`, in all namespaces and the root of its container.
 * @param user how to enter its user namespace, where that is another one
 */
export function enterArgv(pid: number, user: readonly string[] = []): string[] {
  return [
    'nsenter',
    `--target=${pid}`,
    ...user,
    '--mount',
    '--uts',
    '--ipc',
    '--net',
    '--pid',
    '--root',
    '--wd',
    '--',
  ];
}
