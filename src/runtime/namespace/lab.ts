/**
 * The namespace runtime's lab: containers made of namespaces, on a bridge, inside a sandbox. To be opened by
 * the process that is pid 1 of the sandbox (see sandbox.ts); it makes mounts and interfaces, which must
 * never land in the host's namespaces.
 */
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { type Container, type ContainerSpec, type Lab, NODE_PATHS } from '../runtime.ts';
import { NamespaceContainer } from './container.ts';
import { buildRoot, isWithin, planRoot, VOLATILE_DIRECTORIES } from './container-root.ts';
import { type InitPlan, mountTable } from './init-script.ts';
import { type ContainerLog, type LogSink, openLog } from './log-sink.ts';
import { addressOf, capacity, Network, portOf } from './network.ts';
import type { Environment } from './tools.ts';
import { openWorkshop, type SharedFilesystem, type Workshop } from './workshop.ts';

export interface NamespaceLabOptions {
  readonly clock: Clock;
  /** Base environment of every program in a container, NODE_COMPILE_CACHE for example. */
  readonly env: Environment;
  readonly log: LogSink;
  /** By default a tmpfs of 256 MiB. */
  readonly shared?: SharedFilesystem;
  /** Further host directories that programs in containers read, wherever they are; /tmp and /run are else hidden. */
  readonly visible?: readonly string[];
}

/** Host name, interface and directory name in one: what Linux allows for all three. */
const NAME = /^[a-z0-9][a-z0-9-]{0,14}$/;
/** Names that mean something else to `ip` or the kernel, or belong to the lab. */
const TAKEN = /^(lo|all|default|lab-.*)$/;
/** This project's own directory: containers run its programs. */
const PROJECT = resolve(import.meta.dirname, '..', '..', '..');

export class NamespaceLab implements Lab {
  readonly sharedDir: string;
  readonly #options: NamespaceLabOptions;
  readonly #workshop: Workshop;
  readonly #network: Network;
  readonly #kept: readonly string[];
  readonly #containers = new Map<string, NamespaceContainer>();
  readonly #logs: ContainerLog[] = [];
  readonly #declared = { node: 0, client: 0 };

  private constructor(
    options: NamespaceLabOptions,
    workshop: Workshop,
    network: Network,
    kept: readonly string[],
  ) {
    this.#options = options;
    this.#workshop = workshop;
    this.#network = network;
    this.#kept = kept;
    this.sharedDir = workshop.shared;
  }

  /** @throws one sentence when called outside a sandbox or when a mount or interface is refused. */
  static async open(options: NamespaceLabOptions): Promise<NamespaceLab> {
    if (process.pid !== 1)
      throw new Error('a lab is opened by process 1 of a sandbox only, so that it leaves nothing behind');
    const kept = [PROJECT, dirname(realpathSync(process.execPath)), ...(options.visible ?? [])];
    for (const path of kept) {
      const hidden = [NODE_PATHS.shared, NODE_PATHS.stable].find((place) => isWithin(path, place));
      if (hidden !== undefined)
        throw new Error(`${path} cannot be used from within ${hidden}, where nodes have their storage`);
    }
    const network = new Network(options.env);
    const [workshop] = await Promise.all([openWorkshopWithRoot(options, kept), network.open()]);
    return new NamespaceLab(options, workshop, network, kept);
  }

  async container(spec: ContainerSpec): Promise<Container> {
    const { name, role } = spec;
    if (!NAME.test(name))
      throw new Error(
        `"${name}" is no container name: 1 to 15 characters of a-z, 0-9 and -, not starting with -`,
      );
    if (TAKEN.test(name)) throw new Error(`"${name}" cannot be a container's name: it is taken`);
    if (this.#containers.has(name)) throw new Error(`there is a container "${name}" already`);
    const index = this.#declared[role];
    if (index >= capacity(role))
      throw new Error(`a lab has room for ${capacity(role)} containers with the role ${role}`);
    this.#declared[role] += 1;

    const port = portOf(name, addressOf(role, index), this.#containers.size);
    const stable = join(this.#workshop.stable, name);
    if (role === 'node') mkdirSync(stable);
    const plan: InitPlan = {
      hostName: name,
      port,
      ...(role === 'node' ? { storage: { shared: this.#workshop.shared, stable } } : {}),
      root: this.#workshop.root,
      rebinds: this.#kept.filter((path) => VOLATILE_DIRECTORIES.some((covered) => isWithin(path, covered))),
      tablePath: join(this.#workshop.path, `${name}.fstab`),
    };
    writeFileSync(plan.tablePath, mountTable(plan));
    const { clock, env } = this.#options;
    const log = openLog(this.#options.log, name);
    this.#logs.push(log);
    const container = new NamespaceContainer({ spec, plan, network: this.#network, log, clock, env });
    this.#containers.set(name, container);
    await this.#network.add(port);
    return container;
  }

  /** Ends every container at once. Mounts and interfaces go with the sandbox. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#containers.values()].map((container) => container.kill()));
    for (const log of this.#logs.splice(0)) log.close();
  }
}

async function openWorkshopWithRoot(
  options: NamespaceLabOptions,
  kept: readonly string[],
): Promise<Workshop> {
  const workshop = await openWorkshop(options.shared ?? { kind: 'tmpfs' }, kept, options);
  await buildRoot(workshop.root, planRoot([NODE_PATHS.shared, NODE_PATHS.stable]), options);
  return workshop;
}
