/** What is in force on a lab besides partitions, until somebody ends it: lost frames, relays, a ledger out of reach. */
export interface Disturbance {
  readonly fault: string;
  readonly targets: readonly string[];
}

/** Says in half a sentence what it has done while it was in force; null: nothing. */
type Undo = () => Promise<string | null>;

export interface Healed extends Disturbance {
  readonly detail: string | null;
}

export class Disturbances {
  readonly #undo = new Map<Disturbance, Undo>();

  /** Those in force, in the order in which they began. */
  get all(): readonly Disturbance[] {
    return [...this.#undo.keys()];
  }

  add(disturbance: Disturbance, undo: Undo): void {
    this.#undo.set(disturbance, undo);
  }

  /** Ends this one; null when it had been ended before. */
  async heal(disturbance: Disturbance): Promise<Healed | null> {
    const undo = this.#undo.get(disturbance);
    if (undo === undefined) return null;
    this.#undo.delete(disturbance);
    return { ...disturbance, detail: await undo() };
  }

  /** Ends all that one of these is a target of. */
  async healAllOf(names: readonly string[]): Promise<readonly Healed[]> {
    const hit = this.all.filter(({ targets }) => targets.some((target) => names.includes(target)));
    const healed: Healed[] = [];
    for (const disturbance of hit) {
      const one = await this.heal(disturbance);
      if (one !== null) healed.push(one);
    }
    return healed;
  }
}
