/** Everything that simulated containers share: time, chance, the kernel, the network, the shared filesystems and the ledgers. */
import type { MutantId } from '../core/mutants.ts';
import { MemoryDomain } from '../store/memory.ts';
import { bytesOf, Chance } from './chance.ts';
import { Kernel } from './machine/kernel.ts';
import { Network } from './network/network.ts';
import { LedgerTrouble } from './storage/ledger-trouble.ts';
import { Tree } from './storage/tree.ts';
import { Timeline } from './timeline.ts';

const KEY_BYTES = 32;

export class World {
  readonly timeline = new Timeline();
  readonly chance: Chance;
  readonly mutants: ReadonlySet<MutantId>;
  readonly kernel: Kernel;
  readonly network: Network;
  readonly #trees = new Map<string, Tree>();
  readonly #keys = new Map<string, Buffer>();
  readonly #estates = new Map<string, Map<string, string>>();
  readonly #ledgers = new Map<string, MemoryDomain>();
  readonly #troubles = new Map<string, LedgerTrouble>();
  /** What its processes wrote to their logs, and mistakes of our own. */
  readonly log: string[] = [];
  #lastPid = 1;

  /** @param seed 0 to 2^32 - 1 */
  constructor(seed: number, mutants: readonly MutantId[] = []) {
    this.chance = new Chance(seed);
    this.mutants = new Set(mutants);
    this.kernel = new Kernel(this.timeline, this.chance.stream('kernel'));
    this.network = new Network(this.timeline, this.chance.stream('network'));
  }

  nextPid(): number {
    this.#lastPid += 1;
    return this.#lastPid;
  }

  write(who: string, sentence: string): void {
    this.log.push(`${this.timeline.nowMs.toFixed(3)} ${who}: ${sentence}`);
  }

  /** The export of the shared filesystem at this directory. */
  tree(directory: string): Tree {
    return this.#once(this.#trees, directory, () => new Tree(() => this.timeline.nowMs));
  }

  handleKey(directory: string): Buffer {
    return this.#once(this.#keys, directory, () =>
      bytesOf(this.chance.stream(`key ${directory}`))(KEY_BYTES),
    );
  }

  /** What is handed over with addresses, in the control directory of the shared filesystem at this directory. */
  estates(directory: string): Map<string, string> {
    return this.#once(this.#estates, directory, () => new Map());
  }

  ledger(name: string): MemoryDomain {
    return this.#once(this.#ledgers, name, () => new MemoryDomain());
  }

  /** @param name a ledger's file, or what stands for the whole etcd cluster */
  trouble(name: string): LedgerTrouble {
    return this.#once(this.#troubles, name, () => new LedgerTrouble());
  }

  #once<T>(known: Map<string, T>, name: string, make: () => T): T {
    let one = known.get(name);
    if (one === undefined) {
      one = make();
      known.set(name, one);
    }
    return one;
  }
}
