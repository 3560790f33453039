/**
 * The namespace runtime's lab: containers made of namespaces, on a bridge, inside a sandbox. To be opened by
 * the process that is pid 1 of the sandbox (see sandbox.ts); it makes mounts and interfaces, which must
 * never land in the host's namespaces.
 */
import { realpathSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import {
  type Container,
  type ContainerSpec,
  type Lab,
  NODE_PATHS,
  type Partition,
  type PartitionOptions,
} from '../runtime.ts';
import { NamespaceContainer } from './container.ts';
import { buildRoot, isWithin, planRoot, STORAGE_PLACES, VOLATILE_DIRECTORIES } from './container-root.ts';
import { type InitPlan, mountTable } from './init-script.ts';
import { type ContainerLog, type LogSink, openLog } from './log-sink.ts';
import { addressOf, capacity, Network, portOf, serviceAddressOf } from './network.ts';
import { PacketLosses } from './packet-loss.ts';
import { cutsBetween, Partitions } from './partitions.ts';
import { fillUp } from './space-limit.ts';
import type { Environment } from './tools.ts';
import { openStable, openWorkshop, type SharedFilesystem, type Workshop } from './workshop.ts';

export interface NamespaceLabOptions {
  readonly clock: Clock;
  /** Base environment of every program in a container, NODE_COMPILE_CACHE for example. */
  readonly env: Environment;
  readonly log: LogSink;
  /** By default a tmpfs of 256 MiB. */
  readonly shared?: SharedFilesystem;
  /** Names of further shared filesystems, each a tmpfs of 256 MiB; see `Lab.sharedDirOf`. */
  readonly filesystems?: readonly string[];
  /** Further host directories that programs in containers read, wherever they are; /tmp and /run are else hidden. */
  readonly visible?: readonly string[];
  /** How long a killed container may take to be gone before the kill counts as failed; by default 10 s. */
  readonly killPatienceMs?: number;
}

const KILL_PATIENCE_MS = 10_000;

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
  readonly #partitions: Partitions;
  readonly #losses: PacketLosses;
  readonly #kept: readonly string[];
  readonly #containers = new Map<string, NamespaceContainer>();
  readonly #logs: ContainerLog[] = [];
  readonly #declared = { node: 0, client: 0, store: 0 };

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
    this.#partitions = new Partitions(options.env);
    this.#losses = new PacketLosses(options.env);
    this.sharedDir = workshop.shared;
  }

  /** @throws one sentence when called outside a sandbox or when a mount or interface is refused. */
  static async open(options: NamespaceLabOptions): Promise<NamespaceLab> {
    if (process.pid !== 1)
      throw new Error('a lab is opened by process 1 of a sandbox only, so that it leaves nothing behind');
    const kept = [PROJECT, dirname(realpathSync(process.execPath)), ...(options.visible ?? [])];
    for (const path of kept) {
      const hidden = STORAGE_PLACES.find((place) => isWithin(path, place));
      if (hidden !== undefined)
        throw new Error(`${path} cannot be used from within ${hidden}, where nodes have their storage`);
    }
    checkFilesystemNames(options.filesystems ?? []);
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
    const storage = this.#storageOf(spec);
    this.#declared[role] += 1;

    const port = portOf(name, addressOf(role, index), this.#containers.size);
    const plan: InitPlan = {
      hostName: name,
      port,
      storage,
      root: this.#workshop.root,
      rebinds: this.#kept.filter((path) => VOLATILE_DIRECTORIES.some((covered) => isWithin(path, covered))),
      tablePath: join(this.#workshop.path, `${name}.fstab`),
    };
    writeFileSync(plan.tablePath, mountTable(plan));
    const { clock, env, killPatienceMs = KILL_PATIENCE_MS } = this.#options;
    const log = openLog(this.#options.log, name);
    this.#logs.push(log);
    const container = new NamespaceContainer({
      spec,
      plan,
      serviceAddress: serviceAddressOf(role, index),
      network: this.#network,
      log,
      clock,
      env,
      killPatienceMs,
      stablePath: role === 'client' ? null : this.#workshop.stableOf(name),
    });
    this.#containers.set(name, container);
    await Promise.all([
      this.#network.add(port),
      role === 'client' ? undefined : openStable(this.#workshop.stableOf(name), this.#options),
    ]);
    return container;
  }

  async lose(a: readonly string[], b: readonly string[], share: number): Promise<() => Promise<number>> {
    this.#checkSides(a, b);
    return await this.#losses.begin(a, b, share);
  }

  async fill(name: string | null): Promise<() => Promise<void>> {
    const { shared = { kind: 'tmpfs' } } = this.#options;
    if (name === null && shared.kind !== 'tmpfs')
      throw new Error(`${shared.path} is a directory of the machine, which the lab does not fill`);
    return await fillUp(name === null ? this.sharedDir : this.sharedDirOf(name), this.#options.env);
  }

  async partition(a: readonly string[], b: readonly string[], options: PartitionOptions): Promise<Partition> {
    this.#checkSides(a, b);
    return await this.#partitions.cut(cutsBetween(a, b, options.direction));
  }

  sharedDirOf(name: string): string {
    const path = this.#workshop.further.get(name);
    if (path === undefined) throw new Error(`the lab has no shared filesystem "${name}"`);
    return path;
  }

  #checkSides(a: readonly string[], b: readonly string[]): void {
    for (const name of [...a, ...b])
      if (!this.#containers.has(name)) throw new Error(`there is no container "${name}" to partition`);
    const both = a.find((name) => b.includes(name));
    if (both !== undefined) throw new Error(`"${both}" cannot be partitioned from itself`);
  }

  /** Ends every container at once. Mounts and interfaces go with the sandbox. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ends = await Promise.allSettled(
      [...this.#containers.values()].map((container) => container.kill()),
    );
    for (const log of this.#logs.splice(0)) log.close();
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** What a container mounts of the lab's storage. @throws one sentence for a filesystem that it cannot have */
  #storageOf({ name, role, filesystems }: ContainerSpec): InitPlan['storage'] {
    if (role !== 'node' && filesystems !== undefined)
      throw new Error(`"${name}" can have no shared filesystem: its role is ${role}`);
    const stable = { source: this.#workshop.stableOf(name), target: NODE_PATHS.stable };
    if (role !== 'node') return role === 'store' ? [stable] : [];
    const further = [...new Set(filesystems ?? this.#workshop.further.keys())];
    return [
      { source: this.#workshop.shared, target: NODE_PATHS.shared },
      ...further.map((other) => ({ source: this.sharedDirOf(other), target: NODE_PATHS.further(other) })),
      stable,
    ];
  }
}

function checkFilesystemNames(names: readonly string[]): void {
  for (const name of names)
    if (!NAME.test(name))
      throw new Error(
        `"${name}" is no name of a filesystem: 1 to 15 characters of a-z, 0-9 and -, not starting with -`,
      );
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`two filesystems are named "${twice}"`);
}

async function openWorkshopWithRoot(
  options: NamespaceLabOptions,
  kept: readonly string[],
): Promise<Workshop> {
  const further = options.filesystems ?? [];
  const workshop = await openWorkshop(options.shared ?? { kind: 'tmpfs' }, further, kept, options);
  const mountPoints = [
    NODE_PATHS.shared,
    NODE_PATHS.stable,
    NODE_PATHS.gate,
    ...further.map(NODE_PATHS.further),
  ];
  await buildRoot(workshop.root, planRoot(mountPoints), options);
  return workshop;
}
