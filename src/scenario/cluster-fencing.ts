/** Makes sure that lives of the cluster's nodes are over: a node that is cut off still reaches the lab, which holds all containers. */
import type { Clock } from '../core/clock.ts';
import type { Fencer } from '../core/fencer.ts';
import { asIncarnation, asNodeId } from '../core/ids.ts';
import { containerFencer } from '../runtime/container-fencer.ts';
import type { AgentRequest, RequestAnswer } from './agent.ts';
import type { ClusterNode } from './cluster-node.ts';

export interface ClusterFencingOptions {
  readonly clock: Clock;
  /** Undefined for a name that the cluster does not have. */
  readonly node: (name: string) => ClusterNode | undefined;
}

export class ClusterFencing {
  readonly #options: ClusterFencingOptions;
  readonly #fencers = new Map<string, Fencer>();

  constructor(options: ClusterFencingOptions) {
    this.#options = options;
  }

  /** @param label of the lock domain, as events have it; '' where there is only one */
  fencerOf(label: string): Fencer {
    const known = this.#fencers.get(label);
    if (known !== undefined) return known;
    const fencer = containerFencer((name) => this.#lifeOf(name, label), this.#options);
    this.#fencers.set(label, fencer);
    return fencer;
  }

  /** What nodes cannot do by themselves. Never rejects. */
  readonly answer = async ({ ask, node, incarnation, domain }: AgentRequest): Promise<RequestAnswer> => {
    if (ask !== 'fence' || typeof node !== 'string' || typeof incarnation !== 'number')
      return { ok: false, error: `the lab does not know the request "${ask}"` };
    const fencer = this.fencerOf(typeof domain === 'string' ? domain : '');
    const life = { node: asNodeId(node), incarnation: asIncarnation(incarnation) };
    const outcome = await fencer.fence(life);
    return outcome.outcome === 'gone' ? { ok: true } : { ok: false, error: outcome.reason };
  };

  #lifeOf(name: string, label: string) {
    const node = this.#options.node(name);
    if (node === undefined) return undefined;
    const container = {
      get running() {
        return node.running;
      },
      kill: () => node.killFenced(),
    };
    return { container, incarnation: node.incarnationIn(label), life: node.life };
  }
}
