/**
 * One attempt at a repair that a person has agreed to: against the very ledger that the person was shown, and against no other. What
 * has changed meanwhile may change what the repair does and to whom, so it is shown and asked anew.
 */
import { isDeepStrictEqual } from 'node:util';
import { claimsServedBy, type Ledger, memberOf } from '../../core/ledger.ts';
import { lookAtBeacon, readLedger } from '../operator/operators-desk.ts';
import type { AgreedRepair } from './desk.ts';
import type { DomainDesk } from './looking.ts';
import type { RepairRefusal } from './refusal-words.ts';
import { judge, proofOfDeath, type RepairPlan } from './repair-plan.ts';

export type AttemptOutcome =
  /** `answered`: the store said so. Otherwise it did not answer, and shows it now. */
  | {
      readonly outcome: 'done';
      readonly answered: boolean;
      readonly ledger: Ledger;
      readonly revision: number;
    }
  /** The ledger, or what can be seen of a life, is not what was agreed on any more. Nothing was written. */
  | { readonly outcome: 'changed' }
  /** The rules refuse. Nothing was written. */
  | { readonly outcome: 'refused'; readonly refusal: RepairRefusal }
  /** Nobody knows whether that life is over. Nothing was written. */
  | { readonly outcome: 'not-fenced'; readonly reason: string }
  /** The store did not answer, and shows now that nothing was written, nor will be. */
  | { readonly outcome: 'not-done' }
  /** The store did not answer, and somebody else has written since: what was wanted `holds` now, or it does not. Whose doing it is nobody can say. */
  | { readonly outcome: 'overtaken'; readonly holds: boolean };

/**
 * @throws StoreUnavailableError before anything was written, or when the store does not even say afterwards what came of it ({@link UncertainRepairError})
 */
export async function attemptRepair(desk: DomainDesk, agreed: AgreedRepair): Promise<AttemptOutcome> {
  const { repair, node, revision, proof } = agreed;
  const stored = await readLedger(desk);
  if (stored.revision !== revision) return { outcome: 'changed' };
  const result = judge(stored.ledger, repair, node);
  if (!result.ok) return { outcome: 'refused', refusal: result.refusal };
  if (repair === 'declare-dead') {
    const over = await makeSureOfDeath(desk, stored.ledger, agreed);
    if (over !== null) return over;
  } else if (proof !== null) return { outcome: 'changed' };
  return swapIn(desk, { ...agreed, before: stored.ledger, next: result.ledger });
}

/** @returns null when that life is over, for certain */
async function makeSureOfDeath(
  desk: DomainDesk,
  ledger: Ledger,
  { node, proof }: AgreedRepair,
): Promise<AttemptOutcome | null> {
  const found = proofOfDeath(ledger, lookAtBeacon(desk, ledger, node), desk.fencerKind);
  if (found === 'still-alive' || found === 'not-proven') return { outcome: 'refused', refusal: found };
  // The beacon may have gone out since, which is as good. Nobody's life is ended without that having been agreed on.
  if (found === 'beacon') return null;
  if (proof !== 'fencer' || desk.fencer === null) return { outcome: 'changed' };
  const { incarnation } = ledger.members[node]!;
  const fenced = await desk.fencer.fence({ node, incarnation });
  return fenced.outcome === 'gone' ? null : { outcome: 'not-fenced', reason: fenced.reason };
}

interface Swap extends AgreedRepair {
  readonly before: Ledger;
  readonly next: Ledger;
}

/** The store did not say what came of the swap, and does not answer now either. */
export class UncertainRepairError extends Error {
  override readonly name = 'UncertainRepairError';
}

async function swapIn(desk: DomainDesk, swap: Swap): Promise<AttemptOutcome> {
  const { before, next, revision } = swap;
  const swapped = await desk.store.swap(revision, next);
  if (swapped.outcome === 'swapped')
    return { outcome: 'done', answered: true, ledger: next, revision: swapped.revision };
  if (swapped.outcome === 'lost') return { outcome: 'changed' };
  let now: Awaited<ReturnType<typeof readLedger>>;
  try {
    now = await readLedger(desk);
  } catch (error) {
    throw new UncertainRepairError((error as Error).message);
  }
  if (isDeepStrictEqual(now.ledger, next)) return { outcome: 'done', answered: false, ...now };
  if (isDeepStrictEqual(now.ledger, before)) return { outcome: 'not-done' };
  return { outcome: 'overtaken', holds: isFulfilled(now.ledger, before, swap) };
}

/** Is in `now` what a repair of `before` was to bring about, whoever did it? */
export function isFulfilled(
  now: Ledger,
  before: Ledger,
  { repair, node }: Pick<RepairPlan, 'repair' | 'node'>,
): boolean {
  const [was, is] = [memberOf(before, node), memberOf(now, node)];
  switch (repair) {
    case 'admit':
      return is !== undefined;
    case 'retire':
      return is === undefined;
    case 'declare-dead':
      return is === undefined || is.state === 'down' || is.incarnation !== was?.incarnation;
    case 'abandon':
      return now.recoveryEpoch !== before.recoveryEpoch || claimsServedBy(now, node).length === 0;
  }
}
