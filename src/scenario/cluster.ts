/**
 * A cluster on a lab: node agents and client agents in their containers, the members of its ledger's store, their events
 * in one history, their commands and answers. Runs carry it to a verdict; `gracelab up` keeps it to play with.
 */
import type { Clock } from '../core/clock.ts';
import type { Fencer } from '../core/fencer.ts';
import type { MutantId } from '../core/mutants.ts';
import { Cuts } from '../faults/cuts.ts';
import { Disturbances } from '../faults/disturbances.ts';
import type { BreakableNode, Fault, FaultSurroundings } from '../faults/fault.ts';
import type { Population } from '../faults/targets.ts';
import { type HistoryEvent, LIFE_ENDING_FAULTS } from '../history/events.ts';
import type { Offer } from '../runtime/abilities.ts';
import type { Container, Lab, Program } from '../runtime/runtime.ts';
import { ClusterClient } from './cluster-client.ts';
import { ClusterFencing } from './cluster-fencing.ts';
import { ClusterLedger, type LedgerAccess, type LedgerHold, ledgerTarget } from './cluster-ledger.ts';
import { ClusterNetwork } from './cluster-network.ts';
import { ClusterNode } from './cluster-node.ts';
import { ClusterProgram } from './cluster-program.ts';
import { containersOf, domainsOf, hasSeveralDomains, storeMembersOf } from './cluster-shape.ts';
import { ClusterWatch } from './cluster-watch.ts';
import { endpointsOf, startEtcdMembers } from './etcd-members.ts';
import {
  type ClusterConfiguration,
  NFS_PORT,
  nodeConfiguration,
  operatorsDomain,
} from './node-configuration.ts';
import { Observations } from './observations.ts';
import type { OperatorsDomain } from './operator.ts';
import type { ClusterShape, DomainShape, ScenarioClient, ScenarioProgram } from './scenario.ts';
import { StoreMember } from './store-member.ts';

/** From process start to `ready`; a machine with both cores busy needs a while. */
const BOOT_MS = 15_000;

export interface ClusterOptions {
  readonly lab: Lab;
  readonly shape: ClusterShape;
  readonly mutants: readonly MutantId[];
  /** How the agents are started. */
  readonly programs: {
    readonly node: Program;
    readonly client: Program;
    readonly relay?: Program;
    readonly local?: Program;
  };
  /** Opens a ledger's file so that it can be held; left out: such faults are refused. */
  readonly openLedgerHold?: (file: string) => LedgerHold;
  /** Left out: as files and members on the lab's own machine. */
  readonly ledgerAccess?: LedgerAccess;
  readonly clock: Clock;
  /** Origin of every event's `t`, as `process.hrtime.bigint()` gave it. */
  readonly originNs: bigint;
  /** Nanoseconds since that origin. */
  readonly stamp: () => number;
  /** Every event of every agent, as it arrives. */
  readonly record: (event: HistoryEvent) => void;
}

export class Cluster {
  readonly observations = new Observations();
  /** What faults on this cluster need. */
  readonly surroundings: Omit<FaultSurroundings, 'random' | 'tell'>;
  readonly #options: ClusterOptions;
  readonly #nodes = new Map<string, ClusterNode>();
  readonly #clients = new Map<string, ClusterClient>();
  readonly #programs = new Map<string, ClusterProgram>();
  readonly #fencing: ClusterFencing;
  readonly #watch: ClusterWatch;
  readonly #stores = new Map<string, StoreMember>();
  /** Of the etcd cluster; null where the ledgers are files. */
  #endpoints: readonly string[] | null = null;
  #stopping = false;
  /** By name: what ended without having been told to. */
  readonly #ended = new Map<string, string>();

