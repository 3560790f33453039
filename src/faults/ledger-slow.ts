import { z } from 'zod';
import { hasOneEnd, LASTING, ONE_END } from './lasting.ts';
import { ledgerFault } from './ledger-fault.ts';

const MOST_DELAY_MS = 10_000;

const slowParameters = z
  .strictObject({
    ...LASTING,
    /** About how long a write takes. */
    delayMs: z.number().int().min(1).max(MOST_DELAY_MS).default(200),
  })
  .refine(hasOneEnd, ONE_END);

export const ledgerSlow = ledgerFault(
  {
    name: 'ledger-slow',
    about:
      'the ledger takes its time: its file is held by another writer most of the time, or the members of its etcd stand still',
    needs: ['ledger-access'],
    options: { delayMs: 'about how long a write takes, in milliseconds (200)' },
    parameters: slowParameters,
  },
  (names, { delayMs }, { ledger }) => ledger.slow(names, delayMs),
);
