import type { Offer } from '../../runtime/abilities.ts';
import type {
  BootOptions,
  Container,
  ContainerSpec,
  Lab,
  Partition,
  PartitionOptions,
  PortRules,
  Process,
  Program,
  StableStorage,
} from '../../runtime/runtime.ts';

/** A lab that can say where its containers are, and which process is the init of each at the moment. */
export class LocatingLab implements Lab {
  readonly sharedDir: string;
  readonly #lab: Lab;
  readonly #containers = new Map<string, LocatedContainer>();

  constructor(lab: Lab) {
    this.#lab = lab;
    this.sharedDir = lab.sharedDir;
  }

  async container(spec: ContainerSpec): Promise<Container> {
    const container = new LocatedContainer(await this.#lab.container(spec));
    this.#containers.set(spec.name, container);
    return container;
  }

  sharedDirOf(name: string): string {
    return this.#lab.sharedDirOf(name);
  }

  get offer(): Offer | undefined {
    return this.#lab.offer;
  }

  get lose(): Lab['lose'] {
    return this.#lab.lose?.bind(this.#lab);
  }

  get fill(): Lab['fill'] {
    return this.#lab.fill?.bind(this.#lab);
  }

  partition(a: readonly string[], b: readonly string[], options: PartitionOptions): Promise<Partition> {
    return this.#lab.partition(a, b, options);
  }

  /** Undefined for a name that no container has. */
  find(name: string): LocatedContainer | undefined {
    return this.#containers.get(name);
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#lab[Symbol.asyncDispose]();
  }
}

class LocatedContainer implements Container {
  readonly name: string;
  readonly role: Container['role'];
  readonly address: string;
  readonly serviceAddress: string | null;
  readonly powerCut: Container['powerCut'];
  readonly kill: Container['kill'];
  readonly stop: Container['stop'];
  readonly pause: Container['pause'];
  readonly resume: Container['resume'];
  readonly exec: Container['exec'];
  readonly #container: Container;
  #init: Process | null = null;

  constructor(container: Container) {
    this.#container = container;
    this.name = container.name;
    this.role = container.role;
    this.address = container.address;
    this.serviceAddress = container.serviceAddress;
    this.powerCut = () => container.powerCut();
    this.kill = () => container.kill();
    this.stop = (patienceMs) => container.stop(patienceMs);
    this.pause = () => container.pause();
    this.resume = () => container.resume();
    this.exec = (argv, options) => container.exec(argv, options);
  }

  get running(): boolean {
    return this.#container.running;
  }

  /** As the sandbox numbers it; null while the container is down. */
  get initPid(): number | null {
    return this.running ? (this.#init?.pid ?? null) : null;
  }

  get port(): PortRules | undefined {
    return this.#container.port;
  }

  get stable(): StableStorage | undefined {
    return this.#container.stable;
  }

  get beside(): Container['beside'] {
    return this.#container.beside?.bind(this.#container);
  }

  async boot(program: Program, options?: BootOptions): Promise<Process> {
    this.#init = await this.#container.boot(program, options);
    return this.#init;
  }
}
