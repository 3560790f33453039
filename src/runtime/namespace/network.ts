/**
 * The lab's network, in the sandbox's network namespace: one bridge, and one veth pair for each container.
 * The lab's end is a port of the bridge and carries the container's name; it stays for as long as the lab
 * does, so whatever is attached to it (a filter, a shaper) outlives a reboot. The container's end is parked
 * beside it while the container is off, and is moved into the new network namespace of each life.
 *
 * A life gets a fresh namespace because sockets belong to one: a connection that the kernel still works
 * off after a crash (FIN_WAIT, retransmission) can never send through the next life's interface.
 */
import { writeFileSync } from 'node:fs';
import type { ContainerRole } from '../runtime.ts';
import { type Environment, mustRun, run } from './tools.ts';

const BRIDGE = 'lab-bridge';
/** Interface name inside every container. */
export const CONTAINER_INTERFACE = 'eth0';
/** 10.77.0.0/16: nodes from 10.77.0.11, clients from 10.77.1.1, stores from 10.77.3.11. */
const PREFIX_BITS = 16;
/** The lab process's own, by which it reaches the stores' containers. */
const LAB_ADDRESS = '10.77.255.254';
const FIRST: Readonly<Record<ContainerRole, readonly [third: number, fourth: number]>> = {
  node: [0, 11],
  client: [1, 1],
  store: [3, 11],
};
/** The nodes' service addresses, from 10.77.2.11. */
const SERVICE_THIRD = 2;
const LAST_FOURTH = 254;

/** How many containers of a role a lab can have. */
export function capacity(role: ContainerRole): number {
  return LAST_FOURTH - FIRST[role][1] + 1;
}

/** IPv4 address of the container that was declared as number `index` (from 0) of its role. */
export function addressOf(role: ContainerRole, index: number): string {
  const [third, fourth] = FIRST[role];
  return `10.77.${third}.${fourth + index}`;
}

/** The address that a node's clients use, in the same order as its own; null for roles that serve nobody. */
export function serviceAddressOf(role: ContainerRole, index: number): string | null {
  return role === 'node' ? `10.77.${SERVICE_THIRD}.${FIRST.node[1] + index}` : null;
}

/** One container's connection to the network. */
export interface Port {
  /** The lab's end: the container's name. */
  readonly name: string;
  /** The container's end while it is parked. */
  readonly parked: string;
  readonly address: string;
  /** Of the container's end; the same in every life, so that the neighbours' ARP entries stay true. */
  readonly mac: string;
}

/** @param serial number of the port, unique in the lab */
export function portOf(name: string, address: string, serial: number): Port {
  const mac = [
    '02',
    '00',
    ...address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0')),
  ].join(':');
  return { name, parked: `lab-port-${serial}`, address, mac };
}

/** Commands of `ip -batch` by which a container brings its own end up, run inside its network namespace. */
export function bringUpCommands(port: Port): string[] {
  return [
    'link set lo up',
    `link set dev ${port.parked} name ${CONTAINER_INTERFACE}`,
    `address add ${port.address}/${PREFIX_BITS} dev ${CONTAINER_INTERFACE}`,
    `link set dev ${CONTAINER_INTERFACE} up`,
  ];
}

export class Network {
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  /** Builds the bridge. Without spanning tree or forward delay a port carries frames as soon as it is up. */
  async open(): Promise<void> {
    forgoIpv6();
    await this.#ip([
      'link set lo up',
      `link add name ${BRIDGE} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
      `address add ${LAB_ADDRESS}/${PREFIX_BITS} dev ${BRIDGE}`,
      `link set dev ${BRIDGE} up`,
    ]);
  }

  /** Makes the pair, both ends down. */
  async add(port: Port): Promise<void> {
    await this.#ip([
      `link add name ${port.name} type veth peer name ${port.parked} address ${port.mac}`,
      `link set dev ${port.name} master ${BRIDGE}`,
    ]);
  }

  /** Moves the container's end into the network namespace of process `pid` and opens the lab's end. */
  async plug(port: Port, pid: number): Promise<void> {
    await this.#ip([`link set dev ${port.parked} netns ${pid}`, `link set dev ${port.name} up`]);
  }

  /**
   * From the return on no frame leaves or reaches the container: a veth whose peer is down drops what it is
   * given. Frames that were on the bridge before count as on the wire.
   */
  async silence(port: Port): Promise<void> {
    const outcome = await run(['ip', 'link', 'set', 'dev', port.name, 'down'], { env: this.#env });
    if (outcome.code === 0) return;
    // A program inside may have removed the interface, and the lab's end with it: that is silent already.
    const left = await run(['ip', 'link', 'show', 'dev', port.name], { env: this.#env });
    if (left.code === 0) throw new Error(`${port.name} cannot be cut off: ${outcome.stderr.trim()}`);
  }

  /**
   * Brings the container's end back.
   * @param netns a path of the network namespace of the life that has ended
   */
  async park(port: Port, netns: string): Promise<void> {
    const back = [
      `link set dev ${CONTAINER_INTERFACE} down`,
      `link set dev ${CONTAINER_INTERFACE} name ${port.parked}`,
      // Process 1 of the sandbox is the lab, whose namespace this is.
      `link set dev ${port.parked} netns 1`,
    ];
    await run(['ip', 'link', 'set', 'dev', port.name, 'down'], { env: this.#env });
    const outcome = await run(['nsenter', `--net=${netns}`, 'ip', '-batch', '-'], {
      env: this.#env,
      input: batch(back),
    });
    if (outcome.code === 0) return;
    // A program inside has removed (the other end goes with it) or renamed the interface. A new pair has the same names and addresses.
    await run(['ip', 'link', 'delete', 'dev', port.name], { env: this.#env });
    await this.add(port);
  }

  async #ip(commands: readonly string[]): Promise<void> {
    await mustRun(['ip', '-batch', '-'], { env: this.#env, input: batch(commands) });
  }
}

/**
 * Interfaces made from now on in this network namespace have no IPv6: its neighbour discovery would only add
 * frames that no test asked for. A kernel without IPv6 has nothing to forgo.
 */
function forgoIpv6(): void {
  try {
    writeFileSync('/proc/sys/net/ipv6/conf/default/disable_ipv6', '1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function batch(commands: readonly string[]): string {
  return `${commands.join('\n')}\n`;
}
