/** A lab whose containers exist in one program's memory, on virtual time: what scenario/cluster.ts runs on, as it does on real ones. */
import { join } from 'node:path';
import type { Offer } from '../runtime/abilities.ts';
import {
  type ContainerSpec,
  type Lab,
  NODE_PATHS,
  type Partition,
  type PartitionOptions,
} from '../runtime/runtime.ts';
import type { SharedView } from '../scenario/audit.ts';
import type { LedgerAccess, LedgerHold } from '../scenario/cluster-ledger.ts';
import { LEDGER_FILE } from '../scenario/node-configuration.ts';
import { type Body, SimContainer } from './container.ts';
import { LockManager } from './machine/lock-manager.ts';
import { ETCD_CLUSTER, type SimMachine } from './machine/machine.ts';
import type { Host } from './network/network.ts';
import type { Reach } from './storage/ledger-store.ts';
import type { World } from './world.ts';

const ETCD = 'etcd';
/** What scenario/etcd-members.ts waits for. */
const ETCD_READY = { msg: 'ready to serve client requests' };
const ETCD_LOOK_MS = 20;

/** Abilities that need a real machine, or that nobody has simulated yet. */
export const SIMULATION_OFFER: Offer = {
  runtime: 'the simulation',
  missing: (
    [
      'packet-loss',
      'connection-reset',
      'relay',
      'clock-offset',
      'stable-storage',
      'second-process',
      'gate',
    ] as const
  ).map((ability) => ({ ability, remedy: 'run the scenario on real containers: gracelab run' })),
};

export class SimLab implements Lab {
  readonly sharedDir = NODE_PATHS.shared;
  readonly offer = SIMULATION_OFFER;
  readonly #world: World;
  readonly #bodies: ReadonlyMap<string, Body>;
  readonly #containers = new Map<string, SimContainer>();
  /** By the addresses that they are asked at. */
  readonly #etcdMembersAt = new Map<readonly string[], readonly SimContainer[]>();

  /**
   * @param bodies what the programs of containers do, by the first word of their command line
   * @param kernels under the nodes' shared filesystem: one of all, or one of each
   */
  constructor(world: World, bodies: Readonly<Record<string, Body>>, kernels: 'one' | 'several' = 'one') {
    this.#world = world;
    if (kernels === 'several')
      new LockManager(world, () => [...this.#containers.values()].filter(({ role }) => role === 'node'));
    this.#bodies = new Map([...Object.entries(bodies), [ETCD, (machine) => this.#becomeReady(machine)]]);
  }

  sharedDirOf(name: string): string {
    return NODE_PATHS.further(name);
  }

  async container({ name, role }: ContainerSpec): Promise<SimContainer> {
    const number = this.#containers.size + 1;
    const container = new SimContainer({
      world: this.#world,
      name,
      role,
      address: `10.77.0.${number}`,
      serviceAddress: role === 'node' ? `10.77.2.${number}` : null,
      bodies: this.#bodies,
      reachEtcd: (host, endpoints, member) => this.#reachEtcd(host, endpoints, member),
    });
    this.#containers.set(name, container);
    this.#etcdMembersAt.clear();
    return container;
  }

  async partition(
    a: readonly string[],
    b: readonly string[],
    { direction }: PartitionOptions,
  ): Promise<Partition> {
    for (const name of [...a, ...b])
      if (!this.#containers.has(name)) throw new Error(`the lab has no container called ${name}`);
    const twice = a.find((name) => b.includes(name));
    if (twice !== undefined) throw new Error(`${twice} cannot be cut off from itself`);
    const heal = this.#world.network.cut(a, b, direction);
    return { heal: async () => heal() };
  }

  /** In the simulation, what is exported has room all the same. */
  readonly fill = async (name: string | null): Promise<() => Promise<void>> =>
    this.#world.trouble(ledgerFileIn(name === null ? this.sharedDir : this.sharedDirOf(name))).fill();

  /** How faults get at the ledgers: every lab has files or members of its own for that. */
  readonly ledgerAccess: LedgerAccess = {
    takeAway: (file) => this.#world.trouble(file).takeAway(),
    raiseAlarm: async () => this.#world.trouble(ETCD_CLUSTER).fill(),
  };

  /** As one more writer of a ledger's file. */
  readonly openLedgerHold = (file: string): LedgerHold => {
    const trouble = this.#world.trouble(file);
    const keep = (held: boolean) => () => {
      trouble.held = held;
    };
    return { hold: keep(true), release: keep(false), close: keep(false) };
  };

  /** The lab's own look at a shared filesystem, past every server. */
  readonly view = (sharedDir: string): SharedView => {
    const { kernel } = this.#world;
    const tree = this.#world.tree(sharedDir);
    return {
      conflict(file, { start, end }, mode) {
        const inode = tree.at(file);
        if (inode === undefined) return null;
        const span = { start: BigInt(start), end: end === null ? null : BigInt(end) };
        const found = kernel.file(`${sharedDir}#${inode.id}`).locks.find(null, span, mode);
        if (found === null) return null;
        return {
          start: Number(found.span.start),
          end: found.span.end === null ? null : Number(found.span.end),
        };
      },
      content: (file, count) => tree.at(file)?.data.toString('utf8', 0, count) ?? null,
    };
  };

  async [Symbol.asyncDispose](): Promise<void> {}

  #etcdMembers(): SimContainer[] {
    return [...this.#containers.values()].filter(({ role }) => role === 'store');
  }

  #becomeReady(machine: SimMachine): void {
    const members = this.#etcdMembers();
    const up = members.filter((member) => member.process?.acts === true).length;
    if (2 * up > members.length) machine.conversation.send(ETCD_READY);
    else machine.after(ETCD_LOOK_MS, () => this.#becomeReady(machine));
  }

  /** By way of any member that reaches most of them. Whoever is asked first and stands still takes the request all the same. */
  #reachEtcd(host: Host, endpoints: readonly string[], first: number): Reach {
    const { network } = this.#world;
    let members = this.#etcdMembersAt.get(endpoints);
    if (members === undefined) {
      members = this.#etcdMembers().filter(({ address }) =>
        endpoints.some((endpoint) => endpoint.includes(`//${address}:`)),
      );
      this.#etcdMembersAt.set(endpoints, members);
    }
    const asked = members[first % members.length];
    if (asked?.process?.acts && asked.process.paused && network.passes(host, asked.host)) return 'holds';
    const serves = ({ process }: SimContainer) => process?.acts === true && !process.paused;
    const hear = (a: SimContainer, b: SimContainer) =>
      a === b || (network.passes(a.host, b.host) && network.passes(b.host, a.host));
    let reach: Reach = 'silent';
    for (const member of members.filter(serves)) {
      const quorum = members.filter((other) => serves(other) && hear(member, other)).length;
      if (2 * quorum <= members.length || !network.passes(host, member.host)) continue;
      if (network.passes(member.host, host)) return 'answers';
      reach = 'hears';
    }
    return reach;
  }
}

const ledgerFileIn = (directory: string): string => join(directory, LEDGER_FILE);
