import { stableOf } from './fault.ts';
import { outage } from './outage.ts';

/** What a node may not lose is in the ledger, which is none of its own. */
export const stableLost = outage(
  'stable-lost',
  "a power cut, and the node's own storage is empty when it boots",
  (node) => node.powerCut(),
  { targets: ['node'], needs: ['stable-storage'] },
  (node) => stableOf(node).clear(),
);
