/** Counters of nftables, which is where rules say how often they acted. */
import { type Environment, mustRun } from './tools.ts';

interface Listing {
  readonly nftables: readonly { readonly counter?: { readonly packets: number } }[];
}

/** @returns packets of all counters in `nft -j list counters`' answer */
export function packetsIn(listing: string): number {
  const { nftables } = JSON.parse(listing) as Listing;
  return nftables.reduce((sum, { counter }) => sum + (counter?.packets ?? 0), 0);
}

export async function runNft(rules: string, env: Environment): Promise<void> {
  await mustRun(['nft', '-f', '-'], { env, input: rules });
}

/** A list of names as nft reads one. */
export const nftSet = (names: readonly string[]): string =>
  `{ ${names.map((name) => `"${name}"`).join(', ')} }`;