  private constructor(options: ClusterOptions) {
    this.#options = options;
    const { clock, lab } = options;
    this.#fencing = new ClusterFencing({ clock, node: (name) => this.#nodes.get(name) });
    this.#watch = new ClusterWatch(clock);
    this.surroundings = {
      clock,
      cuts: new Cuts((a, b, how) => lab.partition(a, b, how)),
      disturbances: new Disturbances(),
      network: new ClusterNetwork({
        lab,
        relay: options.programs.relay ?? null,
        containerOf: (name) => this.node(name).container,
        addressOf: (name) => (this.#clients.get(name) ?? this.node(name)).address,
        onLife: (name, listener) => this.node(name).onLife(listener),
        everybody: () => [...this.#nodes.keys(), ...this.#stores.keys(), ...this.#clients.keys()],
      }),
      ledger: new ClusterLedger({
        lab,
        shape: options.shape,
        clock,
        stores: () => this.stores,
        nodes: () => [...this.#nodes.keys()],
        openHold: options.openLedgerHold ?? null,
        access: options.ledgerAccess,
      }),
    };
  }

  /**
   * Starts the store, then boots all members at once and waits until each of them serves. Spares have a container, and are off.
   * @throws Error one sentence, when one of them does not come up
   */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options);
    await cluster.#startStore();
    await cluster.#addNodes();
    await Promise.all(options.shape.nodes.map((name) => cluster.node(name).start()));
    return cluster;
  }

  /** Members and spares. */
  get nodes(): readonly ClusterNode[] {
    return [...this.#nodes.values()];
  }

  get clients(): readonly ClusterClient[] {
    return [...this.#clients.values()];
  }

  /** Members of the etcd cluster; none where the ledger is a file. */
  get stores(): readonly StoreMember[] {
    return [...this.#stores.values()];
  }

  get storeNames(): readonly string[] {
    return storeMembersOf(this.#options.shape);
  }

  /** Why the cluster is not what it should be: an agent ended by itself. Null while all is well. */
  get lost(): string | null {
    return this.#watch.lost;
  }

  /** As {@link lost}, but of those that are not back by now; null when there are none. */
  get missing(): string | null {
    const missing = [...this.#ended].filter(([name]) => this.#nodes.get(name)?.serving !== true);
    return missing.length === 0 ? null : missing.map(([, sentence]) => sentence).join('; ');
  }

  /** Resolves with that sentence, if there ever is one. */
  get whenLost(): Promise<string> {
    return this.#watch.whenLost;
  }

  /** @throws Error for a name that the cluster does not have */
  node(name: string): ClusterNode {
    const node = this.#nodes.get(name);
    if (!node) throw new Error(`the cluster has no node called ${name}`);
    return node;
  }

  /** A node, a client, a member of the store, to be broken. @throws Error for a name that the cluster does not have */
  breakable(name: string): BreakableNode {
    const { ledger } = this.surroundings;
    const known = this.#stores.get(name) ?? this.#clients.get(name) ?? this.#nodes.get(name);
    return known ?? (ledger.names.includes(name) ? ledgerTarget(name) : this.node(name));
  }

  /** Whom faults can hit. */
  get population(): Population {
    return {
      nodes: this.nodes.map(({ name }) => name),
      stores: this.storeNames,
      clients: this.clients.map(({ name }) => name),
      ledgers: this.surroundings.ledger.names,
      playing: (role) => this.observations.playing(role),
      serverOf: (client) => this.observations.carrierOf(this.client(client).node),
    };
  }

  /** @throws Error for a name that the cluster does not have */
  client(name: string): ClusterClient {
    const client = this.#clients.get(name);
    if (!client) throw new Error(`the cluster has no client called ${name}`);
    return client;
  }

  /** Programs on the nodes that are not NFS clients. */
  get programs(): readonly ClusterProgram[] {
    return [...this.#programs.values()];
  }

  /** Who carries out a step: a client, or a local program. @throws Error for a name that the cluster does not have */
  actor(name: string): Pick<ClusterClient, 'command'> {
    return this.#programs.get(name) ?? this.client(name);
  }

  /** The lock domains of a node, as the lab's own process gets at them; what none names has none. */
  domainsOf(node: string): readonly { readonly domain: DomainShape; readonly at: OperatorsDomain }[] {
    const { lab, shape } = this.#options;
    const endpoints = this.#endpoints;
    return domainsOf(shape, node).map((domain) => ({
      domain,
      at: operatorsDomain(lab, domain, { shape, endpoints }),
    }));
  }

  /** How events tell a domain from others: not at all where there is only one. */
  labelOf(domain: DomainShape): { readonly domain?: string } {
    return hasSeveralDomains(this.#options.shape) ? { domain: domain.name } : {};
  }

  /** Who makes sure that a life in this domain is over. */
  fencerOf(label: string): Fencer {
    return this.#fencing.fencerOf(label);
  }

  /**
   * Starts a client agent; its name is its owner id. It mounts service addresses.
   * @throws Error one sentence, when it does not start
   */
  async addClient({ name, node }: ScenarioClient): Promise<ClusterClient> {
    const { lab, programs, clock, originNs, shape, stamp } = this.#options;
    const container = await lab.container({ name, role: 'client' });
    const client = new ClusterClient({
      container,
      program: programs.client,
      node,
      configuration: {
        name,
        node,
        servers: Object.fromEntries(this.nodes.map((one) => [one.name, one.serviceAddress])),
        port: NFS_PORT,
        leaseMs: shape.leaseMs,
        originNs: String(originNs),
      },
      clock,
      stamp,
      bootMs: BOOT_MS,
      record: this.record,
      onLost: (sentence) => this.#lose(name, sentence),
    });
    await client.start();
    this.#clients.set(name, client);
    return client;
  }

  /** Starts a program on its node, if that serves. @throws Error one sentence, when it does not start */
  async addProgram({ name, node }: ScenarioProgram): Promise<void> {
    const { programs, clock, originNs, stamp } = this.#options;
    if (programs.local === undefined) throw new Error(`${name} cannot run: this lab has no local programs`);
    const program = new ClusterProgram({
      name,
      node: this.node(node),
      program: programs.local,
      originNs,
      clock,
      stamp,
      bootMs: BOOT_MS,
      record: this.record,
    });
    this.#programs.set(name, program);
    if (this.node(node).serving) await program.start();
  }

  /** Puts an event of the lab itself into the history, and lets those who wait have a look. */
  readonly record = (event: HistoryEvent): void => {
    this.observations.add(event);
    this.#options.record(event);
    this.#watch.lookAgain();
  };

  /** Puts the beginning or the end of a fault into the history. */
  tellFault(
    { name, endsLife }: Pick<Fault, 'name' | 'endsLife'>,
    phase: 'begin' | 'end',
    targets: readonly string[],
    detail?: string,
  ): void {
    // Clients, and members of the store, have lives too; those that the checkers follow are the nodes'.
    const nodes = targets.filter((target) => this.#nodes.has(target));
    const others = targets.filter((target) => !nodes.includes(target));
    const told = {
      kind: 'fault',
      phase,
      fault: name,
      t: this.#options.stamp(),
      ...(detail && { detail }),
    } as const;
    const life = endsLife === LIFE_ENDING_FAULTS.has(name) ? {} : { endsLife };
    if (nodes.length > 0) this.record({ ...told, targets: nodes, ...life });
    if (others.length > 0) this.record({ ...told, targets: others, endsLife: false });
  }

  /** What its lab can do; undefined where that does not say. */
  get offer(): Offer | undefined {
    return this.#options.lab.offer;
  }

  /**
   * Waits until the predicate holds; it is asked again after every batch of events.
   * @returns `timeout` when it never did, `lost` when an agent ended by itself meanwhile
   */
  until(predicate: () => boolean, timeoutMs: number): Promise<'holds' | 'timeout' | 'lost'> {
    return this.#watch.until(predicate, timeoutMs);
  }

  /** From now on agents may end without that being news. */
  expectEnd(): void {
    this.#stopping = true;
  }

  async #startStore(): Promise<void> {
    const { lab, shape, clock } = this.#options;
    if (shape.store !== 'etcd') return;
    const members = await startEtcdMembers({ lab, clock, names: this.storeNames });
    for (const member of members) this.#stores.set(member.container.name, new StoreMember(member));
    this.#endpoints = endpointsOf(members);
  }

  /** All containers first: each node is told everybody's service address. */
  async #addNodes(): Promise<void> {
    const { lab, shape, mutants, originNs } = this.#options;
    const containers = new Map<string, Container>();
    for (const name of containersOf(shape)) {
      const filesystems = hasSeveralDomains(shape) ? domainsOf(shape, name).map((domain) => domain.name) : [];
      containers.set(name, await lab.container({ name, role: 'node', filesystems }));
    }
    const serviceAddresses: Record<string, string> = {};
    for (const { name, serviceAddress } of containers.values())
      if (serviceAddress !== null) serviceAddresses[name] = serviceAddress;
    const configuration = { shape, mutants, originNs, serviceAddresses, endpoints: this.#endpoints };
    for (const container of containers.values()) this.#addNode(container, configuration);
  }

  #addNode(container: Container, configuration: ClusterConfiguration): void {
    const { programs, clock, stamp, shape } = this.#options;
    const node = new ClusterNode({
      container,
      program: programs.node,
      configuration: nodeConfiguration(container.name, configuration),
      clock,
      stamp,
      bootMs: BOOT_MS,
      leaveMs: BOOT_MS + shape.graceMs,
      afterFence: shape.afterFence,
      record: this.record,
      onRequest: this.#fencing.answer,
      onLost: (sentence) => this.#lose(container.name, sentence),
    });
    this.#nodes.set(container.name, node);
  }

  #lose(name: string, sentence: string): void {
    if (this.#stopping) return;
    this.#ended.set(name, sentence);
    this.#watch.lose(sentence);
  }
}
