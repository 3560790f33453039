import type { BreakableNode } from './fault.ts';
import { outage } from './outage.ts';

async function loseDisk(node: BreakableNode): Promise<void> {
  if (node.stable === undefined) throw new Error(`${node.name} has no storage of its own that could be lost`);
  await node.powerCut();
  await node.stable.clear();
}

/** What a node may not lose is in the ledger, which is none of its own. */
export const stableLost = {
  ...outage('stable-lost', "a power cut, and the node's own storage is empty when it boots", loseDisk, {
    targets: ['node'],
  }),
  needs: ['stable-storage'] as const,
};
