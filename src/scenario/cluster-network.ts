/** What faults can do to the frames, connections and messages of a cluster on a lab. */

import type { MessageRule, RelayReport } from '../core/message-rule.ts';
import type { NetworkOfLab } from '../faults/network-access.ts';
import type { Container, Lab, Program } from '../runtime/runtime.ts';
import { NFS_PORT } from './node-configuration.ts';
import { NodeRelay, RELAY_PORT } from './node-relay.ts';

export interface ClusterNetworkOptions {
  readonly lab: Lab;
  /** The relay's program; null: there is none. */
  readonly relay: Program | null;
  /** Of a node, by name. @throws Error for a name that the cluster does not have */
  readonly containerOf: (node: string) => Container;
  /** Calls back in each later life of the node, as soon as its container is there. */
  readonly onLife: (node: string, listener: () => void) => void;
  readonly addressOf: (name: string) => string;
  /** Everybody who has a container. */
  readonly everybody: () => readonly string[];
}

export class ClusterNetwork implements NetworkOfLab {
  readonly #options: ClusterNetworkOptions;
  readonly #relays = new Map<string, NodeRelay>();

  constructor(options: ClusterNetworkOptions) {
    this.#options = options;
  }

  everybodyBut(names: readonly string[]): readonly string[] {
    return this.#options.everybody().filter((name) => !names.includes(name));
  }

  addressOf(name: string): string {
    return this.#options.addressOf(name);
  }

  async lose(a: readonly string[], b: readonly string[], share: number): Promise<() => Promise<number>> {
    const { lab } = this.#options;
    if (lab.lose === undefined) throw new Error('this lab cannot lose frames');
    return await lab.lose(a, b, share);
  }

  async reset(names: readonly string[]): Promise<() => Promise<number>> {
    const undo: (() => Promise<number>)[] = [];
    for (const name of names) {
      const { port } = this.#options.containerOf(name);
      if (port === undefined) throw new Error('this lab cannot reset connections');
      undo.push(await port.reset([NFS_PORT, RELAY_PORT]));
    }
    return async () => {
      const counts = await Promise.all(undo.map((one) => one()));
      return counts.reduce((sum, count) => sum + count, 0);
    };
  }

  async relay(
    node: string,
    rule: MessageRule,
    onAct: (report: RelayReport) => void,
  ): Promise<() => Promise<void>> {
    return await this.#relayOf(node).add(rule, onAct);
  }

  #relayOf(node: string): NodeRelay {
    const known = this.#relays.get(node);
    if (known !== undefined) return known;
    const { relay, containerOf, onLife } = this.#options;
    const container = containerOf(node);
    if (relay === null || container.port === undefined || container.beside === undefined)
      throw new Error('this lab has no relay for messages');
    const made = new NodeRelay(container, relay, NFS_PORT);
    onLife(node, () => made.newLife());
    this.#relays.set(node, made);
    return made;
  }
}
