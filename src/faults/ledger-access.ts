/** The ledgers of a lab, as far as faults get at them. */
export interface LedgerOfLab {
  /** What stands for them as targets: `ledger` for all, or the name of a lock domain. */
  readonly names: readonly string[];
  /** Every access takes about this long from now on. */
  slow(names: readonly string[], delayMs: number): Promise<Undo>;
  /** Nobody gets at it any more. */
  lose(names: readonly string[]): Promise<Undo>;
  /** It can be read, and nothing more can be written. */
  fill(names: readonly string[]): Promise<Undo>;
}

type Undo = () => Promise<void>;

/** Where the lab itself has no access to its ledgers. */
export const NO_LEDGER_ACCESS: LedgerOfLab = {
  names: [],
  slow: refuse,
  lose: refuse,
  fill: refuse,
};

async function refuse(): Promise<never> {
  throw new Error('this lab does not get at its own ledger');
}
