/**
 * Frames that are lost at random: rules of the lab's own on its bridge, as partitions.ts has them. Each loss has a table of its
 * own, so that it counts for itself and goes without touching the others.
 */
import { nftSet, packetsIn, runNft } from './nft.ts';
import { type Environment, mustRun } from './tools.ts';

/** Of how many frames a share is counted. */
const OF = 1000;

/** The text for `nft -f` after which that share of the frames between the two groups is lost, both ways. */
export function lossRules(table: string, a: readonly string[], b: readonly string[], share: number): string {
  // `< 1000` would be refused: numbers go to 999.
  const last = Math.max(1, Math.round(share * OF)) - 1;
  const lost = `numgen random mod ${OF} <= ${last} counter name lost drop`;
  return [
    `table bridge ${table} {`,
    '  counter lost {}',
    '  chain forward {',
    '    type filter hook forward priority 1; policy accept;',
    `    iifname ${nftSet(a)} oifname ${nftSet(b)} ${lost}`,
    `    iifname ${nftSet(b)} oifname ${nftSet(a)} ${lost}`,
    '  }',
    '}',
    '',
  ].join('\n');
}

export class PacketLosses {
  readonly #env: Environment;
  #made = 0;

  constructor(env: Environment) {
    this.#env = env;
  }

  /** @returns ends it, and says how many frames were lost. @throws one sentence when this machine has no such rules */
  async begin(a: readonly string[], b: readonly string[], share: number): Promise<() => Promise<number>> {
    const env = this.#env;
    this.#made += 1;
    const table = `gracelab-loss-${this.#made}`;
    try {
      await runNft(lossRules(table, a, b, share), env);
    } catch (error) {
      throw new Error(`frames cannot be lost: ${(error as Error).message}`);
    }
    return async () => {
      const lost = packetsIn(
        await mustRun(['nft', '-j', 'list', 'counters', 'table', 'bridge', table], { env }),
      );
      await mustRun(['nft', 'delete', 'table', 'bridge', table], { env });
      return lost;
    };
  }
}
