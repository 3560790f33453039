/** Members of one etcd cluster, each in a container of the lab: the store of labs that are to behave like several machines. */
import type { Clock } from '../core/clock.ts';
import { type Container, type Lab, NODE_PATHS, type Process } from '../runtime/runtime.ts';

export interface EtcdMembersOptions {
  readonly lab: Lab;
  readonly clock: Clock;
  /** Of the containers, which are declared here with the role `store`. Three withstand the loss of one. */
  readonly names: readonly string[];
  /** How long the cluster may take to be ready. */
  readonly patienceMs?: number;
}

const CLIENT_PORT = 2379;
const PEER_PORT = 2380;
const DEFAULT_PATIENCE_MS = 20_000;

/**
 * etcd's own defaults, 100 ms and 1,000 ms, are for machines with disks and a network between them, and leave a
 * cluster without leader for 1 to 2 s. Here a round trip takes well under 1 ms and the data lies in memory, so what has to be
 * outlasted is a busy processor: ten missed heartbeats of 50 ms. A lost leader costs 0.5 to 1 s.
 */
const HEARTBEAT_MS = 50;
const ELECTION_MS = 500;
/** Nobody reads old revisions; without this a long life of a lab would fill the quota with them. */
const KEPT_REVISIONS = 1000;

/** What etcd logs when a client may come: the cluster has a leader and knows this member. */
const READY = /^(ready to serve client requests|serving client traffic)/;

export class EtcdMember {
  readonly container: Container;
  readonly #argv: readonly [string, ...string[]];
  readonly #clock: Clock;

  constructor(container: Container, argv: readonly [string, ...string[]], clock: Clock) {
    this.container = container;
    this.#argv = argv;
    this.#clock = clock;
  }

  get endpoint(): string {
    return `http://${this.container.address}:${CLIENT_PORT}`;
  }

  /** Boots the container, again with the data that it had. Resolves when etcd answers clients, for which most members must be up. */
  async start(patienceMs = DEFAULT_PATIENCE_MS): Promise<void> {
    const process = await this.container.boot({ argv: this.#argv });
    const problem = await this.#ready(process, patienceMs);
    if (problem === null) return;
    await this.container.kill();
    throw new Error(`etcd in ${this.container.name} ${problem}`);
  }

  #ready(process: Process, patienceMs: number): Promise<string | null> {
    const { promise, resolve } = Promise.withResolvers<string | null>();
    const cancel = this.#clock.after(patienceMs, () => resolve(`was not ready within ${patienceMs} ms`));
    process.onMessage((line) => {
      const { msg } = (line ?? {}) as { msg?: unknown };
      if (typeof msg === 'string' && READY.test(msg)) resolve(null);
    });
    void process.exited.then(({ code, signal }) =>
      resolve(
        code === 127
          ? 'is not installed: apt-get install etcd-server'
          : `ended with ${signal ?? `status ${code}`}`,
      ),
    );
    return promise.finally(cancel);
  }
}

/** Declares the containers and starts the cluster. Resolves when every member is ready; rejects with one sentence. */
export async function startEtcdMembers({
  lab,
  clock,
  names,
  patienceMs = DEFAULT_PATIENCE_MS,
}: EtcdMembersOptions): Promise<EtcdMember[]> {
  const containers = await Promise.all(names.map((name) => lab.container({ name, role: 'store' })));
  const cluster = containers.map((each) => `${each.name}=${peerUrl(each)}`).join(',');
  const members = containers.map((each) => new EtcdMember(each, argvOf(each, cluster), clock));
  await Promise.all(members.map((member) => member.start(patienceMs)));
  return members;
}

export const endpointsOf = (members: readonly EtcdMember[]): string[] =>
  members.map((member) => member.endpoint);

const peerUrl = ({ address }: Container): string => `http://${address}:${PEER_PORT}`;

function argvOf(container: Container, cluster: string): readonly [string, ...string[]] {
  const options = {
    name: container.name,
    'data-dir': `${NODE_PATHS.stable}/etcd`,
    'listen-client-urls': `http://0.0.0.0:${CLIENT_PORT}`,
    'advertise-client-urls': `http://${container.address}:${CLIENT_PORT}`,
    'listen-peer-urls': `http://0.0.0.0:${PEER_PORT}`,
    'initial-advertise-peer-urls': peerUrl(container),
    'initial-cluster': cluster,
    'heartbeat-interval': HEARTBEAT_MS,
    'election-timeout': ELECTION_MS,
    'auto-compaction-mode': 'revision',
    'auto-compaction-retention': KEPT_REVISIONS,
    logger: 'zap',
    // stdout for the lab, which waits for a line of it; stderr for the container's log.
    'log-outputs': 'stdout,stderr',
  };
  return ['etcd', ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])];
}
