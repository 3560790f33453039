/** What was written between two counts: by the store's own word, and by those of its users. */
import { NO_USE, type StoreUse } from '../../store/counted.ts';
import { absent, type Figure, figure } from '../figure.ts';
import type { Count } from './observed.ts';

export interface Swaps {
  /** Swaps of the ledger that succeeded, and those before which somebody else had written. */
  readonly swaps: Figure;
  readonly lostSwaps: Figure;
}

export interface Spent extends Swaps {
  /** Calls that wrote or removed records, and the records that they were to write. */
  readonly recordWrites: Figure;
  readonly records: Figure;
  /** Transactions that changed the store, by its own word. */
  readonly transactions: Figure;
}

const UNCOUNTED = absent('it was not counted');

/** All swaps since the store was made. */
export function swapsUpTo(count: Count | undefined): Swaps {
  const use = count === undefined ? null : usedBetween({}, count.uses);
  return swapsOf(use);
}

export function spentBetween(before: Count | undefined, after: Count | undefined): Spent {
  if (before === undefined || after === undefined) {
    return { ...swapsOf(null), recordWrites: UNCOUNTED, records: UNCOUNTED, transactions: UNCOUNTED };
  }
  const use = usedBetween(before.uses, after.uses);
  const transactions = after.transactions - before.transactions;
  return {
    ...swapsOf(use),
    recordWrites: figure(use.recordWrites),
    records: figure(use.records),
    transactions: transactions < 0 ? absent('the store began to count anew') : figure(transactions),
  };
}

function swapsOf(use: StoreUse | null): Swaps {
  if (use === null) return { swaps: UNCOUNTED, lostSwaps: UNCOUNTED };
  const unsure = use.unknown + use.failed > 0;
  return {
    swaps: unsure ? absent('a swap had no answer') : figure(use.swapped),
    lostSwaps: figure(use.lost),
  };
}

/** A node that has begun a new life has begun to count anew; one that is gone has written nothing after the first count. */
function usedBetween(before: Count['uses'], after: Count['uses']): StoreUse {
  let sum = NO_USE;
  for (const [node, use] of Object.entries(after)) {
    const former = before[node]?.incarnation === use.incarnation ? before[node]! : NO_USE;
    sum = combined(sum, combined(use, former, -1));
  }
  return sum;
}

const combined = (a: StoreUse, b: StoreUse, sign: 1 | -1 = 1): StoreUse => ({
  swapped: a.swapped + sign * b.swapped,
  lost: a.lost + sign * b.lost,
  unknown: a.unknown + sign * b.unknown,
  failed: a.failed + sign * b.failed,
  recordWrites: a.recordWrites + sign * b.recordWrites,
  records: a.records + sign * b.records,
});
