/** Where an operator sits: looks at one lock domain's ledger, and changes it. Directly at the store, or through the lab that has it. */
import type { NodeId } from '../../core/ids.ts';
import type { Repair } from '../../scenario/scenario.ts';
import type { AttemptOutcome } from './attempt.ts';
import type { DeathProof } from './repair-plan.ts';
import type { LedgerSight } from './sight.ts';

/** A repair as a person has agreed to it. */
export interface AgreedRepair {
  readonly repair: Repair;
  readonly node: NodeId;
  /** Of the ledger that was looked at: nothing is done to any other. */
  readonly revision: number;
  readonly proof: DeathProof | null;
}

export interface LedgerDesk extends AsyncDisposable {
  /** @throws {Refusal} when the store does not answer, or has no ledger that can be read */
  look(): Promise<LedgerSight>;
  /** One swap. @throws {Refusal} when the store does not answer */
  attempt(repair: AgreedRepair): Promise<AttemptOutcome>;
}
