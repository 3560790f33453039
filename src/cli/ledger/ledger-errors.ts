/** What the errors of a store mean to a person at the command line. */
import { RecordsUnreadableError, StoreUnavailableError } from '../../store/store.ts';
import { EXIT, type ExitStatus, Refusal } from '../exit-status.ts';
import { NoLedgerError } from '../operator/operators-desk.ts';

export interface Trouble {
  readonly status: ExitStatus;
  readonly sentence: string;
}

/** Null: it is a defect, and no trouble of a store's. */
export function troubleOf(error: unknown): Trouble | null {
  if (error instanceof Refusal) return { status: error.status, sentence: error.message };
  if (error instanceof NoLedgerError) return { status: EXIT.wrongUsage, sentence: full(error.message) };
  if (error instanceof StoreUnavailableError)
    return {
      status: EXIT.machineCannot,
      sentence: full(`the ledger's store does not answer (${error.message})`),
    };
  if (error instanceof RecordsUnreadableError)
    return {
      status: EXIT.machineCannot,
      sentence: full(`${error.message}; nothing is changed in what cannot be read`),
    };
  return null;
}

/** Runs `ask`; what the store could not do becomes a {@link Refusal}. */
export async function orRefuse<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const trouble = troubleOf(error);
    if (trouble === null) throw error;
    throw new Refusal(trouble.status, trouble.sentence, { cause: error });
  }
}

const full = (sentence: string): string => sentence.replace(/\.?$/, '.');
