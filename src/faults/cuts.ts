/** The partitions that are in force, and who made them: whatever cuts a container off is healed by its name. */
import type { Partition, PartitionOptions } from '../runtime/runtime.ts';

export interface Cut {
  readonly targets: readonly string[];
  readonly from: readonly string[];
  readonly direction: PartitionOptions['direction'];
}

type MakePartition = (
  a: readonly string[],
  b: readonly string[],
  options: PartitionOptions,
) => Promise<Partition>;

export class Cuts {
  readonly #make: MakePartition;
  readonly #partitions = new Map<Cut, Partition>();

  constructor(make: MakePartition) {
    this.#make = make;
  }

  /** Those in force, in the order in which they were made. */
  get all(): readonly Cut[] {
    return [...this.#partitions.keys()];
  }

  /** @throws Error one sentence, for names that the lab does not have, or that stand on both sides */
  async cut(cut: Cut): Promise<void> {
    this.#partitions.set(cut, await this.#make(cut.targets, cut.from, { direction: cut.direction }));
  }

  /** Heals this one; a second time does nothing. */
  async heal(cut: Cut): Promise<void> {
    const partition = this.#partitions.get(cut);
    this.#partitions.delete(cut);
    await partition?.heal();
  }

  /** Heals all that cut one of these off, and says which those were. */
  async healAllOf(names: readonly string[]): Promise<readonly Cut[]> {
    const healed = this.all.filter(({ targets }) => targets.some((target) => names.includes(target)));
    for (const cut of healed) await this.heal(cut);
    return healed;
  }
}
