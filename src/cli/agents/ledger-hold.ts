import { DatabaseSync } from 'node:sqlite';
import type { LedgerHold } from '../../scenario/cluster-ledger.ts';

/** The lab stands still for so long at most; whoever writes just then needs less. */
const BUSY_MS = 50;

/** The lab as one more writer of a ledger's file: while it holds the file everybody else who wants to write waits, for as long as they have patience. */
export function openLedgerHold(file: string): LedgerHold {
  const database = new DatabaseSync(file, { timeout: BUSY_MS });
  return {
    hold() {
      try {
        database.exec('BEGIN IMMEDIATE');
      } catch {
        // Somebody else was quicker, and holds everybody up in our place.
      }
    },
    release() {
      if (database.isTransaction) database.exec('ROLLBACK');
    },
    close: () => database.close(),
  };
}
