/**
 * The lock manager of a filesystem whose nodes are machines with a kernel each. It goes by who hears whom: a node that it has not heard of for a
 * while is out, and its locks are free, long before anybody has seen to it that it is dead (measured on GFS2 with DLM 4.2: after 2.4 s, without quorum). So a beacon that is
 * missing proves nothing there.
 */
import type { Network } from '../network/network.ts';
import type { Timeline } from '../timeline.ts';
import type { Kernel } from './kernel.ts';
import type { SimProcess } from './process.ts';

/** A node's container, as far as it matters here. */
export interface LockingNode {
  readonly host: Parameters<Network['passes']>[0];
  /** Null between two lives. */
  readonly process: SimProcess | null;
}

const LOOK_MS = 50;
/** GFS2 takes 2.4 s; everything else is quicker here, too. */
const TOKEN_MS = 400;

export class LockManager {
  readonly #world: { readonly timeline: Timeline; readonly network: Network; readonly kernel: Kernel };
  readonly #nodes: () => readonly LockingNode[];
  /** Since when they have been on their own. */
  readonly #aloneFromMs = new Map<SimProcess, number>();

  /** Goes on for as long as time does. */
  constructor(
    world: { readonly timeline: Timeline; readonly network: Network; readonly kernel: Kernel },
    nodes: () => readonly LockingNode[],
  ) {
    this.#world = world;
    this.#nodes = nodes;
    this.#look();
  }

  #look(): void {
    const { timeline, kernel } = this.#world;
    const alive = this.#nodes().filter(({ process }) => process?.acts === true);
    const alone = alive.filter((node) => this.#isAlone(node, alive));
    for (const process of this.#aloneFromMs.keys())
      if (!alone.some((node) => node.process === process)) this.#aloneFromMs.delete(process);
    for (const { process } of alone) {
      const fromMs = this.#aloneFromMs.get(process!) ?? timeline.nowMs;
      this.#aloneFromMs.set(process!, fromMs);
      if (timeline.nowMs - fromMs >= TOKEN_MS) kernel.dropLocksOf(process!);
    }
    timeline.after(LOOK_MS, () => this.#look());
  }

  /** It stands still, or hears fewer than half of the others. */
  #isAlone(node: LockingNode, alive: readonly LockingNode[]): boolean {
    if (node.process!.paused) return true;
    const { network } = this.#world;
    const others = alive.filter((other) => other !== node);
    const heard = others.filter(
      (other) =>
        !other.process!.paused &&
        network.passes(node.host, other.host) &&
        network.passes(other.host, node.host),
    );
    return 2 * heard.length < others.length;
  }
}
