/**
 * Partitions: the lab's own rules on its bridge, by which frames from one port to another are dropped. They
 * name ports, not addresses, so they hold for ARP, broadcasts and service addresses that have moved, and they stand
 * while containers reboot: a port has the same name in all lives, also when the pair had to be made anew.
 *
 * The mechanism is the `forward` hook of nftables' bridge family, which every frame passes once for each port
 * that it is about to leave by. Frames that have passed it already count as on the wire. A kernel may lack that
 * family, or nft; `abilities.ts` finds out, and the first partition is refused with a sentence.
 */
import type { Partition } from '../runtime.ts';
import { type Environment, mustRun } from './tools.ts';

/** One way that frames do not take, by the names of the lab's ends. */
export interface Cut {
  readonly from: string;
  readonly to: string;
}

const TABLE = 'bridge gracelab';

/**
 * The text for `nft -f` after which exactly these ways are closed. nft applies it as one transaction: no frame
 * slips through while one set of rules takes over from another. Without any cut there is no hook to pass.
 */
export function cutRules(cuts: readonly Cut[]): string {
  // A table can be deleted only if it is there: adding it first makes that so.
  const anew = [`add table ${TABLE}`, `delete table ${TABLE}`];
  const ways = [...new Set(cuts.map(({ from, to }) => `"${from}" . "${to}"`))].sort();
  if (ways.length === 0) return `${anew.join('\n')}\n`;
  return `${[
    ...anew,
    `table ${TABLE} {`,
    `  set cut { type ifname . ifname; elements = { ${ways.join(', ')} } }`,
    '  chain forward {',
    '    type filter hook forward priority 0; policy accept;',
    '    iifname . oifname @cut drop',
    '  }',
    '}',
  ].join('\n')}\n`;
}

/** Every way from one of `a` to one of `b`. */
export function cutsBetween(
  a: readonly string[],
  b: readonly string[],
  direction: 'both' | 'one-way',
): Cut[] {
  const there = a.flatMap((from) => b.map((to) => ({ from, to })));
  return direction === 'one-way'
    ? there
    : [...there, ...there.map(({ from, to }) => ({ from: to, to: from }))];
}

/** The partitions of a lab that are not healed, and the rules that they come to together. */
export class Partitions {
  readonly #env: Environment;
  readonly #open = new Map<Partition, readonly Cut[]>();
  /** Rules are put in place one after another, so that the last ones asked for are the ones that stay. */
  #last: Promise<void> = Promise.resolve();

  constructor(env: Environment) {
    this.#env = env;
  }

  /** @throws one sentence when this machine has no such rules; nothing is cut then. */
  async cut(cuts: readonly Cut[]): Promise<Partition> {
    const partition: Partition = { heal: () => this.#heal(partition) };
    this.#open.set(partition, cuts);
    try {
      await this.#apply();
    } catch (error) {
      this.#open.delete(partition);
      throw new Error(`the network cannot be partitioned: ${(error as Error).message}`);
    }
    return partition;
  }

  /** Puts the rules in place also when they should be: the last time may have failed. */
  async #heal(partition: Partition): Promise<void> {
    this.#open.delete(partition);
    await this.#apply();
  }

  /** Puts in place what is open at the moment when its turn comes. */
  #apply(): Promise<void> {
    const applied = this.#last.then(async () => {
      await mustRun(['nft', '-f', '-'], { env: this.#env, input: cutRules([...this.#open.values()].flat()) });
    });
    this.#last = applied.catch(() => undefined);
    return applied;
  }
}
