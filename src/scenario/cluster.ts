/**
 * A cluster on a lab: node agents and client agents in their containers, their events in one history,
 * their commands and answers. Runs carry it to a verdict; `gracelab up` keeps it to play with.
 */
import type { Clock } from '../core/clock.ts';
import type { MutantId } from '../core/mutants.ts';
import type { HistoryEvent } from '../history/events.ts';
import { type Lab, NODE_PATHS, type Program } from '../runtime/runtime.ts';
import { Agent, type Reply } from './agent.ts';
import { ClusterNode } from './cluster-node.ts';
import { Observations } from './observations.ts';
import type { ClusterShape, ScenarioClient } from './scenario.ts';

const NFS_PORT = 2049;
/** From process start to `ready`; a machine with both cores busy needs a while. */
const BOOT_MS = 15_000;

export interface ClusterOptions {
  readonly lab: Lab;
  readonly shape: ClusterShape;
  readonly mutants: readonly MutantId[];
  /** How the agents are started. */
  readonly programs: { readonly node: Program; readonly client: Program };
  readonly clock: Clock;
  /** Origin of every event's `t`, as `process.hrtime.bigint()` gave it. */
  readonly originNs: bigint;
  /** Nanoseconds since that origin. */
  readonly stamp: () => number;
  /** Every event of every agent, as it arrives. */
  readonly record: (event: HistoryEvent) => void;
}

/** A client agent and where it mounts. */
export interface ClusterClient {
  readonly name: string;
  readonly node: string;
  command(command: string, parameters: object, timeoutMs: number): Promise<Reply>;
}

export class Cluster {
  readonly observations = new Observations();
  readonly #options: ClusterOptions;
  readonly #nodes = new Map<string, ClusterNode>();
  readonly #clients = new Map<string, ClusterClient>();
  readonly #waiting = new Set<() => void>();
  #checkQueued = false;
  #stopping = false;
  #lost: string | null = null;

  private constructor(options: ClusterOptions) {
    this.#options = options;
  }

  /**
   * Boots all nodes at once and waits until each of them serves.
   * @throws Error one sentence, when one of them does not
   */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options);
    await cluster.#addNodes();
    await Promise.all([...cluster.#nodes.values()].map((node) => node.start()));
    return cluster;
  }

  get nodes(): readonly ClusterNode[] {
    return [...this.#nodes.values()];
  }

  get clients(): readonly ClusterClient[] {
    return [...this.#clients.values()];
  }

  /** Why the cluster is not what it should be: an agent ended by itself. Null while all is well. */
  get lost(): string | null {
    return this.#lost;
  }

  /** @throws Error for a name that the cluster does not have */
  node(name: string): ClusterNode {
    const node = this.#nodes.get(name);
    if (!node) throw new Error(`the cluster has no node called ${name}`);
    return node;
  }

  /** @throws Error for a name that the cluster does not have */
  client(name: string): ClusterClient {
    const client = this.#clients.get(name);
    if (!client) throw new Error(`the cluster has no client called ${name}`);
    return client;
  }

  /**
   * Starts a client agent; its name is its owner id.
   * @throws Error one sentence, when it does not start
   */
  async addClient({ name, node }: ScenarioClient): Promise<ClusterClient> {
    const { lab, programs, clock, originNs, shape } = this.#options;
    const container = await lab.container({ name, role: 'client' });
    const process = await container.boot(programs.client);
    const servers = Object.fromEntries(this.nodes.map((one) => [one.name, one.address]));
    const configuration = {
      name,
      node,
      servers,
      port: NFS_PORT,
      leaseMs: shape.leaseMs,
      originNs: String(originNs),
    };
    const agent = new Agent({
      title: `client ${name}`,
      process,
      configuration,
      clock,
      onEvent: this.record,
    });
    void process.exited.then(({ code, signal }) => {
      if (!this.#stopping)
        this.#lose(`client ${name} ended by itself (${signal ?? `status ${code}`}); its log says why`);
    });
    await agent.ready(BOOT_MS);
    const client: ClusterClient = {
      name,
      node,
      command: (command, parameters, timeoutMs) => agent.command(command, parameters, timeoutMs),
    };
    this.#clients.set(name, client);
    return client;
  }

  /** Puts an event of the lab itself into the history, and lets those who wait have a look. */
  readonly record = (event: HistoryEvent): void => {
    this.observations.add(event);
    this.#options.record(event);
    this.#queueCheck();
  };

  /**
   * Waits until the predicate holds; it is asked again after every batch of events.
   * @returns `timeout` when it never did, `lost` when an agent ended by itself meanwhile
   */
  until(predicate: () => boolean, timeoutMs: number): Promise<'holds' | 'timeout' | 'lost'> {
    return new Promise((resolve) => {
      const finish = (outcome: 'holds' | 'timeout' | 'lost') => {
        this.#waiting.delete(look);
        cancel();
        resolve(outcome);
      };
      const look = () => {
        if (predicate()) finish('holds');
        else if (this.#lost !== null) finish('lost');
      };
      const cancel = this.#options.clock.after(timeoutMs, () => finish('timeout'));
      this.#waiting.add(look);
      look();
    });
  }

  /** From now on agents may end without that being news. */
  expectEnd(): void {
    this.#stopping = true;
  }

  async #addNodes(): Promise<void> {
    const { lab, shape, mutants, programs, clock, originNs, stamp } = this.#options;
    for (const name of shape.nodes) {
      const container = await lab.container({ name, role: 'node' });
      const configuration = {
        node: name,
        members: shape.nodes,
        address: container.address,
        port: NFS_PORT,
        leaseMs: shape.leaseMs,
        graceMs: shape.graceMs,
        originNs: String(originNs),
        shared: NODE_PATHS.shared,
        stable: NODE_PATHS.stable,
        mutants,
      };
      this.#nodes.set(
        name,
        new ClusterNode({
          container,
          program: programs.node,
          configuration,
          clock,
          stamp,
          bootMs: BOOT_MS,
          leaveMs: BOOT_MS + shape.graceMs,
          record: this.record,
          onLost: (sentence) => this.#lose(sentence),
        }),
      );
    }
  }

  #lose(sentence: string): void {
    if (this.#stopping) return;
    this.#lost ??= sentence;
    this.#queueCheck();
  }

  /** Events come in bursts; looking once after each burst is enough. */
  #queueCheck(): void {
    if (this.#checkQueued || this.#waiting.size === 0) return;
    this.#checkQueued = true;
    queueMicrotask(() => {
      this.#checkQueued = false;
      for (const look of [...this.#waiting]) look();
    });
  }
}
