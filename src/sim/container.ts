/** A simulated container: what stays the same over its lives, and how a life begins and ends. */
import type { Container, ContainerRole, Process, Program } from '../runtime/runtime.ts';
import { skewed } from './chance.ts';
import { SimMachine } from './machine/machine.ts';
import { type Exit, SimProcess } from './machine/process.ts';
import type { Host } from './network/network.ts';
import type { Reach } from './storage/ledger-store.ts';
import type { World } from './world.ts';

/** What a program does, from the start of its process on. Whatever it says and does ends with the process. */
export type Body = (machine: SimMachine) => void;

export interface ContainerParts {
  readonly world: World;
  readonly name: string;
  readonly role: ContainerRole;
  readonly address: string;
  readonly serviceAddress: string | null;
  /** By the first word of a program. */
  readonly bodies: ReadonlyMap<string, Body>;
  readonly reachEtcd: (host: Host, endpoints: readonly string[], member: number) => Reach;
}

/** From the call to the first line of the program: namespaces, mounts, the start of a process. */
const LEAST_BOOT_MS = 20;
const MOST_BOOT_MS = 250;
/** Between the silence of a power cut and the end of the processes. */
const MOST_CUT_MS = 3;
const SIGTERM_MS = 1;
/** The kernel's last words reach the bridge before the interface is parked. */
const LAST_WORDS_MS = 30;

export class SimContainer implements Container {
  readonly name: string;
  readonly role: ContainerRole;
  readonly address: string;
  readonly serviceAddress: string | null;
  readonly host: Host;
  readonly #parts: ContainerParts;
  #process: SimProcess | null = null;
  #gone: Promise<Exit> = Promise.resolve({ code: 0, signal: null });
  #running = false;

  constructor(parts: ContainerParts) {
    const { name, role, address, serviceAddress, world } = parts;
    this.name = name;
    this.role = role;
    this.address = address;
    this.serviceAddress = serviceAddress;
    this.#parts = parts;
    this.host = world.network.host(name);
  }

  get running(): boolean {
    return this.#running;
  }

  /** Of the life that runs now; null between two lives. */
  get process(): SimProcess | null {
    return this.#process;
  }

  async boot(program: Program): Promise<Process> {
    if (this.#running) throw new Error(`${this.name} is already running`);
    const { world, bodies, address, reachEtcd } = this.#parts;
    const body = bodies.get(program.argv[0]);
    if (body === undefined) throw new Error(`the simulation has no program ${program.argv[0]}`);
    const process = new SimProcess(this.name, world.nextPid(), world.timeline);
    this.#running = true;
    this.#process = process;
    this.#gone = process.exited;
    this.host.up = true;
    world.network.raise(address, this.host);
    const exit = (code: number) => this.#end({ code, signal: null });
    const machine = new SimMachine({ world, process, host: this.host, address, exit, reachEtcd });
    process.after(skewed(machine.random, LEAST_BOOT_MS, MOST_BOOT_MS), () => body(machine));
    return process;
  }

  async powerCut(): Promise<void> {
    const { world } = this.#parts;
    const process = this.#process;
    if (process === null) return;
    world.network.down(this.host);
    const random = world.chance.stream(`cut ${process.pid}`);
    await new Promise<void>((resolve) => void world.timeline.after(skewed(random, 0, MOST_CUT_MS), resolve));
    if (this.#process === process) this.#end({ code: null, signal: 'SIGKILL' });
    await process.exited;
  }

  async kill(): Promise<void> {
    this.#end({ code: null, signal: 'SIGKILL' });
    await this.#gone;
  }

  async stop(patienceMs: number): Promise<void> {
    const { timeline } = this.#parts.world;
    const process = this.#process;
    process?.after(SIGTERM_MS, () => this.#end({ code: 0, signal: null }));
    const cancel = timeline.after(patienceMs, () => {
      if (this.#process === process) this.#end({ code: null, signal: 'SIGKILL' });
    });
    await this.#gone;
    cancel();
  }

  pause(): void {
    this.#process?.pause();
  }

  resume(): void {
    this.#process?.resume();
  }

  exec(): Promise<never> {
    return Promise.reject(new Error('nothing can be started beside the program of a simulated container'));
  }

  /** The life ends now; what it held goes as the kernel takes it back, and only then is the container free. */
  #end(exit: Exit): void {
    const process = this.#process;
    if (process === null || !process.alive) return;
    const { network, kernel, timeline } = this.#parts.world;
    process.die();
    network.endConnectionsOf(process);
    kernel.takeBack(process, () =>
      timeline.after(this.host.up ? LAST_WORDS_MS : 0, () => {
        network.down(this.host);
        network.dropAll(this.host);
        this.#process = null;
        this.#running = false;
        process.gone(exit);
      }),
    );
  }
}
