import { claimsServedBy } from '../../core/ledger.ts';
import type { Command } from '../../core/transitions.ts';
import type { StoredLedger } from '../../store/store.ts';
import type { GraceRecovery } from '../grace-recovery.ts';
import type { OwnRecords } from '../own-records.ts';

/**
 * Before claims close: no reclaim is granted from them any more, and whoever had not completed is on record as having lost its chance
 * (row 19). Were that written afterwards, a crash in between would leave clients of whom nothing is known but that they are gone.
 *
 * @param stored the ledger that `command` is for
 * @returns false: this life is fenced, or that ledger is not the newest any more. Rejects with the errors of the store; then the command must not be sent (I7).
 */
export async function rememberLate(
  command: Command,
  { ledger, revision }: StoredLedger,
  { recovery, records }: { readonly recovery: GraceRecovery; readonly records: OwnRecords },
): Promise<boolean> {
  if (command.type === 'finish') {
    const { claimant } = command;
    recovery.finishing(claimant);
    return (await records.reclaimIncomplete(claimant, recovery.late(claimant), null)) === 'written';
  }
  if (command.type === 'abandon') {
    // Its own clients, and those that it had inherited.
    for (const claimant of claimsServedBy(ledger, command.dead)) {
      const late = await recovery.lateOfAbandoned(claimant, ledger);
      if ((await records.reclaimIncomplete(claimant, late, revision)) !== 'written') return false;
    }
  }
  return true;
}
